"""Tries values of a sampler's free parameters on held-out training images: so settings.py was made.

    python -m ud2m.evaluation.samplers.tune --denoiser DENOISER --cache FOLDER \\
        --method dpir --family blur --grid lambda_=0.1,0.23 first=0.4

Objective: mean PSNR over the evaluation's own degradations of the family (the same kernels, masks
and noise levels, which favours the samplers), on images that neither the denoiser nor the
evaluation has. Never run on evaluation images.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.cases import CASES, Case
from ud2m.evaluation.metrics import psnr
from ud2m.evaluation.samplers import SAMPLERS, Restoration
from ud2m.nn.denoiser import Denoiser
from ud2m.nn.weights import load_denoiser
from ud2m.physics.observation import observe
from ud2m.physics.operators import operator_of
from ud2m.training.data import crops, split


def main() -> None:
    a = arguments()
    images, sides = np.load(a.cache / "pixels.npy", mmap_mode="r"), np.load(a.cache / "sizes.npy")
    held, rng = split(len(images))[1], np.random.default_rng(a.seed)
    clean = crops(images, sides, a.images, a.size, rng, held, shrink=0)
    denoiser = load_denoiser(a.denoiser).to(memory_format=torch.channels_last).requires_grad_(False)
    grid = {name: values.split(",") for name, values in (g.split("=") for g in a.grid)}
    cases = {n: c for n, c in CASES.items() if c.family == a.family}
    for values in itertools.product(*grid.values()):
        settings = {name: float(v) for name, v in zip(grid, values, strict=True)}
        each = {
            n: mean_psnr(a.method, denoiser, c, clean, a.seed, settings) for n, c in cases.items()
        }
        chosen = " ".join(f"{n}={v:g}" for n, v in settings.items())
        mean = np.mean(list(each.values()))
        parts = " ".join(f"{n} {v:.2f}" for n, v in each.items())
        print(f"{a.method} {a.family} {chosen}: {mean:.2f} dB  ({parts})", flush=True)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--denoiser", type=Path, required=True)
    cache = "folder of the decoded images (see train_denoiser.py)"
    p.add_argument("--cache", type=Path, required=True, help=cache)
    p.add_argument("--method", required=True, choices=SAMPLERS)
    p.add_argument("--family", required=True, choices=sorted({c.family for c in CASES.values()}))
    p.add_argument("--grid", nargs="+", required=True, metavar="NAME=VALUE,VALUE")
    p.add_argument("--images", type=int, default=3)
    p.add_argument("--size", type=int, default=96, help="side of the crops in pixels")
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def mean_psnr(
    method: str,
    denoiser: Denoiser,
    case: Case,
    clean: torch.Tensor,
    seed: int,
    settings: dict[str, float],
) -> float:
    """In dB, of a method with these settings on the case of images [N,3,H,W]."""
    operator, found = operator_of(case.family), []
    for i, x in enumerate(clean):
        y, parameters = case.degrade(x, np.random.default_rng((seed, i)))
        c = observe(operator, y[None], parameters, denoiser.config.multiple)
        generator = torch.Generator().manual_seed(i)
        given = Restoration(denoiser, operator, c, 2 * case.sigma, generator)
        x0 = SAMPLERS[method](given, **settings)
        found.append(psnr(x0[0][:, c.rows, c.columns].clamp(-1, 1), x, case.border))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
