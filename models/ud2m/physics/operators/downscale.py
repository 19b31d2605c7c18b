"""Anti-aliased downscaling: y[i] = sum_d kernel[d - d0] x[s i + d], d0 = (s - n) / 2.

A Aᵀ is a circular convolution on the small grid, so that the Woodbury form of the proximal step,
u = z + Aᵀ (A Aᵀ + 1/gamma)⁻¹ (y - A z), needs transforms of the small size only. It is the same
minimiser as the formula over alias blocks of Zhao et al. 2016. Its kernel is symmetric, so that
Hartley's transform does, which is real: one product along each axis, and part of A's own.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ud2m.physics.canvas import Border, crossfade
from ud2m.physics.operators.base import Operator
from ud2m.physics.operators.fft import hartley


class Downscale(Operator):
    """Convolution with `kernel` [n,n], n and scale of one parity, and every scale-th pixel of it.

    The kernel is t tᵀ with taps t of sum 1, so that A is a product with a matrix along each axis.
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

    def _along(self, kernel: torch.Tensor, side: int) -> torch.Tensor:
        """A along an axis of `side` pixels, [side/s,side]."""
        n, s = kernel.shape[-1], self.scale
        j = torch.arange(side, device=kernel.device)
        i = torch.arange(side // s, device=kernel.device)
        place = j[None] - s * i[:, None] - (s - n) // 2
        # A tensor as the period: the exporter has no remainder by a symbolic number.
        place = torch.remainder(place, j[-1:] + 1).clamp_max(n)
        taps = F.pad(kernel.sum(1), (0, 1))
        return taps[place]

    def A(self, x, kernel, gram=None):
        return self._along(kernel, x.shape[-2]) @ x @ self._along(kernel, x.shape[-1]).T

    def A_adjoint(self, y, kernel, gram=None):
        rows, columns = (self._along(kernel, self.scale * n) for n in y.shape[-2:])
        return rows.T @ y @ columns

    def prepare(self, y, kernel, gram):
        down, across = (hartley(n, y.device) for n in y.shape[-2:])
        rows, columns = (self._along(kernel, self.scale * n) for n in y.shape[-2:])
        return down @ y @ across, down @ rows, across @ columns, gram

    def solve(self, z, gamma, y, rows, columns, gram):
        """y, rows, columns: transformed, so that A Aᵀ is a factor, `gram`."""
        residual = y - rows @ z @ columns.T
        return z + rows.T @ (residual / (gram + 1 / gamma)) @ columns

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
