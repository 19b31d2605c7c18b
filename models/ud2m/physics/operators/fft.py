"""The Fourier transform of real images as products with cosine and sine matrices.

So it runs on every ONNX provider: no DFT operator, no complex type. The matrices are built from the
size at run time, with the phase reduced modulo the size in integers, so that large sizes lose no
precision. A spectrum is the half that a real image needs, the real part above the imaginary one:
[..., 2H, half], half = W//2+1. So that it is one tensor, of which each operation is one node.
"""

import math

import torch


def _waves(n: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin of 2 pi j k / n, each [n,n] float32."""
    i = torch.arange(n, device=device)
    size = i[-1:] + 1  # a tensor: the exporter has no remainder by a symbolic number
    angle = torch.remainder(i[:, None] * i[None, :], size).float() * (2 * math.pi / size.float())
    return angle.cos(), angle.sin()


def hartley(n: int, device: torch.device) -> torch.Tensor:
    """The matrix [n,n] of Hartley's transform (1942, Proc. IRE 30), its own inverse and transpose.

    It takes a circular convolution with a symmetric kernel to the factors that the kernel's Fourier
    transform has, in the same order.
    """
    cos, sin = _waves(n, device)
    size = torch.arange(n, device=device)[-1:] + 1  # a tensor: a root of n would be a constant
    return (cos + sin) / size.float().sqrt()


def transform(height: int, width: int, device: torch.device) -> "MatrixTransform | FastTransform":
    """The transform of images of one size: PyTorch's, or matrices while a graph is exported."""
    kind = MatrixTransform if torch.compiler.is_exporting() else FastTransform
    return kind(height, width, device)


class FastTransform:
    """As MatrixTransform, by torch.fft."""

    def __init__(self, height: int, width: int, device: torch.device):
        self.size = height, width

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B,C,H,W] -> [B,C,2H,half]
        f = torch.fft.rfft2(x)
        return torch.cat([f.real, f.imag], -2)

    def inverse(self, f: torch.Tensor) -> torch.Tensor:  # [B,C,2H,half] -> [B,C,H,W]
        return torch.fft.irfft2(torch.complex(*f.chunk(2, -2)), self.size)


class MatrixTransform:
    """Forward and inverse transform for one image size; build once, use K times.

    Each is two products: of the rows with [W,2·half], real parts left of imaginary ones, and of the
    columns with [2H,2H], which takes both parts of a row one after the other.
    """

    def __init__(self, height: int, width: int, device: torch.device):
        half = width // 2 + 1
        cos_w, sin_w = _waves(width, device)
        cos_h, sin_h = _waves(height, device)
        self.rows = torch.cat([cos_w[:, :half], -sin_w[:, :half]], 1)  # exp(-i)
        real, imaginary = torch.stack([cos_h, sin_h], 2), torch.stack([-sin_h, cos_h], 2)
        self.columns = torch.cat([real.flatten(1), imaginary.flatten(1)])
        self.columns_inverse = self.columns.T
        k = torch.arange(half, device=device)
        twice = torch.where((k == 0) | (2 * k == width), 1.0, 2.0)[:, None] / (height * width)
        self.rows_inverse = torch.cat([twice * cos_w[:half], -twice * sin_w[:half]])
        self.height, self.half = height, half

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B,C,H,W] -> [B,C,2H,half]
        rows = x @ self.rows
        return self.columns @ rows.reshape(*x.shape[:2], 2 * self.height, self.half)

    def inverse(self, f: torch.Tensor) -> torch.Tensor:  # [B,C,2H,half] -> [B,C,H,W]
        rows = self.columns_inverse @ f
        return rows.reshape(*f.shape[:2], self.height, 2 * self.half) @ self.rows_inverse


class Factor:
    """A complex factor of spectra; `power` [...,2H,half] is its square, for both parts."""

    def __init__(self, spectrum: torch.Tensor):
        """spectrum: [...,2,H,half], real and imaginary part."""
        real, imaginary = spectrum.unbind(-3)
        self._same = torch.cat([real, real], -2)
        self._other = torch.cat([-imaginary, imaginary], -2)
        self.power = self._same.square() + self._other.square()
        i = torch.arange(real.shape[-2], device=spectrum.device)
        self._swap = torch.cat([i + i[-1:] + 1, i])

    def times(self, f: torch.Tensor) -> torch.Tensor:
        """The product with a spectrum [...,2H,half]."""
        return f * self._same + f.index_select(-2, self._swap) * self._other

    def conjugate_times(self, f: torch.Tensor) -> torch.Tensor:
        """The product of the factor's conjugate with a spectrum [...,2H,half]."""
        return f * self._same - f.index_select(-2, self._swap) * self._other


def otf(psf: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """The transform [2,H,W] of a kernel [h,w] whose middle is the origin; a larger kernel wraps."""
    full = psf.new_zeros(height, width, dtype=torch.float64)
    rows = (torch.arange(psf.shape[0]) - psf.shape[0] // 2) % height
    cols = (torch.arange(psf.shape[1]) - psf.shape[1] // 2) % width
    places = rows[:, None].expand(psf.shape), cols[None].expand(psf.shape)
    full.index_put_(places, psf.double(), accumulate=True)
    spectrum = torch.fft.fft2(full)
    return torch.stack([spectrum.real, spectrum.imag]).float()
