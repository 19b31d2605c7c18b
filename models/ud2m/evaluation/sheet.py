"""A sheet to look at: degraded images beside what several models make of them, and the truth."""

from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.bench import restore
from ud2m.evaluation.cases import CASES, degrade_images, upscaled
from ud2m.step.specialists import load_specialists

STEPS = 3  # N


def sheet(models: list[Path], cases: list[str], clean: list[torch.Tensor]) -> torch.Tensor:
    """[3,H,W] in [-1, 1]: a row for each case and image, input | each model | truth.

    models: step files, or folders of packages. clean: images [3,h,w] of one size.
    """
    nets = [load_specialists(path) for path in models]
    multiple = int(np.lcm.reduce([net.step(next(iter(net.families))).multiple for net in nets]))
    rows = []
    for name in cases:
        case = CASES[name]
        operator, degraded = degrade_images(case, clean, multiple)
        for d, before in zip(degraded, upscaled(operator, degraded), strict=True):
            c, row = d.observation, [before]
            for net in nets:
                step, generator = net.step(case.family), torch.Generator().manual_seed(0)
                counts = STEPS, step.iterations
                x0 = restore(step, c, 2 * case.sigma, counts, generator)
                row.append(x0[0][:, c.rows, c.columns])
            rows.append(torch.cat([*row, d.clean], -1))
    return torch.cat(rows, -2).clamp(-1, 1)
