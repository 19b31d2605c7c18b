"""Problems of denoising."""

import numpy as np

from ud2m.physics.operators import Identity
from ud2m.training.problems.problem import Choices, Problem, Source, bins, draw_sigma, noisy
from ud2m.training.problems.real_noise import real_noise


def denoise(
    source: Source, count: int, side: int, rng: np.random.Generator, choices: Choices
) -> Problem:
    """Noise alone: white and clipped as cameras clip, or (`choices.real_noise`) that of footage."""
    if choices.real_noise:
        return real_noise(source, count, side, rng)
    clean, sigma = source(count, side), draw_sigma(count, rng, 0.01, 0.3, 0.0)
    y, hardness = noisy(clean, sigma, rng), bins(sigma, (0.03, 0.06, 0.12, 0.2))
    return Problem.drawn(Identity(), clean, y, y, (), sigma, hardness)
