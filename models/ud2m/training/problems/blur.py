"""Problems of deblurring."""

import numpy as np
import torch

from ud2m.physics.canvas import Canvas, crossfade, up_to_multiple
from ud2m.physics.operators import Blur
from ud2m.physics.operators.fft import otf
from ud2m.training.problems.problem import Choices, Problem, Source, bins, draw_sigma, inset, noisy


def blur(
    source: Source, count: int, side: int, rng: np.random.Generator, choices: Choices
) -> Problem:
    """Convolution with another kernel in each image.

    A third of the batches are whole frames with borders.

    Half as many images of 1.5 times the side: what a sharp inverse makes of an edge rings far into
    a small crop.
    """
    count, side = max(1, count // 2), up_to_multiple(side * 3 / 2, 16)
    psfs = [choices.kernel(rng) for _ in range(count)]
    kernels = [torch.from_numpy(k.copy()) for k in psfs]
    operator, radius = Blur(), max(len(k) for k in psfs) // 2
    margin = operator.margin({"psf": max(kernels, key=len)})
    whole = rng.random() < 1 / 3
    if whole:  # a canvas with room for the margins
        side = up_to_multiple(max(side + 32, 2 * margin + 48), 16)
    visible = side - 2 * margin if whole else side
    big = source(count, visible + 2 * radius)
    blurred = _circular(big, torch.stack([otf(k, *big.shape[-2:]) for k in kernels]))
    cut = slice(radius, radius + visible)
    sigma = draw_sigma(count, rng, 0.002, 0.1)
    y, clean = noisy(blurred[..., cut, cut], sigma, rng), big[..., cut, cut]
    band = min(margin, side // 8)
    if whole:
        canvas = Canvas.around(visible, visible, margin, 1)
        y, clean = (canvas.pad(v, operator.border) for v in (y, clean))
    transfer = torch.stack([otf(k, side, side) for k in kernels])[:, None]
    # Inside a tile the blur does not wrap either.
    mask = inset(side, margin if whole else max(band, radius)).expand(count, -1, -1, -1)
    widths = np.array([(k**2).sum() for k in psfs])
    classes = zip(bins(sigma, (0.006, 0.03)), bins(widths, (0.01, 0.04)), strict=True)
    hardness, border = [3 * a + b for a, b in classes], margin if whole else side // 6
    observed, physics = crossfade(y, band), (transfer, mask)
    return Problem.drawn(operator, clean, observed, y, physics, sigma, hardness, border)


def _circular(x: torch.Tensor, spectra: torch.Tensor) -> torch.Tensor:
    """Each image of x [B,3,H,W] convolved with its kernel, whose transform is in [B,2,H,W]."""
    half = torch.complex(*spectra[:, None].unbind(2))[..., : x.shape[-1] // 2 + 1]
    return torch.fft.irfft2(torch.fft.rfft2(x) * half, x.shape[-2:])
