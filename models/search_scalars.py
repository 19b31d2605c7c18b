"""Chooses the scalars of the undistilled step, a family at a time, on held-out training images.

python models/search_scalars.py --denoiser runs/lite/denoiser.safetensors \\
    --cache runs/lite/cache --out runs/lite/scalars.json

Objective: mean PSNR of the full sampler (N = 3, K = 3) over the degradations of
`ud2m.evaluation.scalar_search.CASES`. Never run it on evaluation images.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.scalar_search import Bench, search
from ud2m.nn.weights import load_denoiser
from ud2m.physics.operators import FAMILIES
from ud2m.step.scalars import ScalarValues, untuned
from ud2m.training.data import held_out_crops


def main() -> None:
    a = arguments()
    clean = held_out_crops(a.cache, a.images, np.random.default_rng(a.seed))
    denoiser = load_denoiser(a.denoiser).to(memory_format=torch.channels_last)
    found = json.loads(a.out.read_text()) if a.out.exists() else {}
    for family in a.families:
        begin = ScalarValues(**found[family]["values"]) if family in found else untuned(family)
        bench = Bench(family, clean, denoiser, a.seed)
        best, score = search(bench, begin, a.tries, a.seed, partial(print, flush=True))
        found[family] = {
            "values": best.to_dict(),
            "psnr": round(score, 3),
            "images": a.images,
            "seed": a.seed,
        }
        a.out.write_text(json.dumps(found, indent=1))


def arguments() -> argparse.Namespace:
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
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--families", nargs="+", default=FAMILIES)
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--tries", type=int, default=60)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


if __name__ == "__main__":
    main()
