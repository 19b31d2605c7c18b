"""Draws what steps make of degraded images, to look at: a row for each case and image, input | each step | truth.

python models/show.py --steps-from models/zoo/lite models/zoo/lite-perceptual --images FOLDER --out docs/presets.png
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ud2m.diffusion.sampler import sample
from ud2m.evaluation.cases import CASES, degrade_images, load_images, upscaled
from ud2m.step.specialists import load_specialists

STEPS = 3


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--steps-from",
        type=Path,
        nargs="+",
        required=True,
        help="distilled steps (distill.py), or folders of packages",
    )
    p.add_argument("--images", type=Path, required=True)
    p.add_argument("--cases", nargs="+", default=["super-resolve-x4", "inpaint-box"], choices=CASES)
    p.add_argument(
        "--places", type=int, nargs="+", default=[0, 1], help="places in the folder, by name"
    )
    p.add_argument("--crop", type=int, default=192)
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    clean = load_images(a.images, max(a.places) + 1, a.crop)
    nets = [load_specialists(path) for path in a.steps_from]
    multiple = int(np.lcm.reduce([net.step(next(iter(net.families))).multiple for net in nets]))
    rows = []
    for name in a.cases:
        case = CASES[name]
        operator, degraded = degrade_images(case, [clean[i] for i in a.places], multiple)
        for d, before in zip(degraded, upscaled(operator, degraded)):
            row = [before]
            for net in nets:
                c, step, shape = d.observation, net.step(case.family), d.observation.z0.shape
                generator = torch.Generator().manual_seed(0)
                normal = lambda *s: torch.randn(*s, generator=generator)
                run = lambda xt, z, n, t: step(
                    xt, z, c.y, n, t, torch.tensor([2 * case.sigma]), *c.physics
                )
                with torch.no_grad():
                    x0 = sample(
                        run,
                        c.z0,
                        normal(*shape),
                        STEPS,
                        lambda _: normal(1, net.iterations, *shape[1:]),
                        mean=net.ensemble,
                    )
                row.append(x0[0][:, c.rows, c.columns])
            rows.append(torch.cat([*row, d.clean], -1))
    sheet = ((torch.cat(rows, -2).clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0)
    Image.fromarray(sheet.numpy()).save(a.out)


if __name__ == "__main__":
    main()
