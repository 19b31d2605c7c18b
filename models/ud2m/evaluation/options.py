"""The options of `evaluate.py` that its verbs share."""

import argparse
from pathlib import Path

from ud2m.evaluation.cases import CASES


def add_models(p: argparse.ArgumentParser) -> None:
    """The options that say what restores."""
    p.add_argument(
        "--denoiser",
        type=Path,
        required=True,
        help="the undistilled denoiser: what the samplers run on",
    )
    p.add_argument("--scalars", type=Path, help="scalars of the undistilled step")
    p.add_argument(
        "--model",
        type=Path,
        help="the folder of a package, or a step file, instead of the undistilled step",
    )
    p.add_argument(
        "--initial",
        choices=["ram"],
        help="what UD²M starts from instead of a plain inverse; "
        "an initial network of the step goes on from it",
    )
    p.add_argument(
        "--ram-weights",
        type=Path,
        metavar="FILE",
        help="weights of RAM (ud2m/evaluation/ram.py says where they are)",
    )


def add_realism(p: argparse.ArgumentParser, usual: float) -> None:
    """The option that asks a step for its mean or for samples."""
    p.add_argument(
        "--realism",
        type=float,
        default=usual,
        choices=(0.0, 1.0),
        help=f"0 the posterior mean, 1 samples, of steps that have both (default: {usual:.0f})",
    )


def add_images(p: argparse.ArgumentParser) -> None:
    """The options that say on what, and where the scores go."""
    p.add_argument("--images", type=Path, required=True)
    p.add_argument("--limit", type=int, default=0, help="the first so many images; 0 all")
    p.add_argument(
        "--crop", type=int, default=0, help="pixels of each side's middle; 0 the whole image"
    )
    p.add_argument(
        "--steps", type=int, default=3, help="outer steps N, where --counts does not say"
    )
    p.add_argument(
        "--stochasticity", type=float, default=0.0, help="zeta of the outer sampler, 0 … 1"
    )
    p.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    p.add_argument("--json", type=Path)
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))


def check(a: argparse.Namespace) -> None:
    """Ends with an error where options do not fit together."""
    if (a.scalars is None) == (a.model is None):
        a.error("give the step by either --scalars or --model.")
    if (a.initial is None) != (a.ram_weights is None):
        a.error("--initial ram and --ram-weights FILE go together.")
    if min(vars(a).get("counts") or [1]) < 1:
        a.error("--counts are numbers of evaluations: choose 1 or more.")
    if vars(a).get("samples", 2) < 2:
        a.error(f"--samples {a.samples} has no spread; choose 2 or more.")
