"""Draws blur kernels for training: all that the element's properties offer, and recorded shakes.

Kernels are [n,n] float64 arrays, n odd, that sum to 1.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ud2m.physics.generators import degradations

LARGEST = 31  # px across


def gaussian(rng: np.random.Generator) -> np.ndarray:
    """Random widths along two turned axes; half are round, some cut to a small support."""
    wide = np.exp(rng.uniform(np.log(0.5), np.log(4.0)))
    narrow = wide if rng.random() < 0.5 else wide * rng.uniform(0.3, 1.0)
    size = 2 * int(np.ceil(3 * wide)) + 1 if rng.random() < 0.6 else 2 * int(rng.integers(2, 6)) + 1
    r, turn = np.arange(size) - size // 2, rng.uniform(0, np.pi)
    u = np.cos(turn) * r[None] + np.sin(turn) * r[:, None]
    v = np.cos(turn) * r[:, None] - np.sin(turn) * r[None]
    k = np.exp(-0.5 * ((u / wide) ** 2 + (v / narrow) ** 2))
    return _fitted(k / k.sum())


def uniform(rng: np.random.Generator) -> np.ndarray:
    """A box of 3 … 15 pixels."""
    return degradations.uniform(2 * int(rng.integers(1, 8)) + 1)


def disk(rng: np.random.Generator) -> np.ndarray:
    """A lens out of focus: a disk of radius 0.7 … 8 pixels, whose edge weighs by area."""
    return degradations.disk(float(np.exp(rng.uniform(np.log(0.7), np.log(8.0)))))


def line(rng: np.random.Generator) -> np.ndarray:
    """Linear motion of 3 … 25 pixels in any direction."""
    length, angle = rng.uniform(3, 25), rng.uniform(0, np.pi)
    at = np.linspace(-0.5, 0.5, 200)[:, None] * length * np.array([-np.sin(angle), np.cos(angle)])
    size = 2 * int(np.ceil(length / 2 + 1)) + 1
    return degradations.splat(at, size)


def shake(rng: np.random.Generator) -> np.ndarray:
    """An unsteady hand over 9 … 31 pixels."""
    return degradations.trajectory(2 * int(rng.integers(4, LARGEST // 2 + 1)) + 1, rng)


def recorded(folder: Path) -> list[np.ndarray]:
    """The kernels in a folder's `.npz` files (arrays [h,w]), by name; those over 31 pixels not."""
    out = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            for name in sorted(arrays.files):
                k = np.maximum(arrays[name].astype(np.float64), 0)
                k = np.pad(k, [(0, 1 - n % 2) for n in k.shape])
                side = max(k.shape)
                k = np.pad(k, [((side - n) // 2,) * 2 for n in k.shape])
                if side <= LARGEST:
                    out.append(k / k.sum())
    return out


def mixture(known: list[np.ndarray]) -> Callable[[np.random.Generator], np.ndarray]:
    """A function that draws a kernel of any kind; recorded ones are turned and mirrored."""

    def one_of_known(rng: np.random.Generator) -> np.ndarray:
        k = np.rot90(known[rng.integers(len(known))], int(rng.integers(4)))
        return k[:, ::-1] if rng.random() < 0.5 else k

    kinds = [gaussian, disk, uniform, line, shake, one_of_known if known else shake]
    shares = [0.3, 0.15, 0.1, 0.15, 0.15, 0.15]
    return lambda rng: kinds[rng.choice(len(kinds), p=shares)](rng)


def _fitted(k: np.ndarray) -> np.ndarray:
    """The middle of a kernel, as much of it as the largest kernel has."""
    cut = max(0, (k.shape[0] - LARGEST) // 2)
    k = k[cut : k.shape[0] - cut, cut : k.shape[1] - cut]
    return k / k.sum()
