"""The noise of a camera: a Bayer sensor, interpolated, amplified, after the tone curve.

Images are [3,H,W] arrays in [0, 1].
"""

import math

import numpy as np
from scipy import ndimage


def camera_noise(clean: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """[3,H,W] shot and read noise of a Bayer sensor, interpolated, amplified, after the tone curve.

    To first order in the noise, so that the image keeps its sharpness; root mean square `sigma`.
    """
    gain = np.array([rng.uniform(1.2, 2.4), 1.0, rng.uniform(1.2, 2.4)])[:, None, None]
    linear = clean**2.2
    read = np.exp(rng.uniform(math.log(0.02), math.log(2.0)))  # over the photon noise of white
    noise = np.sqrt(linear / gain + read) * rng.standard_normal(clean.shape)
    noise = gain * demosaic(noise * bayer(clean.shape))
    noise *= np.maximum(linear, 0.01) ** (1 / 2.2 - 1)  # slope of the tone curve
    length = rng.choice([0.0, rng.uniform(0.3, 1.2)])  # what the camera smooths
    if length:
        noise = ndimage.gaussian_filter(noise, (0, length, length), mode="wrap")
    return noise * (sigma / np.sqrt(np.mean(noise**2)))


def bayer(shape: tuple[int, int, int]) -> np.ndarray:
    """[3,H,W] 1 where a colour is seen: rows RGRG and GBGB."""
    m = np.zeros(shape)
    m[0, ::2, ::2] = m[1, ::2, 1::2] = m[1, 1::2, ::2] = m[2, 1::2, 1::2] = 1
    return m


def demosaic(x: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of the colours that `bayer` keeps."""
    cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    square = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    kernels = (square, cross, square)
    return np.stack([ndimage.convolve(c, k, mode="wrap") for c, k in zip(x, kernels, strict=True)])
