"""Scores the sampler on a folder of clean images, degraded in known ways.

python models/evaluate.py --denoiser DENOISER --model PACKAGE --images FOLDER --limit 24
    the input, a classical method, UD²M
python models/evaluate.py … --methods ud2m dps diffpir ddrm dpir latino --counts 1 3 6 9 12
    samplers on the same denoiser
python models/evaluate.py … --samples 8
    posterior mean; is the spread honest?

Runs in PyTorch what the element runs in ONNX Runtime. Sides are cut to multiples of 48 (a crop's:
16); 16 border pixels are not scored where a kernel reaches beyond the image. `--report FILE
SECTION` replaces one section of a Markdown file.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import torch

from ud2m.evaluation import tables
from ud2m.evaluation.bench import (
    ITERATIONS,
    NO_SAMPLER,
    Bench,
    Initial,
    columns_of,
    sampled,
    scored,
)
from ud2m.evaluation.cases import CASES, degrade_images, load_images
from ud2m.evaluation.samplers import SAMPLERS, NotDefined

INITIAL_NETWORK = (
    "Each outer step of UD²M begins with a pass of its initial network, a smaller one; "
    "evaluations do not count it, seconds do."
)
RAM = (
    "UD²M starts from RAM's answer to y: one more pass of that network for an image; "
    "evaluations do not count it, seconds do."
)


def main() -> None:
    a = arguments()
    clean = load_images(a.images, a.limit, a.crop)
    bench = Bench(
        a.denoiser,
        {CASES[c].family for c in a.cases},
        a.model,
        a.scalars,
        ram_initial(a.ram_weights) if a.initial else None,
        a.stochasticity,
    )
    usual = [] if a.samples or a.counts else list(NO_SAMPLER)
    columns = columns_of(a.methods or [*usual, "ud2m"], a.counts or [ITERATIONS * a.steps])
    rows, notes = scores(bench, a.cases, clean, columns, a.samples)
    notes |= {INITIAL_NETWORK} if bench.has_initial_network else set()
    notes |= {RAM} if bench.initial else set()
    what = f"Images: {len(clean)}"
    what += f", the middle {a.crop} pixels of each side" if a.crop else ""
    text = tables.posterior(rows) if a.samples else tables.comparison(rows, columns)
    text += tables.legend(what, sorted(notes), bench.lpips is not None, sys.argv[1:])
    print("\n" + text)
    if a.json:
        a.json.write_text(json.dumps(rounded(rows, bool(a.counts)), indent=1))
    if a.report:
        tables.replace_section(Path(a.report[0]), a.report[1], text)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_models(p)
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
    p.add_argument("--methods", nargs="+", choices=["ud2m", *NO_SAMPLER, *SAMPLERS])
    p.add_argument(
        "--counts", nargs="+", type=int, help="evaluations N·K of UD²M: 1, 2 or a multiple of 3"
    )
    p.add_argument("--samples", type=int, default=0, help="samples of the posterior for each image")
    p.add_argument("--json", type=Path)
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))
    a = p.parse_args()
    check(p, a)
    return a


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


def check(p: argparse.ArgumentParser, a: argparse.Namespace) -> None:
    """Ends with an error where options do not fit together."""
    if (a.scalars is None) == (a.model is None):
        p.error("give the step by either --scalars or --model.")
    if bad := [n for n in a.counts or [] if n < 1 or (n > ITERATIONS and n % ITERATIONS)]:
        p.error(f"--counts {bad[0]} is no N·K; choose 1, 2 or a multiple of {ITERATIONS}.")
    if (a.initial is None) != (a.ram_weights is None):
        p.error("--initial ram and --ram-weights FILE go together.")
    if a.samples == 1 or a.samples < 0:
        p.error(f"--samples {a.samples} has no spread; choose 2 or more.")
    if a.samples and set(a.methods or []) & set(NO_SAMPLER):
        p.error("the input and the classical methods draw no samples; leave them out of --methods.")


def ram_initial(weights: Path) -> Initial:
    """The first estimate by RAM."""
    from ud2m.evaluation import ram  # deepinv takes seconds to import

    try:
        return partial(ram.initial, ram.load_ram(weights))
    except ValueError as reason:
        raise SystemExit(str(reason)) from reason


def scores(
    bench: Bench, cases: list[str], clean: list[torch.Tensor], columns: list[str], samples: int
) -> tuple[tables.Rows, set[str]]:
    """{case: {column: {score: value}}}, and why columns are missing."""
    rows: tables.Rows = {}
    notes = set()
    for name in cases:
        case, rows[name] = CASES[name], {}
        operator, degraded = degrade_images(case, clean, bench.multiple)
        for column in columns:
            about = (bench, case, operator, degraded, column)
            try:
                found = sampled(*about, samples) if samples else scored(*about)
            except NotDefined as reason:
                notes.add(str(reason))
                continue
            rows[name][column] = found
            line = "  ".join(f"{k} {v:.4g}" for k, v in found.items())
            print(f"{name:17s} {column:10s} {line}", flush=True)
    return rows, notes


def rounded(rows: tables.Rows, with_counts: bool) -> tables.Rows:
    """The scores to four places; with_counts: columns keep their counts of evaluations."""
    return {
        case: {
            column if with_counts else column.partition("-")[0]: {
                k: round(v, 4) for k, v in found.items()
            }
            for column, found in row.items()
        }
        for case, row in rows.items()
    }


if __name__ == "__main__":
    main()
