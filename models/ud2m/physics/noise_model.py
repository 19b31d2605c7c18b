"""The noise of an observation as cameras, codecs and files make it, and what a step is told of it.

White noise, equal and independent in R, G and B, is the special case that one number describes.
Video has noise in Y and in Cb, Cr; a gray frame has one noise for three channels; demosaicing and
codecs correlate it over pixels; photons make it depend on brightness.
docs/decisions/026-noise-model.md holds the reasons for this parametrisation.

Standard deviations of a `NoiseModel` are of full scale 1; those of tensors are of [-1, 1].
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

OPPONENT = np.array(  # rows: luma, blue against yellow, red against green; orthonormal
    [
        [1 / math.sqrt(3)] * 3,
        [-1 / math.sqrt(6), -1 / math.sqrt(6), 2 / math.sqrt(6)],
        [1 / math.sqrt(2), -1 / math.sqrt(2), 0.0],
    ]
)
# ITU-R BT.601: R, G, B of Y, Cb, Cr at full scale.
RGB_OF_YCC = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136286, -0.714136286], [1.0, 1.772, 0.0]])
YCC_OF_RGB = np.linalg.inv(RGB_OF_YCC)

INPUTS = ("noise_basis", "noise_std", "noise_shape")  # of a step: [B,3,3], [B,3], [B,SHAPE]
SHAPE = 5  # numbers of the tensor noise_shape
FACTS = 6 + SHAPE  # numbers that a network is told of the noise, besides its level
LEAST_STD = 0.004  # of [-1, 1]: half a code value of 8 bits, about what rounding adds

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # in the order of INPUTS


@dataclass(frozen=True)
class NoiseModel:
    """What is known of the noise of one image.

    covariance: [3,3] of R, G, B, of full scale 1, as a mean over the image.
    luma_correlation, chroma_correlation: between neighbouring pixels, 0 … 1, along OPPONENT's first
        axis and its others; `neighbour_correlation` gives it from a length in pixels.
    growth: variance at signal v in [0, 1] is 1 + growth · (2 v - 1) times that at mid-gray,
        -1 … 1: 1 is Poisson noise, negative is noise of the shadows.
    clipped: values stop at black and white. rounded: to 8 bits.
    estimated: from the image, so that all of this errs; what is stated does not.
    """

    covariance: np.ndarray
    luma_correlation: float = 0.0
    chroma_correlation: float = 0.0
    growth: float = 0.0
    clipped: bool = True
    rounded: bool = True
    estimated: bool = False

    @classmethod
    def white(cls, sigma: float, **rest) -> "NoiseModel":
        """Independent noise of std `sigma` in each of R, G, B."""
        return cls(sigma**2 * np.eye(3), **rest)

    @classmethod
    def ycc(cls, luma: float, chroma: float, **rest) -> "NoiseModel":
        """Noise of std `luma` in Y and of std `chroma` in each of Cb, Cr; 0 for gray frames."""
        factor = RGB_OF_YCC * np.array([luma, chroma, chroma])
        return cls(factor @ factor.T, **rest)

    @property
    def sigma(self) -> float:
        """Root mean square of the stds of R, G, B: the level of white noise of equal power."""
        return math.sqrt(np.trace(self.covariance) / 3)


def neighbour_correlation(length: float) -> float:
    """Of white noise after a Gaussian of std `length` pixels, sampled at whole pixels."""
    if length <= 0:
        return 0.0
    taps = gaussian_taps(length)
    return float(taps[1:] @ taps[:-1] / (taps @ taps))


def gaussian_taps(length: float) -> np.ndarray:
    """[n] of sum 1, four stds to each side."""
    reach = np.arange(-math.ceil(4 * length), math.ceil(4 * length) + 1)
    taps = np.exp(-0.5 * (reach / length) ** 2)
    return taps / taps.sum()


def tensors(models: list[NoiseModel]) -> Tensors:
    """What a step is told, in the order of INPUTS: [B,3,3], [B,3] and [B,SHAPE].

    Eigenvectors of each covariance as rows; stds along them, of [-1, 1]; correlation of neighbours
    in luma and in chroma, growth, 1 where nothing was clipped, and 1 where this is an estimate.
    """
    basis, std, shape = [], [], []
    for model in models:
        variance, vectors = np.linalg.eigh(model.covariance)
        basis.append(vectors.T)
        std.append(2 * np.sqrt(variance.clip(0)))
        flags = (float(not model.clipped), float(model.estimated))
        shape.append((model.luma_correlation, model.chroma_correlation, model.growth, *flags))
    arrays = (np.array(rows, np.float32) for rows in (basis, std, shape))
    rows, stds, shapes = map(torch.from_numpy, arrays)
    return rows, stds.clamp_min(LEAST_STD), shapes


def white_tensors(sigma_y: torch.Tensor) -> Tensors:
    """The same for white noise of std sigma_y [B], of [-1, 1]."""
    batch = len(sigma_y)
    eye = torch.eye(3, device=sigma_y.device).expand(batch, 3, 3)
    std = sigma_y.clamp_min(LEAST_STD)[:, None].expand(batch, 3)
    return eye, std, torch.zeros(batch, SHAPE, device=sigma_y.device)


def level(std: torch.Tensor) -> torch.Tensor:
    """[B] std of white noise of equal power, from the stds [B,3] along any orthonormal basis."""
    return std.square().mean(1).sqrt()


def facts(basis: torch.Tensor, std: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    """[B,FACTS] for a network, all zero for white noise that is stated and clipped.

    Six are the base-10 logarithm of the root of the covariance over `level`, as a matrix in the
    axes of OPPONENT. It is smooth and does not depend on which eigenvectors were chosen where
    eigenvalues are equal. The others are `shape`.
    """
    logs = std.log10() - level(std).log10()[:, None]
    axes = basis @ torch.tensor(
        OPPONENT.T, dtype=basis.dtype, device=basis.device
    )  # [B, eigenvector, opponent axis]
    matrix = axes.transpose(1, 2) @ (logs[:, :, None] * axes)
    upper = [matrix[:, i, j] for i in range(3) for j in range(i, 3)]
    return torch.cat([torch.stack(upper, 1), shape], 1)


def rotate(x: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """x [B,3,H,W] along the rows of basis [B or 1,3,3]; its transpose takes x back."""
    if basis.shape[0] == 1:  # one node in a graph
        return F.conv2d(x, basis[0, :, :, None, None])
    return (basis @ x.flatten(2)).reshape(x.shape)
