"""The element's own noise: standard normal, by seed, stream, channel, row and column alone.

And the texture noise of a sample, which is made of two sizes of it.

The counterpart of src/sampler/noise.rs, so that files need hold a seed only. One 64-bit hash
(SplitMix64, Steele et al. 2014) serves four neighbours of a row, 16 bits each, through a table of
the inverse normal distribution.
"""

import functools
from statistics import NormalDist

import numpy as np
import torch

FINE, COARSE = 4, 2  # channels of texture noise: of each pixel, of each cell of a grid
TEXTURE = FINE + COARSE
CELL = 16  # pixels a side
# Streams of the first outer step: fine, coarse, noise of y; each later step has the next ones.
TEXTURE_STREAM, TEXTURE_STREAMS = 1 << 16, 3
CELLS = 1 << 16
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # the odd number next to 2^64 over the golden ratio


def normal_image(seed: int, stream: int, channels: int, height: int, width: int) -> np.ndarray:
    """[C,H,W] float32, within 1e-6 of the element's. seed: below 2^64; stream: below 2^32.

    Images of other sizes agree where they overlap.
    """
    with np.errstate(over="ignore"):  # uint64 wraps, as it should
        plane = _mix(np.uint64(seed) + _mix(np.uint64(stream << 32) | _count(channels)))
        row = _mix(plane[:, None] ^ (_count(height) * GOLDEN))
        bits = _mix(row[..., None] + (_count(-(-width // 4)) + np.uint64(1)) * GOLDEN)
    cells = bits[..., None] >> (_count(4) * np.uint64(16)) & np.uint64(CELLS - 1)
    return _table()[cells.reshape(channels, height, -1)[..., :width]]


def texture_image(seed: int, step: int, height: int, width: int) -> np.ndarray:
    """[6,H,W] float32: the texture noise of the outer step 0, 1 … of a run, see `texture`."""
    stream = TEXTURE_STREAM + TEXTURE_STREAMS * step
    fine = normal_image(seed, stream, FINE, height, width)
    coarse = normal_image(seed, stream + 1, COARSE, *grid_size(height, width))
    return texture(torch.from_numpy(fine), torch.from_numpy(coarse)).numpy()


def y_noise_image(seed: int, step: int, height: int, width: int) -> np.ndarray:
    """[3,H,W] float32: the noise of y of the outer step 0, 1 … of a run; sides are those of y."""
    return normal_image(seed, TEXTURE_STREAM + TEXTURE_STREAMS * step + 2, 3, height, width)


def grid_size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the points of the coarse grid under an image."""
    return -(-height // CELL) + 1, -(-width // CELL) + 1


def texture(fine: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
    """[…,6,H,W]: the noise of a sample, of unit variance at each pixel.

    fine [...,4,H,W] and coarse [...,2,*grid_size(H, W)] are standard normal. The coarse channels
    go over smoothly from point to point of the grid: along each side a pixel has its two
    neighbours by cosine and sine of its way between them, whose squares sum to 1.
    """
    for axis, size in zip((-2, -1), fine.shape[-2:], strict=True):
        place = torch.arange(size)
        cell = (place // CELL).to(coarse.device)
        angle = ((place % CELL + 0.5) / CELL * (torch.pi / 2)).to(coarse)
        shape = (-1, 1) if axis == -2 else (1, -1)
        near, far = (coarse.index_select(axis, cell + i) for i in (0, 1))
        coarse = near * angle.cos().reshape(shape) + far * angle.sin().reshape(shape)
    return torch.cat([fine, coarse], -3)


def _count(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.uint64)


def _mix(v: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser: every bit of the result depends on every bit of `v`."""
    v = (v ^ (v >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    v = (v ^ (v >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return v ^ (v >> np.uint64(31))


@functools.cache
def _table() -> np.ndarray:
    """[65536] float32: the inverse normal distribution at the cells' centres, of unit variance."""
    inverse = NormalDist().inv_cdf
    half = np.array([inverse((i + 0.5) / CELLS) for i in range(CELLS // 2)])
    half /= np.sqrt(np.square(half).mean())
    return np.concatenate([half, -half[::-1]]).astype(np.float32)
