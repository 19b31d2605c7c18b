"""Averages the weights of two distilled steps, makes a step larger, or draws what steps answer.

python models/checkpoint.py average --first runs/a/step.safetensors \\
    --second runs/b/step.safetensors --share 0.65 --out step.safetensors
python models/checkpoint.py grow --step models/zoo/lite/step.safetensors --size base \\
    --out runs/base/start.safetensors
python models/checkpoint.py show --model models/zoo/lite models/zoo/lite-perceptual \\
    --images FOLDER --out sheet.png
"""

import argparse
from pathlib import Path

import torch
from PIL import Image

from ud2m.evaluation.cases import CASES, load_images
from ud2m.evaluation.sheet import sheet
from ud2m.nn.denoiser import SIZES
from ud2m.nn.weights import provenance
from ud2m.step.model import average, grow, load_model, save_model


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = p.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_average, add_grow, add_show):
        add(commands)
    a = p.parse_args()
    try:
        a.run(a)
    except ValueError as reason:
        p.error(str(reason))


def command(commands, run) -> argparse.ArgumentParser:
    """A sub-command with the name and the docstring of the function that it runs."""
    name, text = run.__name__.removesuffix("_steps"), run.__doc__
    p = commands.add_parser(name, help=text.splitlines()[0], description=text)
    p.set_defaults(run=run)
    return p


def add_average(commands) -> None:
    p = command(commands, average_steps)
    for name in ("first", "second", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1")
    p.add_argument(
        "--ensemble",
        action="store_true",
        help="the steps of the result see mirrored images (ud2m.step.unfolded.UnfoldedStep)",
    )


def average_steps(a: argparse.Namespace) -> None:
    """Averages the weights of two steps of one shape.

    Two ends of one training path often lie in one basin, and a point between them errs less than
    either (Wortsman et al. 2022, arXiv 2203.05482). Choose the share on held-out problems.
    """
    if not 0 <= a.share <= 1:
        raise ValueError(f"--share {a.share} must be between 0 and 1.")
    mean = average(load_model(a.first), load_model(a.second), a.share)
    mean.ensemble |= a.ensemble
    first, second = (provenance(path) for path in (a.first, a.second))
    about = {"share": a.share, "ensemble": mean.ensemble, "first": first, "second": second}
    save_model(mean, a.out, {"average": about})


def add_grow(commands) -> None:
    p = command(commands, grow_steps)
    p.add_argument(
        "--step", type=Path, required=True, help="step.safetensors of the smaller network"
    )
    p.add_argument("--size", choices=SIZES, default="base")
    p.add_argument("--seed", type=int, default=0, help="of the new weights")
    p.add_argument("--out", type=Path, required=True)


def grow_steps(a: argparse.Namespace) -> None:
    """Grows a step to a larger network that answers the same.

    Train on from there: python models/distill.py --start OUT …
    """
    torch.manual_seed(a.seed)
    grown = grow(load_model(a.step), SIZES[a.size])
    a.out.parent.mkdir(parents=True, exist_ok=True)
    about = {"size": a.size, "seed": a.seed, "from": provenance(a.step)}
    save_model(grown, a.out, {"grown": about})


def add_show(commands) -> None:
    p = command(commands, show_steps)
    p.add_argument(
        "--model",
        type=Path,
        nargs="+",
        required=True,
        help="step files (distill.py), or folders of packages",
    )
    p.add_argument("--images", type=Path, required=True)
    p.add_argument("--cases", nargs="+", default=["super-resolve-x4", "inpaint-box"], choices=CASES)
    p.add_argument(
        "--places", type=int, nargs="+", default=[0, 1], help="places in the folder, by name"
    )
    p.add_argument("--crop", type=int, default=192, help="pixels a side")
    p.add_argument("--steps", type=int, default=3, help="outer steps N")
    p.add_argument(
        "--samples",
        type=int,
        default=0,
        help="draw so many samples of each model that has them, and their standard deviation",
    )
    p.add_argument("--out", type=Path, required=True)


def show_steps(a: argparse.Namespace) -> None:
    """Draws a row for each case and image: input | each model | truth."""
    clean = load_images(a.images, max(a.places) + 1, a.crop)
    chosen = [clean[i] for i in a.places]
    drawn = sheet(a.model, a.cases, chosen, a.steps, a.samples)
    codes = ((drawn + 1) * 127.5).round().byte().permute(1, 2, 0)
    Image.fromarray(codes.numpy()).save(a.out)


if __name__ == "__main__":
    main()
