"""Problems of inpainting."""

import numpy as np
import torch

from ud2m.physics.generators import degradations
from ud2m.physics.operators import Mask
from ud2m.physics.operators.mask import fill
from ud2m.training.problems.problem import Choices, Problem, Source, bins, draw_sigma, noisy


def mask(
    source: Source, count: int, side: int, rng: np.random.Generator, choices: Choices
) -> Problem:
    """Random pixels at any rate, boxes, strokes."""
    clean, kinds = source(count, side), rng.choice(3, count, p=choices.masks)
    draws = (_random_pixels, _box, degradations.strokes_mask)
    masks = np.stack([draws[kind](side, side, rng) for kind in kinds])
    m = torch.from_numpy(masks).float()[:, None]
    sigma = draw_sigma(count, rng, 0.002, 0.2)
    y = noisy(clean, sigma, rng) * m
    kept = bins(m.mean((1, 2, 3)).numpy(), (0.25, 0.45, 0.9))
    classes = zip(kinds.tolist(), kept, sigma, strict=True)
    hardness = [10 * k + b + 4 * (s > 0.03) for k, b, s in classes]
    return Problem.drawn(Mask(), clean, y, fill(y, m), (m,), sigma, hardness)


def _random_pixels(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """[H,W] one to six pixels in ten observed; more in a fifth of the masks."""
    keep = rng.uniform(0.1, 0.6) if rng.random() < 0.8 else rng.uniform(0.6, 0.95)
    return degradations.random_mask(height, width, keep, rng)


def _box(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """[H,W] a box anywhere is lost; its sides are a twelfth to two thirds of the height."""
    m, (h, w) = np.ones((height, width)), rng.integers(height // 12, height * 2 // 3, 2)
    top, left = rng.integers(0, height - h), rng.integers(0, width - w)
    m[top : top + h, left : left + w] = 0
    return m
