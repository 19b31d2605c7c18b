"""Grows a distilled step to a larger network that answers the same, to be trained on from there.

    python models/grow.py --step models/zoo/lite/step.safetensors --size base --out runs/base/start.safetensors

Then: python models/distill.py --start runs/base/start.safetensors …
"""

import argparse
from pathlib import Path

import torch

from ud2m.nn.denoiser import SIZES
from ud2m.nn.weights import provenance
from ud2m.step.model import grow, load_model, save_model


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--step", type=Path, required=True, help="step.safetensors of the smaller network"
    )
    p.add_argument("--size", choices=SIZES, default="base")
    p.add_argument("--seed", type=int, default=0, help="of the new weights")
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    try:
        grown = grow(load_model(a.step), SIZES[a.size])
    except ValueError as reason:
        p.error(str(reason))
    a.out.parent.mkdir(parents=True, exist_ok=True)
    save_model(
        grown, a.out, {"grown": {"size": a.size, "seed": a.seed, "from": provenance(a.step)}}
    )


if __name__ == "__main__":
    main()
