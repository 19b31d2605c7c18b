"""Problems of super-resolution."""

import numpy as np
import torch.nn.functional as F

from ud2m.physics.canvas import Canvas, crossfade, up_to_multiple
from ud2m.physics.operators import Downscale
from ud2m.physics.operators.downscale import antialias, gram, upscaled
from ud2m.training.problems.problem import Choices, Problem, Source, bins, draw_sigma, noisy

OTHERS = ("box", "triangle", "gaussian", "lanczos2")  # antialias kernels in three of ten batches


def downscale(
    scale: int, source: Source, count: int, side: int, rng: np.random.Generator, choices: Choices
) -> Problem:
    """Downscaling by bicubic or another antialias kernel, one a batch.

    A quarter of the batches are whole frames.

    Large scales: half as many images of 1.5 times the side, or most of the small image would be
    next to its edge.
    """
    kernel = antialias(scale, "bicubic" if rng.random() < 0.7 else str(rng.choice(OTHERS)))
    operator, whole, step = Downscale(scale), rng.random() < 0.25, 48 if scale == 3 else 16
    margin = operator.margin({})
    if scale > 2:
        count, side = max(1, count // 2), up_to_multiple(side * 3 / 2, step)
    if whole:
        side = up_to_multiple(2 * margin + 64, step)
    visible, reach = side - 2 * margin if whole else side, (kernel.shape[-1] - scale) // 2
    big = source(count, visible + 2 * reach)
    small = F.conv2d(big.reshape(-1, 1, *big.shape[-2:]), kernel[None, None], stride=scale)
    small = small.reshape(count, 3, visible // scale, visible // scale)
    sigma, cut = draw_sigma(count, rng, 0.002, 0.1, 0.6), slice(reach, reach + visible)
    y, clean = noisy(small.clamp(-1, 1), sigma, rng), big[..., cut, cut]
    if whole:
        canvas = Canvas.around(visible, visible, margin, 1)
        y, clean = canvas.pad(y, operator.border, scale), canvas.pad(clean, operator.border)
    physics = (kernel, gram(kernel, scale, side // scale, side // scale))
    observed, z0, hardness = crossfade(y, 2), upscaled(y, scale), bins(sigma, (0.006, 0.03))
    border = margin if whole else 2 * scale
    return Problem.drawn(operator, clean, observed, z0, physics, sigma, hardness, border)
