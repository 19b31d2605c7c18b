"""What each departure from the paper is worth: the numbers of docs/architecture.md.

    python models/ablate.py --denoiser models/zoo/lite/denoiser.safetensors --scalars models/zoo/lite/scalars.json --cache runs/lite/cache

Mean PSNR of the full sampler (N = 3, K = 3) on held-out training images, with one thing changed at a time.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from search_scalars import Bench
from ud2m.nn.weights import load_denoiser
from ud2m.physics.operators import FAMILIES, blur, downscale
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.training.data import crops, split


class PaperScalars(Scalars):
    """One inner level for all iterations: 1/rho² = 1/sigma_y² + 1/sigma_t²."""

    def level(self, sigma_t, sigma_y, share):
        return sigma_t * sigma_y / torch.sqrt(sigma_t.square() + sigma_y.square())


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--denoiser", type=Path, required=True)
    p.add_argument("--scalars", type=Path, required=True)
    p.add_argument(
        "--cache",
        type=Path,
        required=True,
        help="folder of the decoded images (see train_denoiser.py)",
    )
    p.add_argument(
        "--families",
        nargs="+",
        default=[f for f in FAMILIES if f not in ("downscale2", "downscale3")],
    )
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--seed", type=int, default=1, help="other degradation than the search saw")
    a = p.parse_args()
    images, sides = np.load(a.cache / "pixels.npy", mmap_mode="r"), np.load(a.cache / "sizes.npy")
    clean = crops(
        images, sides, a.images, 128, np.random.default_rng(a.seed), split(len(images))[1], shrink=0
    )
    denoiser = load_denoiser(a.denoiser).to(memory_format=torch.channels_last)
    scalars = json.loads(a.scalars.read_text())
    print(
        f"{'family':11s} {'shipped':>8s} {'paper':>8s} {'restart':>8s} {'fresh=1':>8s} {'wrapped':>8s}   dB"
    )
    for family in a.families:
        values, bench = (
            ScalarValues(**scalars[family]["values"]),
            Bench(family, clean, denoiser, a.seed),
        )
        mean = lambda v, **how: bench.scores(v, **how).mean()
        row = [
            mean(values),
            mean(
                ScalarValues(fresh_first=1.0, fresh_last=1.0), make=PaperScalars
            ),  # levels, fresh noise and weights as in the paper
            mean(values, chain=False),  # each step starts from the observation again
            mean(replace(values, fresh_first=1.0, fresh_last=1.0)),
        ]
        crossfade = blur.crossfade
        blur.crossfade = downscale.crossfade = lambda y, band: y
        row.append(
            Bench(family, clean, denoiser, a.seed).scores(values).mean()
        )  # the mirrored frame wraps with a step
        blur.crossfade = downscale.crossfade = crossfade
        print(f"{family:11s} " + " ".join(f"{v:8.2f}" for v in row), flush=True)


if __name__ == "__main__":
    main()
