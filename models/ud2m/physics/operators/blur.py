"""Convolution with a point spread function, of which only a part was observed.

What lies beyond a frame's edge is not known, while a transform takes the image to go on at the
other side. So the blur is circular on a canvas, and `mask` says which pixels of y it really made;
the canvas around them is estimated with the rest (masked deconvolution: Almeida and Figueiredo
2013, IEEE TIP 22(8), arXiv 1210.2687).
"""

import torch

from ud2m.physics.canvas import crossfade
from ud2m.physics.operators.base import Operator
from ud2m.physics.operators.fft import SIDES, otf, transform

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
    graph_multiple = SIDES

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

    def _circular(self, x: torch.Tensor, otf: torch.Tensor) -> torch.Tensor:
        f = transform(x.shape[-2], x.shape[-1], x.device)
        return f.inverse(f.factor(otf).times(f.forward(x)))

    def A(self, x, otf, mask):
        return mask * self._circular(x, otf)

    def A_adjoint(self, y, otf, mask):
        f = transform(y.shape[-2], y.shape[-1], y.device)
        return f.inverse(f.factor(otf).conjugate_times(f.forward(mask * y)))

    def residual(self, x, y, otf, mask):
        return mask * (y - self._circular(x, otf))

    def observed(self, x, otf, mask):
        return mask

    def mirrored(self, mirror, otf, mask):
        return mirror.spectrum(otf), mirror(mask)

    def prepare(self, y, otf, mask):
        f = transform(y.shape[-2], y.shape[-1], y.device)
        h = f.factor(otf)
        return f, h, h.conjugate_times(f.forward(y)), y, 1 - mask

    def solve(self, z, gamma, f, h, guess, y, unseen):
        """The minimiser as if all of y were observed, then rounds towards that for what was.

        They are Chebyshev's iteration (Saad 2003, Algorithm 12.1), with the former as
        preconditioner. What a round moves is gamma conj(h) / (1 + gamma |h|²) times a spectrum,
        and these are what is summed: h times the estimate follows from their sum by a real factor.
        """
        spectrum = f.forward(z)
        if gamma.shape[0] > 1:  # one level serves all as it is
            gamma = gamma.reshape(-1, *(1,) * (spectrum.dim() - 1))
        plain = 1 / (1 + gamma * h.power)
        u = (spectrum + gamma * guess) * plain
        if not self.rounds:
            return f.inverse(u)
        first, share = h.times(u), gamma * plain
        blurred, reach = first, share * h.power
        middle, radius = (1 + LOWEST) / 2, (1 - LOWEST) / 2
        ratio, move, moved = radius / middle, None, None
        for k in range(self.rounds):
            beyond = f.forward(unseen * (f.inverse(blurred) - y))
            if move is None or moved is None:
                moved = move = beyond / middle
            else:
                after = 1 / (2 * middle / radius - ratio)
                move = after * ratio * move + 2 * after / radius * (beyond - moved)
                moved, ratio = moved + move, after
            if k + 1 < self.rounds:
                blurred = first + reach * moved
        return f.inverse(u + h.conjugate_times(share * moved))

    def quick(self):
        return Blur(rounds=0)

    def strengths(self, otf, mask):
        # The sum of h²: how much of a noise the blur would leave.
        gain = otf.square().sum(-3).mean((-2, -1)).reshape(-1, 1)
        return torch.cat([gain.log10(), torch.zeros(gain.shape[0], 2, device=gain.device)], 1)
