"""Degrades clean images for search and evaluation: blur, holes, noise, downscaling, JPEG.

Independent of the operators' own code on purpose: convolution by SciPy with reflected borders, JPEG
and reduction by Pillow. Images are float tensors [3,H,W] in [-1, 1]; what leaves here has been
rounded to 8 bits, as video is. sigma is the noise's std of full scale 1. Each degradation gives the
observation [3,H/s,W/s] and its parameters, as `Operator.observe` takes them.
"""

import io
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy import ndimage

Degraded = tuple[torch.Tensor, dict[str, Any]]


def gaussian(sigma: float, size: int = 0) -> np.ndarray:
    """[size,size] Gaussian of std `sigma` pixels; size 0 reaches three sigmas."""
    size = size or 2 * int(np.ceil(3 * sigma)) + 1
    r = np.arange(size) - size // 2
    k = np.exp(-(r[:, None] ** 2 + r**2) / (2 * sigma**2))
    return k / k.sum()


def uniform(size: int) -> np.ndarray:
    """[size,size] box."""
    return np.full((size, size), 1 / size**2)


def disk(radius: float) -> np.ndarray:
    """[n,n] disk of `radius` pixels; a pixel at its edge weighs by the area that is covered."""
    reach, strips = max(0, int(np.ceil(radius - 0.5))), 64
    size = 2 * reach + 1
    columns = (np.arange(size * strips) + 0.5) / strips - size / 2
    half = np.sqrt(np.maximum(radius**2 - columns**2, 0))
    rows = np.arange(size)[:, None] - reach
    heights = np.minimum(rows + 0.5, half) - np.maximum(rows - 0.5, -half)
    k = np.maximum(heights, 0).reshape(size, size, strips).mean(2)
    return k / k.sum()


def trajectory(size: int, rng: np.random.Generator) -> np.ndarray:
    """[size,size] motion of an unsteady hand: a random acceleration, integrated and centred."""
    velocity = np.cumsum(rng.standard_normal((400, 2)), 0) + 8 * rng.standard_normal(2)
    path = np.cumsum(velocity, 0)
    path -= path.mean(0)
    path *= rng.uniform(0.5, 0.95) * (size / 2 - 1) / np.abs(path).max()
    return splat(path, size)


def splat(path: np.ndarray, size: int) -> np.ndarray:
    """[size,size] share of its time that a path spends in each pixel, bilinear; it sums to 1.

    path: [n,2], row and column from the centre.
    """
    k = np.zeros((size, size))
    low = np.floor(path).astype(int)
    for dy in (0, 1):
        for dx in (0, 1):
            weight = np.abs(1 - dy - (path - low)[:, 0]) * np.abs(1 - dx - (path - low)[:, 1])
            np.add.at(k, (low[:, 0] + dy + size // 2, low[:, 1] + dx + size // 2), weight)
    return k / k.sum()


def _noisy(x: np.ndarray, sigma: float, rng: np.random.Generator) -> torch.Tensor:
    code = np.clip(np.rint(127.5 * (x + 2 * sigma * rng.standard_normal(x.shape) + 1)), 0, 255)
    return torch.from_numpy(code / 127.5 - 1).float()


def _codes(x: torch.Tensor) -> Image.Image:
    codes = np.clip(np.rint(127.5 * (x.numpy() + 1)), 0, 255).astype(np.uint8)
    return Image.fromarray(codes.transpose(1, 2, 0))


def _values(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.float64).transpose(2, 0, 1) / 127.5 - 1


def blur(x: torch.Tensor, psf: np.ndarray, sigma: float, rng: np.random.Generator) -> Degraded:
    """Convolution with psf [n,n], and noise."""
    y = np.stack([ndimage.convolve(c, psf, mode="mirror") for c in x.numpy().astype(np.float64)])
    return _noisy(y, sigma, rng), {"psf": torch.from_numpy(psf).float()}


def mask(x: torch.Tensor, observed: np.ndarray, sigma: float, rng: np.random.Generator) -> Degraded:
    """Pixels where `observed` [H,W] is 0 are lost (black)."""
    m = torch.from_numpy(observed).float()
    y = torch.where(m > 0, _noisy(x.numpy(), sigma, rng), torch.tensor(-1.0))
    return y, {"mask": m[None, None]}


def denoise(x: torch.Tensor, sigma: float, rng: np.random.Generator) -> Degraded:
    """Noise alone."""
    return _noisy(x.numpy(), sigma, rng), {}


def downscale(x: torch.Tensor, scale: int, sigma: float, rng: np.random.Generator) -> Degraded:
    """Antialiased bicubic reduction and noise; the sides of x are multiples of `scale`."""
    size = x.shape[2] // scale, x.shape[1] // scale
    small = _codes(x).resize(size, Image.Resampling.BICUBIC)
    return _noisy(_values(small), sigma, rng), {}


def jpeg(x: torch.Tensor, quality: int, subsampling: str = "4:2:0") -> Degraded:
    """Compressed with an IJG quality of 1 … 100 and decoded; no noise."""
    buffer = io.BytesIO()
    _codes(x).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return torch.from_numpy(_values(Image.open(buffer))).float(), {"quality": quality}


def strokes_mask(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """[H,W] lost under a few crooked strokes: scratches, hairs, lettering."""
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 7)):
        begin = rng.uniform(0, (width, height))
        moves = rng.normal(0, 0.2 * min(height, width), (rng.integers(1, 5), 2))
        points = np.cumsum(np.vstack([begin, moves]), 0)
        pen.line([tuple(p) for p in points], 0, int(rng.integers(1, 9)))
    return (np.asarray(image) > 0).astype(np.float64)


def random_mask(height: int, width: int, keep: float, rng: np.random.Generator) -> np.ndarray:
    """[H,W] each pixel observed with probability `keep`."""
    return (rng.random((height, width)) < keep).astype(np.float64)


def box_mask(height: int, width: int, share: float = 0.25) -> np.ndarray:
    """[H,W] a hole of `share` of each side, a little off the centre."""
    m = np.ones((height, width))
    top, left = height // 3, width // 3
    m[top : top + int(height * share), left : left + int(width * share)] = 0
    return m
