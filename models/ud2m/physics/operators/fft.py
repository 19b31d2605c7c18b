"""The Fourier transform of real images as products with cosine and sine matrices.

So it runs on every ONNX provider: no DFT operator, no complex type. The matrices are built from the
size at run time, with the phase reduced modulo the size in integers, so that large sizes lose no
precision. A spectrum is the half that a real image needs, real and imaginary part side by side:
[..., 2, H, W//2+1].
"""

import math

import torch


def _waves(n: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin of 2 pi j k / n, each [n,n] float32."""
    i = torch.arange(n, device=device)
    size = i[-1:] + 1  # a tensor: the exporter has no remainder by a symbolic number
    angle = torch.remainder(i[:, None] * i[None, :], size).float() * (2 * math.pi / size.float())
    return angle.cos(), angle.sin()


def transform(height: int, width: int, device: torch.device) -> "MatrixTransform | FastTransform":
    """The transform of images of one size: PyTorch's, or matrices while a graph is exported."""
    kind = MatrixTransform if torch.compiler.is_exporting() else FastTransform
    return kind(height, width, device)


class FastTransform:
    """As MatrixTransform, by torch.fft."""

    def __init__(self, height: int, width: int, device: torch.device):
        self.size = height, width

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B,C,H,W] -> [B,C,2,H,half]
        f = torch.fft.rfft2(x)
        return torch.stack([f.real, f.imag], 2)

    def inverse(self, f: torch.Tensor) -> torch.Tensor:  # [B,C,2,H,half] -> [B,C,H,W]
        return torch.fft.irfft2(torch.complex(f[:, :, 0], f[:, :, 1]), self.size)


class MatrixTransform:
    """Forward and inverse transform for one image size; build once, use K times."""

    def __init__(self, height: int, width: int, device: torch.device):
        half = width // 2 + 1
        cos_w, sin_w = _waves(width, device)
        self.cos_h, self.sin_h = _waves(height, device)
        self.right = torch.stack([cos_w[:, :half], -sin_w[:, :half]])  # [2,W,half]: exp(-i)
        k = torch.arange(half, device=device)
        twice = torch.where((k == 0) | (2 * k == width), 1.0, 2.0)[:, None] / (height * width)
        self.left_inverse = torch.stack([twice * cos_w[:half], -twice * sin_w[:half]])  # [2,half,W]

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B,C,H,W] -> [B,C,2,H,half]
        rows = x[:, :, None] @ self.right
        c, s = self.cos_h @ rows, self.sin_h @ rows
        return torch.stack([c[:, :, 0] + s[:, :, 1], c[:, :, 1] - s[:, :, 0]], 2)

    def inverse(self, f: torch.Tensor) -> torch.Tensor:  # [B,C,2,H,half] -> [B,C,H,W]
        c, s = self.cos_h @ f, self.sin_h @ f
        rows = torch.stack([c[:, :, 0] - s[:, :, 1], c[:, :, 1] + s[:, :, 0]], 2)
        return (rows @ self.left_inverse).sum(2)


def multiply(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Complex product of spectra [...,2,H,W]."""
    ar, ai, br, bi = a[..., 0, :, :], a[..., 1, :, :], b[..., 0, :, :], b[..., 1, :, :]
    return torch.stack([ar * br - ai * bi, ar * bi + ai * br], -3)


def conjugate(a: torch.Tensor) -> torch.Tensor:
    """Complex conjugate of a spectrum."""
    return torch.stack([a[..., 0, :, :], -a[..., 1, :, :]], -3)


def power(a: torch.Tensor) -> torch.Tensor:
    """|a|² as [...,1,H,W]."""
    return a.square().sum(-3, keepdim=True)


def otf(psf: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """The transform [2,H,W] of a kernel [h,w] whose middle is the origin; a larger kernel wraps."""
    full = psf.new_zeros(height, width, dtype=torch.float64)
    rows = (torch.arange(psf.shape[0]) - psf.shape[0] // 2) % height
    cols = (torch.arange(psf.shape[1]) - psf.shape[1] // 2) % width
    places = rows[:, None].expand(psf.shape), cols[None].expand(psf.shape)
    full.index_put_(places, psf.double(), accumulate=True)
    spectrum = torch.fft.fft2(full)
    return torch.stack([spectrum.real, spectrum.imag]).float()
