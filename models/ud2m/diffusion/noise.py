"""The element's own noise: standard normal, by seed, stream, channel, row and column alone.

The counterpart of src/sampler/noise.rs, so that files need hold a seed only. One 64-bit hash
(SplitMix64, Steele et al. 2014) serves four neighbours of a row, 16 bits each, through a table of
the inverse normal distribution.
"""

import functools
from statistics import NormalDist

import numpy as np

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
