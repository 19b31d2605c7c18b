"""The variance-preserving diffusion: levels, and the time grid of the outer sampler.

It needs neither a network nor a degradation. Images are in [-1, 1]; a level is an index 0 … 999
into one linear schedule (Ho et al. 2020). `sigma` is the noise-to-signal ratio sqrt((1 - abar) /
abar).
"""

import math

import torch

LEVELS = 1000
BETA_FIRST, BETA_LAST = 1e-4, 2e-2


def alpha_bar() -> torch.Tensor:
    """Cumulative signal power abar_t = prod(1 - beta) of each level, [1000] float64."""
    return torch.cumprod(1 - torch.linspace(BETA_FIRST, BETA_LAST, LEVELS, dtype=torch.float64), 0)


def sigmas() -> torch.Tensor:
    """Noise-to-signal ratio of each level, [1000] float64, rising from 0.01 to 157.4."""
    abar = alpha_bar()
    return torch.sqrt((1 - abar) / abar)


def time_grid(steps: int) -> list[int]:
    """Levels of the outer sampler's steps, most noisy first, as the paper's code has them.

    They are floor((i sqrt(1000) / N)²), the largest less 1, for N = `steps` of 1 … 100, else
    ValueError.
    """
    if not 1 <= steps <= 100:
        raise ValueError(f"steps is {steps}; choose 1 to 100.")
    grid = [math.floor((i * math.sqrt(LEVELS) / steps) ** 2 + 1e-9) for i in range(1, steps + 1)]
    grid[-1] = LEVELS - 1
    return grid[::-1]
