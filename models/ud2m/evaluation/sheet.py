"""A sheet to look at: degraded images beside what several models make of them, and the truth."""

from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.bench import restore
from ud2m.evaluation.cases import CASES, degrade_images, upscaled
from ud2m.step.specialists import load_specialists

STEPS = 3  # N
GAIN = 8  # of the standard deviation of samples, as it is shown


def sheet(
    models: list[Path],
    cases: list[str],
    clean: list[torch.Tensor],
    steps: int = STEPS,
    samples: int = 0,
) -> torch.Tensor:
    """[3,H,W] in [-1, 1]: a row for each case and image, input | each model | truth.

    models: step files, or folders of packages. clean: images [3,h,w] of one size. steps: N.
    samples: of each model that has them, after its mean; 2 or more are followed by GAIN times
    their standard deviation, black where they agree.
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
                step = net.step(case.family)

                def answer(seed: int, realism: float, c=c, step=step, case=case) -> torch.Tensor:
                    counts, generator = (steps, step.iterations), torch.Generator()
                    generator.manual_seed(seed)
                    x0 = restore(step, c, 2 * case.sigma, counts, generator, realism=realism)
                    return x0[0][:, c.rows, c.columns]

                row.append(answer(0, 0.0))
                drawn = [answer(seed, 1.0) for seed in range(samples * step.takes_realism)]
                row += drawn
                if len(drawn) > 1:
                    spread = torch.stack(drawn).var(0).mean(0, keepdim=True).sqrt()
                    row.append((GAIN * spread - 1).expand_as(d.clean))
            rows.append(torch.cat([*row, d.clean], -1))
    return torch.cat(rows, -2).clamp(-1, 1)
