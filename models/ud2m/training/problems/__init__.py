"""Draws training problems: which degradation, how strong, and the observation.

Other physics in each image of a batch.

What a step gets here is what `physics.observation` gives it at run time: observations with true
borders (cut from larger images), mirrored onto a canvas or, as inside a tile, running to its edge;
rounded to 8 bits. Operators are applied here with their own draws (deepinv's division: generators
draw, operators apply).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ud2m.training.problems.blur import blur
from ud2m.training.problems.denoise import denoise
from ud2m.training.problems.downscale import downscale
from ud2m.training.problems.jpeg import jpeg
from ud2m.training.problems.mask import mask
from ud2m.training.problems.problem import MASKS, Choices, Problem, Source

__all__ = ["MASKS", "PROBLEMS", "WEIGHTS", "Problem", "Source", "draw", "largest_crop"]

Draw = Callable[[Source, int, int, np.random.Generator, Choices], Problem]


@dataclass(frozen=True)
class Family:
    """A family of problems: how often a training draws it, and from what."""

    weight: float
    draw: Draw


PROBLEMS = {
    "blur": Family(0.26, blur),
    "mask": Family(0.2, mask),
    "denoise": Family(0.15, denoise),
    "downscale2": Family(0.06, partial(downscale, 2)),
    "downscale3": Family(0.06, partial(downscale, 3)),
    "downscale4": Family(0.13, partial(downscale, 4)),
    "jpeg": Family(0.14, jpeg),
}
WEIGHTS = {name: family.weight for name, family in PROBLEMS.items()}


def largest_crop(side: int) -> int:
    """Pixels a side of the largest piece that a problem of about `side` is cut from: blurs, with
    their kernels' reach.
    """
    return max(side * 3 // 2 + 32, 128)


def draw(
    family: str,
    source: Source,
    count: int,
    side: int,
    rng: np.random.Generator,
    draw_kernel: Callable[[np.random.Generator], np.ndarray],
    masks: tuple[float, float, float] = MASKS,
    real_noise: bool = False,
) -> Problem:
    """A batch of `family`, about `count` images of about `side` pixels (a multiple of 48).

    KeyError for another family.
    """
    return PROBLEMS[family].draw(source, count, side, rng, Choices(draw_kernel, masks, real_noise))
