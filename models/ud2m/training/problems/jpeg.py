"""Problems of JPEG restoration."""

import numpy as np
import torch

from ud2m.physics.generators import degradations
from ud2m.physics.operators import Jpeg
from ud2m.physics.operators.jpeg import quantisation
from ud2m.training.problems.problem import (
    DEFAULT_SIGMA,
    Choices,
    Problem,
    Source,
    bins,
    draw_sigma,
    noisy,
)

CODECS = (  # chroma subsampling, whether the planes are as they were decoded, how often
    ("4:2:0", False, 0.42),
    ("4:2:0", True, 0.3),
    ("4:2:2", True, 0.13),
    ("4:4:4", True, 0.15),
)


def jpeg(
    source: Source, count: int, side: int, rng: np.random.Generator, choices: Choices
) -> Problem:
    """Quality 5 to 95, low ones more often; chroma interpolated, or planes as decoded."""
    clean = source(count, side)
    subsampling, planes, _ = CODECS[rng.choice(len(CODECS), p=[share for *_, share in CODECS])]
    quality = np.clip(np.exp(rng.normal(np.log(22), 0.75, count)), 5, 95).astype(int)
    operator = Jpeg(subsampling)
    luma, chroma = zip(*(quantisation(int(q)) for q in quality), strict=True)
    tables = torch.stack(luma), torch.stack(chroma)
    if planes:
        with torch.autocast("cpu", enabled=False):  # in half precision the codes would be others
            y = operator.decoded(clean, *tables)
    else:
        pairs = zip(clean, quality, strict=True)
        y = torch.stack([degradations.jpeg(x, int(q), subsampling)[0] for x, q in pairs])
    sigma = np.full(count, DEFAULT_SIGMA)
    if not planes and rng.random() < 0.25:
        sigma = draw_sigma(count, rng, 0.003, 0.05, 0.0)
        y = noisy(y, sigma, rng)
    return Problem.drawn(operator, clean, y, y, tables, sigma, bins(quality, (9, 15, 30, 60)))
