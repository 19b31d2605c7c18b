"""Anti-aliased downscaling: y[i] = sum_d kernel[d - d0] x[s i + d], d0 = (s - n) / 2.

A Aᵀ is a circular convolution on the small grid, so that the Woodbury form of the proximal step,
u = z + Aᵀ (A Aᵀ + 1/gamma)⁻¹ (y - A z), needs transforms of the small size only. It is the same
minimiser as the formula over alias blocks of Zhao et al. 2016.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ud2m.physics.canvas import Border, crossfade
from ud2m.physics.operators.base import Operator
from ud2m.physics.operators.fft import transform


class Downscale(Operator):
    """Convolution with `kernel` [n,n], n and scale of one parity, and every scale-th pixel of it.

    `gram` [H/s,W/s]: eigenvalues of A Aᵀ, see the function. No parameters.
    """

    kind = "downscale"
    inputs = ("kernel", "gram")
    border = Border.SYMMETRIC

    def __init__(self, scale: int):
        super().__init__()
        self.scale = self.multiple = scale
        self.family = f"downscale{scale}"

    def margin(self, parameters):
        return 8 * self.scale

    def initial(self, observed, canvas, parameters):
        return upscaled(observed, self.scale)

    def tensors(self, observed, canvas, parameters):
        kernel, s = bicubic(self.scale), self.scale
        eigenvalues = gram(kernel, s, canvas.height // s, canvas.width // s)
        return {"y": crossfade(observed, 2), "kernel": kernel, "gram": eigenvalues}

    def _reach(self, kernel: torch.Tensor) -> int:
        return (kernel.shape[-1] - self.scale) // 2

    def A(self, x, kernel, gram=None):
        r, (b, c, h, w) = self._reach(kernel), x.shape
        x = torch.cat([x[..., h - r :, :], x, x[..., :r, :]], -2)
        x = torch.cat([x[..., w - r :], x, x[..., :r]], -1)
        x = x.reshape(b * c, 1, h + 2 * r, w + 2 * r)
        y = F.conv2d(x, kernel[None, None], stride=self.scale)
        return y.reshape(b, c, h // self.scale, w // self.scale)

    def A_adjoint(self, y, kernel, gram=None):
        r, s, (b, c, h, w) = self._reach(kernel), self.scale, y.shape
        x = F.conv_transpose2d(y.reshape(b * c, 1, h, w), kernel[None, None], stride=s)
        h, w = s * h, s * w
        # What fell over an edge comes in on the other side.
        first, last = (
            x[..., r : 2 * r, :] + x[..., h + r :, :],
            x[..., h : h + r, :] + x[..., :r, :],
        )
        x = torch.cat([first, x[..., 2 * r : h, :], last], -2)
        first, last = x[..., r : 2 * r] + x[..., w + r :], x[..., w : w + r] + x[..., :r]
        x = torch.cat([first, x[..., 2 * r : w], last], -1)
        return x.reshape(b, c, h, w)

    def prepare(self, y, kernel, gram):
        f = transform(y.shape[-2], y.shape[-1], y.device)
        return f, y, kernel, gram[..., : gram.shape[-1] // 2 + 1]

    def solve(self, z, gamma, f, y, kernel, gram):
        residual = f.forward(y - self.A(z, kernel))
        return z + self.A_adjoint(f.inverse(residual / (gram + 1 / gamma[:, :, None])), kernel)

    def strengths(self, kernel, gram):
        gain = kernel.square().sum().reshape(1, 1)
        scale = torch.full_like(gain, self.scale)
        return torch.cat([gain.log10(), scale.log10(), torch.zeros_like(gain)], 1)


def _keys(x: torch.Tensor) -> torch.Tensor:
    """Keys' bicubic kernel, a = -1/2."""
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    return torch.where(x < 1, near, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)


# Antialias kernels by the distance from their centre, in pixels of the small image; zero from 2 on.
PROFILES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "bicubic": _keys,
    "box": lambda x: (x < 0.5).double() + 0.5 * (x == 0.5),
    "triangle": lambda x: (1 - x).clamp_min(0),
    "gaussian": lambda x: torch.exp(-0.5 * (x / 0.5) ** 2),
    "lanczos2": lambda x: torch.sinc(x) * torch.sinc(x / 2),
}


def antialias(scale: int, profile: str) -> torch.Tensor:
    """The kernel [n,n] by which image libraries shrink: one of `PROFILES`, stretched by `scale`.

    n = 8, 11, 16 for scales 2, 3, 4.
    """
    reach = torch.arange(-3 * scale, 4 * scale, dtype=torch.float64)
    x = ((reach - (scale - 1) / 2) / scale).abs()
    taps = PROFILES[profile](x[x < 2])
    taps = taps / taps.sum()
    return torch.outer(taps, taps).float()


def bicubic(scale: int) -> torch.Tensor:
    """The kernel [n,n] that the element assumes."""
    return antialias(scale, "bicubic")


def upscaled(y: torch.Tensor, scale: int) -> torch.Tensor:
    """y [B,3,h,w] upscaled by Keys' bicubic, a = -1/2: [B,3,sh,sw]."""
    return F.interpolate(y, None, scale, "bicubic", align_corners=False, antialias=True)


def gram(kernel: torch.Tensor, scale: int, height: int, width: int) -> torch.Tensor:
    """Eigenvalues [height,width] of A Aᵀ on the small grid.

    They are the transform of the kernel's autocorrelation at every scale-th pixel.
    """
    n = kernel.shape[-1]
    k = kernel.double()[None, None]
    auto = F.conv2d(F.pad(k, (n, n, n, n)), k)[0, 0]  # lag l at index n + l
    lags = torch.arange(-(n // scale), n // scale + 1)
    wrapped = torch.zeros(height, width, dtype=torch.float64)
    rows, cols = torch.meshgrid(lags % height, lags % width, indexing="ij")
    wrapped.index_put_((rows, cols), auto[n + scale * lags][:, n + scale * lags], accumulate=True)
    return torch.fft.fft2(wrapped).real.float()
