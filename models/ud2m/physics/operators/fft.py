"""The Fourier transform of real images as products with cosine and sine matrices.

So it runs on every ONNX provider: no DFT operator, no complex type. The matrices are built from the
size at run time, with the phase reduced modulo the size in integers, so that large sizes lose no
precision. A spectrum is the half that a real image needs, as one tensor, of which each operation is
one node: [B,C,...,2h,w], the h rows of the real part above those of the imaginary part. Which
frequency lies where is the transform's own matter (docs/decisions/003-fourier-by-matrices.md).
"""

import math

import torch

SIDES = 16  # what sides of a graph's images are multiples of
HALF = SIDES // 2 + 1


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


def transform(height: int, width: int, device: torch.device) -> "FactoredTransform | FastTransform":
    """The transform of images of one size: PyTorch's, or matrices while a graph is exported."""
    kind = FactoredTransform if torch.compiler.is_exporting() else FastTransform
    return kind(height, width, device)


class FastTransform:
    """By torch.fft, for images of any size; spectra [B,C,2H,half], half = W//2+1."""

    def __init__(self, height: int, width: int, device: torch.device):
        self.size = height, width

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B,C,H,W] -> [B,C,2H,half]
        f = torch.fft.rfft2(x)
        return torch.cat([f.real, f.imag], -2)

    def inverse(self, f: torch.Tensor) -> torch.Tensor:  # [B,C,2H,half] -> [B,C,H,W]
        return torch.fft.irfft2(torch.complex(*f.chunk(2, -2)), self.size)

    def factor(self, otf: torch.Tensor) -> "Factor":
        """The factor of spectra that `otf` [...,2,H,W] is."""
        return Factor(otf[..., : self.size[1] // 2 + 1])


class FactoredTransform:
    """By matrices, for sides of 16 m; build once, use K times. Spectra [B,C,9,16,2v,m].

    Each axis takes two products (Cooley and Tukey 1965). With n = m n1 + n2 and k = k1 + 16 k2 they
    are sums over n1 with a matrix of 16 frequencies, and for each k1 over n2 with a matrix of its
    own, in which the twiddle factors are. Frequencies stay in the order of k1, then k2. Images are
    real: of k1 down the rows 0 ... 8 are enough. H = 16 m, W = 16 v.

    The vertical second product takes its input transposed. So each product finds what it sums over
    in the axis before the last, and no pass over the image only moves numbers.
    """

    def __init__(self, height: int, width: int, device: torch.device):
        if height % SIDES or width % SIDES:
            raise ValueError(f"sides of {height} and {width} are not multiples of {SIDES}")
        self.m, self.v = height // SIDES, width // SIDES
        cos, sin = _waves(SIDES, device)
        down = torch.stack([cos[:HALF], -sin[:HALF]], 1)  # [k1,2,n1]
        self._down = down.flatten(0, 1)
        k = torch.arange(HALF, device=device)  # 1 ... 7 serve for the frequencies -k too
        twice = torch.where((k == 0) | (2 * k == SIDES), 1.0, 2.0)
        up = (twice[:, None, None] * down)[:, None].expand(-1, 2, -1, -1)  # sums both parts
        self._up = up.flatten(0, 2).T
        across = torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)
        self._across = across.flatten(2).flatten(0, 1)  # [(k1,2),(2,n1)]
        self._back = self._across.T
        cos, sin = _second_waves(height, HALF, device)
        parts = torch.cat([cos, sin], 1), torch.cat([-sin, cos], 1)
        self._vertical = torch.stack(parts, 1)  # [k1,2,2m,m], both ways
        cos, sin = _second_waves(width, SIDES, device)
        inverse = torch.cat([torch.cat([cos, -sin], 2), torch.cat([sin, cos], 2)], 1)
        self._horizontal_inverse = inverse / (height * width)
        cos, sin = cos.mT, sin.mT  # here: a product that transposes its matrix takes longer
        self._horizontal = torch.cat([torch.cat([cos, sin], 2), torch.cat([-sin, cos], 2)], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B,C,H,W] -> [B,C,9,16,2v,m]
        (b, c), m, v = x.shape[:2], self.m, self.v
        y = self._down @ x.reshape(b, c, SIDES, m * SIDES * v)
        y = y.reshape(b, c, HALF, 1, 2 * m, SIDES * v).mT @ self._vertical  # [B,C,9,2,W,m]
        y = self._across @ y.reshape(b, c, HALF, 2 * SIDES, v * m)
        return self._horizontal @ y.reshape(b, c, HALF, SIDES, 2 * v, m)

    def inverse(self, f: torch.Tensor) -> torch.Tensor:  # [B,C,9,16,2v,m] -> [B,C,H,W]
        (b, c), m, v = f.shape[:2], self.m, self.v
        y = self._horizontal_inverse @ f
        y = self._back @ y.reshape(b, c, HALF, 2 * SIDES, v * m)
        y = self._vertical @ y.reshape(b, c, HALF, 2, SIDES * v, m).mT  # [B,C,9,2,2m,W]
        y = self._up @ y.reshape(b, c, 4 * HALF, m * SIDES * v)
        return y.reshape(b, c, SIDES * m, SIDES * v)

    def factor(self, otf: torch.Tensor) -> "Factor":
        """The factor of spectra that `otf` [...,2,H,W] is."""
        f = otf.reshape(*otf.shape[:-2], self.m, SIDES, self.v, SIDES)[..., :HALF, :, :]
        before = range(f.dim() - 5)
        return Factor(f.permute(*before, -3, -1, -5, -2, -4))


def _second_waves(n: int, count: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin of 2 pi n2 (k1 + 16 k2) / n, each [count,m,m] of k1, n2 and k2; n = 16 m."""
    i = torch.arange(n // SIDES, device=device)
    size = SIDES * (i[-1:] + 1)  # a tensor, see `_waves`
    k = torch.arange(count, device=device)[:, None] + SIDES * i
    angle = torch.remainder(i[:, None] * k[:, None], size).float()
    angle = angle * (2 * math.pi / size.float())
    return angle.cos(), angle.sin()


class Factor:
    """A complex factor of spectra; `power` [...,2h,w] is its square, for both parts."""

    def __init__(self, spectrum: torch.Tensor):
        """spectrum: [...,2,h,w], real and imaginary part."""
        real, imaginary = spectrum.unbind(-3)
        self._same = torch.cat([real, real], -2)
        self._other = torch.cat([-imaginary, imaginary], -2)
        self.power = self._same.square() + self._other.square()
        i = torch.arange(real.shape[-2], device=spectrum.device)
        self._swap = torch.cat([i + i[-1:] + 1, i])

    def times(self, f: torch.Tensor) -> torch.Tensor:
        """The product with a spectrum [...,2h,w]."""
        return f * self._same + f.index_select(-2, self._swap) * self._other

    def conjugate_times(self, f: torch.Tensor) -> torch.Tensor:
        """The product of the factor's conjugate with a spectrum [...,2h,w]."""
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
