"""Tries values of a sampler's free parameters on held-out training images: how settings.py was found.

    PYTHONPATH=models python -m ud2m.evaluation.samplers.tune --denoiser DENOISER --cache FOLDER --method dpir --family blur --grid lambda_=0.1,0.23 first=0.4

Objective: mean PSNR over the evaluation's own degradations of the family (the same kernels, masks and noise levels, which favours
the samplers), on images that neither the denoiser nor the evaluation has. Never run on evaluation images.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.cases import CASES
from ud2m.evaluation.metrics import psnr
from ud2m.evaluation.samplers import SAMPLERS
from ud2m.nn.weights import load_denoiser
from ud2m.physics.observation import observe
from ud2m.physics.operators import operator_of
from ud2m.training.data import crops, split


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--denoiser", type=Path, required=True)
    p.add_argument(
        "--cache",
        type=Path,
        required=True,
        help="folder of the decoded images (see train_denoiser.py)",
    )
    p.add_argument("--method", required=True, choices=SAMPLERS)
    p.add_argument("--family", required=True, choices=sorted({c.family for c in CASES.values()}))
    p.add_argument("--grid", nargs="+", required=True, metavar="NAME=VALUE,VALUE")
    p.add_argument("--images", type=int, default=3)
    p.add_argument("--size", type=int, default=96, help="side of the crops in pixels")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    images, sides = np.load(a.cache / "pixels.npy", mmap_mode="r"), np.load(a.cache / "sizes.npy")
    clean = crops(
        images,
        sides,
        a.images,
        a.size,
        np.random.default_rng(a.seed),
        split(len(images))[1],
        shrink=0,
    )
    denoiser = load_denoiser(a.denoiser).to(memory_format=torch.channels_last).requires_grad_(False)
    names, values = zip(
        *((n, [float(v) for v in vs.split(",")]) for n, vs in (g.split("=") for g in a.grid))
    )
    cases = {n: c for n, c in CASES.items() if c.family == a.family}
    for chosen in itertools.product(*values):
        found = []
        for case in cases.values():
            operator = operator_of(case.family)
            for i, x in enumerate(clean):
                y, physics = case.degrade(x, np.random.default_rng((a.seed, i)))
                c = observe(operator, y[None], physics, denoiser.config.multiple)
                settings = dict(zip(names, chosen))
                x0 = SAMPLERS[a.method](
                    denoiser,
                    operator,
                    c,
                    2 * case.sigma,
                    torch.Generator().manual_seed(i),
                    **settings,
                )
                found.append(psnr(x0[0][:, c.rows, c.columns].clamp(-1, 1), x, case.border))
        each = np.reshape(found, (len(cases), -1)).mean(1)
        setting = " ".join(f"{n}={v:g}" for n, v in zip(names, chosen))
        print(
            f"{a.method} {a.family} {setting}: {np.mean(found):.2f} dB  ({' '.join(f'{n} {v:.2f}' for n, v in zip(cases, each))})",
            flush=True,
        )


if __name__ == "__main__":
    main()
