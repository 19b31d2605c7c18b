"""Convolution with a point spread function, of which only a part was observed.

What lies beyond a frame's edge is not known, while a transform takes the image to go on at the
other side. So the blur is circular on a canvas, and `mask` says which pixels of y it really made;
the canvas around them is estimated with the rest (masked deconvolution: Almeida and Figueiredo
2013, IEEE TIP 22(8), arXiv 1210.2687).
"""

import torch

from ud2m.physics.canvas import crossfade
from ud2m.physics.operators.base import Operator
from ud2m.physics.operators.fft import conjugate, multiply, otf, power, transform

NARROWEST = 16  # margin in pixels: even a small kernel's inverse rings this far
ROUNDS = 2  # of the correction for what was not observed
LOWEST = 0.2  # eigenvalue from which on a round is to help (docs/decisions/007)


class Blur(Operator):
    """y = M (h * x): `otf` [2,H,W] is the transform of h (see `fft.otf`), `mask` [B,1,H,W] is M.

    The mask is 1 where observed. What y says elsewhere is a first guess, and best smooth across the
    wrap (`canvas.crossfade`). rounds: how often the proximal step corrects it; exact at once where
    all was observed, else in the limit. parameters: `psf` [n,n], the kernel h.
    """

    kind = family = "blur"
    inputs = ("otf", "mask")

    def __init__(self, rounds: int = ROUNDS):
        super().__init__()
        self.rounds = rounds

    def margin(self, parameters):
        radius = max(parameters["psf"].shape) // 2
        return max(NARROWEST, 2 * radius + 8)

    def tensors(self, observed, canvas, parameters):
        height, width = canvas.height, canvas.width
        band = min(self.margin(parameters), min(height, width) // 8)
        transfer = otf(parameters["psf"], height, width)
        return {"y": crossfade(observed, band), "otf": transfer, "mask": canvas.frame_mask()}

    @staticmethod
    def _half(otf: torch.Tensor) -> torch.Tensor:
        return otf[..., : otf.shape[-1] // 2 + 1]

    def _circular(self, x: torch.Tensor, otf: torch.Tensor) -> torch.Tensor:
        f = transform(x.shape[-2], x.shape[-1], x.device)
        return f.inverse(multiply(f.forward(x), self._half(otf)))

    def A(self, x, otf, mask):
        return mask * self._circular(x, otf)

    def A_adjoint(self, y, otf, mask):
        return self._circular(mask * y, conjugate(otf))

    def residual(self, x, y, otf, mask):
        return mask * (y - self._circular(x, otf))

    def observed(self, x, otf, mask):
        return mask

    def prepare(self, y, otf, mask):
        f = transform(y.shape[-2], y.shape[-1], y.device)
        h = self._half(otf)
        return f, h, power(h), multiply(conjugate(h), f.forward(y)), y, mask

    def solve(self, z, gamma, f, h, gain, guess, y, mask):
        """The minimiser as if all of y were observed, then rounds towards that for what was.

        They are Chebyshev's iteration (Saad 2003, Algorithm 12.1), with the former as
        preconditioner.
        """
        g = gamma[:, :, None]
        plain = 1 / (1 + g * gain)
        a = f.forward(z)
        u = (a + g * guess) * plain
        middle, reach = (1 + LOWEST) / 2, (1 - LOWEST) / 2
        ratio, move = reach / middle, None
        for _ in range(self.rounds):
            residual = mask * (y - f.inverse(multiply(h, u)))
            missing = (a - u + g * multiply(conjugate(h), f.forward(residual))) * plain
            if move is None:
                move = missing / middle
            else:
                after = 1 / (2 * middle / reach - ratio)
                move, ratio = after * ratio * move + 2 * after / reach * missing, after
            u = u + move
        return f.inverse(u)

    def quick(self):
        return Blur(rounds=0)

    def strengths(self, otf, mask):
        # The sum of h²: how much of a noise the blur would leave.
        gain = otf.square().sum(-3).mean((-2, -1)).reshape(-1, 1)
        return torch.cat([gain.log10(), torch.zeros(gain.shape[0], 2, device=gain.device)], 1)
