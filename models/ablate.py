"""Tells what each part is worth: of the unfolded step (step), or of its training (distillation).

python models/ablate.py step --denoiser models/zoo/lite/denoiser.safetensors \\
    --scalars models/zoo/lite/scalars.json --cache runs/lite/cache
python models/ablate.py distillation --shards a.tar b.tar c.tar --cache runs/cache \\
    --kernels KERNELS --denoiser models/zoo/lite/denoiser.safetensors \\
    --scalars models/zoo/lite/scalars.json --out runs/ablation --image-budget 2400 \\
    --report docs/results/images.md ablation --plot docs/images/ablation.png
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation import tables
from ud2m.evaluation.ablation import distillation
from ud2m.evaluation.ablation.distillation import BASE, VARIANTS
from ud2m.evaluation.ablation.step import COLUMNS, departures
from ud2m.nn.weights import load_denoiser
from ud2m.physics.operators import FAMILIES
from ud2m.step.scalars import ScalarValues
from ud2m.training.data import held_out_crops


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = p.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("step", ablate_step), ("distillation", ablate_distillation)):
        text = run.__doc__ or ""
        sub = commands.add_parser(name, help=text.splitlines()[0], description=text)
        for option in ("denoiser", "scalars"):
            sub.add_argument(f"--{option}", type=Path, required=True)
        (step_options if name == "step" else distillation_options)(sub)
        sub.set_defaults(run=run)
    a = p.parse_args()
    a.run(a)


def step_options(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--cache",
        type=Path,
        required=True,
        help="folder of the decoded images (see train_denoiser.py)",
    )
    usual = [f for f in FAMILIES if f not in ("downscale2", "downscale3")]
    p.add_argument("--families", nargs="+", default=usual, choices=FAMILIES)
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--seed", type=int, default=1, help="other degradation than the search saw")


def ablate_step(a: argparse.Namespace) -> None:
    """Tells what each departure of the undistilled step from the paper is worth.

    Mean PSNR in dB of the full sampler (N = 3, K = 3) on held-out training images, with one thing
    changed at a time: the numbers of docs/decisions/008-inner-levels.md.
    """
    clean = held_out_crops(a.cache, a.images, np.random.default_rng(a.seed))
    denoiser = load_denoiser(a.denoiser).to(memory_format=torch.channels_last)
    scalars = json.loads(a.scalars.read_text())
    print(" ".join([f"{'family':11s}", *(f"{c:>8s}" for c in COLUMNS)]) + "   dB")
    for family in a.families:
        values = ScalarValues(**scalars[family]["values"])
        row = departures(family, clean, denoiser, values, a.seed)
        print(f"{family:11s} " + " ".join(f"{v:8.2f}" for v in row.values()), flush=True)


def distillation_options(p: argparse.ArgumentParser) -> None:
    for name in ("shards", "out"):
        p.add_argument(
            f"--{name}", type=Path, required=True, nargs="+" if name == "shards" else None
        )
    p.add_argument("--cache", type=Path, help="folder of the decoded images (default: OUT/cache)")
    p.add_argument("--kernels", type=Path, help="folder of .npz files with recorded blur kernels")
    p.add_argument(
        "--image-budget", type=int, default=2400, help="problems that each variant is trained on"
    )
    p.add_argument("--batch", type=int, default=6)
    p.add_argument(
        "--crop",
        type=int,
        default=48,
        help="small crops: more of them in the time; the order of the variants is the same",
    )
    p.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))
    p.add_argument("--plot", type=Path)


def ablate_distillation(a: argparse.Namespace) -> None:
    """Tells what each part of the distillation is worth.

    Trains variants on equally many problems from one denoiser. Runs that are there already are not
    trained again.
    """
    a.out.mkdir(parents=True, exist_ok=True)
    rows = {name: trained(a, name) for name in dict.fromkeys([BASE, *a.variants])}
    text = distillation.table(rows)
    print(text)
    if a.report:
        what = f"Trained on {a.image_budget:,} problems each, crops of {a.crop}."
        note = "\n" + tables.footnote(what, sys.argv[1:], Path(__file__).name)
        tables.replace_section(Path(a.report[0]), a.report[1], text + note)
    if a.plot:
        distillation.plot(rows, a.plot)


def trained(a: argparse.Namespace, name: str) -> dict[str, float]:
    """The last scores of a variant, trained if it is not there."""
    out = a.out / distillation.folder(name)
    if not (out / "step.safetensors").exists():
        options = {
            "denoiser": a.denoiser,
            "scalars": a.scalars,
            "out": out,
            "cache": a.cache or a.out / "cache",
            "kernels": a.kernels,
            "image-budget": a.image_budget,
            "batch": a.batch,
            "crop": a.crop,
            "seed": 0,
            "every": 1e9,
        }
        command = [sys.executable, Path(__file__).parent / "distill.py", "--shards", *a.shards]
        for option, value in options.items():
            command += [f"--{option}", str(value)] if value is not None else []
        subprocess.run([*command, *VARIANTS[name]], check=True)
    return json.loads((out / "stats.jsonl").read_text().splitlines()[-1])


if __name__ == "__main__":
    main()
