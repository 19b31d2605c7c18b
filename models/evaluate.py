"""Scores the sampler on clean images that are degraded in known ways.

python models/evaluate.py cases --denoiser DENOISER --model PACKAGE --images FOLDER --limit 24
    the input, a classical method, UD²M
python models/evaluate.py cases … --methods ud2m dps diffpir ddrm dpir latino --counts 1 3 6 9 12
    samplers on the same denoiser
python models/evaluate.py sampling --denoiser DENOISER --model PACKAGE --images FOLDER
    whether samples are samples of the posterior, and whether their spread is honest
python models/evaluate.py stddev --denoiser DENOISER --model PACKAGE --images FOLDER
    whether the standard deviation that one call tells is that of the error
python models/evaluate.py public --models PACKAGE … --data FOLDER … --kernels FILE
    the protocols of papers, beside the figures that others published

Runs in PyTorch what the element runs in ONNX Runtime. `cases`, `sampling` and `stddev` cut sides
to multiples of 48 (a crop's: 16), and leave out 16 border pixels where a kernel reaches beyond the
image. `--report FILE SECTION` replaces one section of a Markdown file.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ud2m.evaluation import tables
from ud2m.evaluation.bench import NO_SAMPLER, Bench, Initial, columns_of, sampled, scored
from ud2m.evaluation.cases import CASES, degrade_images, load_images
from ud2m.evaluation.metrics.posterior import posterior
from ud2m.evaluation.options import add_images, add_models, add_realism, check
from ud2m.evaluation.public import command as public
from ud2m.evaluation.samplers import SAMPLERS, NotDefined
from ud2m.evaluation.stddev import FILE, Stddev, calibrated, table

INITIAL_NETWORK = (
    "Each outer step of UD²M begins with a pass of its initial network, a smaller one; "
    "evaluations do not count it, seconds do."
)
RAM = (
    "UD²M starts from RAM's answer to y: one more pass of that network for an image; "
    "evaluations do not count it, seconds do."
)
NO_LPIPS = "LPIPS is left out: its network was not there."


def main() -> None:
    a = arguments()
    a.run(a)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = p.add_subparsers(required=True, metavar="COMMAND")
    for run, add in (
        (evaluate_cases, add_cases),
        (evaluate_sampling, add_sampling),
        (evaluate_stddev, add_stddev),
        (public.run, public.add_options),
    ):
        name, text = run.__name__.removeprefix("evaluate_"), run.__doc__ or ""
        name = "public" if run is public.run else name
        sub = commands.add_parser(name, help=text.splitlines()[0], description=text)
        add(sub)
        sub.set_defaults(run=run, error=sub.error)
    a = p.parse_args()
    if a.run is not public.run:
        check(a)
    return a


def add_cases(p: argparse.ArgumentParser) -> None:
    add_models(p)
    add_images(p)
    p.add_argument("--methods", nargs="+", choices=["ud2m", *NO_SAMPLER, *SAMPLERS])
    p.add_argument(
        "--counts",
        nargs="+",
        type=int,
        help="evaluations N·K of UD²M: a multiple of the step's K, or less",
    )
    add_realism(p, 0.0)


def evaluate_cases(a: argparse.Namespace) -> None:
    """Scores one answer of each method: PSNR, SSIM, LPIPS, residual RMS, evaluations and time."""
    usual = [] if a.counts else list(NO_SAMPLER)
    columns = columns_of(a.methods or [*usual, "ud2m"], a.counts or [])
    rows, notes = scores(a, columns, scored)
    publish(a, rows, tables.comparison(rows, columns), notes, bool(a.counts))


def add_sampling(p: argparse.ArgumentParser) -> None:
    add_models(p)
    add_images(p)
    p.add_argument("--methods", nargs="+", default=["ud2m"], choices=["ud2m", *SAMPLERS])
    p.add_argument("--samples", type=int, default=8, help="samples M of each image")
    add_realism(p, 1.0)


def evaluate_sampling(a: argparse.Namespace) -> None:
    """Tells whether samples are samples of the posterior.

    PSNR and LPIPS of a sample and of the mean, spread against error, CRPS and energy score,
    coverage by wavelet band, power by Laplacian band.
    """
    columns = columns_of(a.methods, [])
    rows, notes = scores(a, columns, partial(sampled, samples=a.samples))
    notes.insert(1, f"{a.samples} samples of each, N = {a.steps} outer steps.")
    publish(a, rows, posterior(rows, a.samples), notes, False)


def add_stddev(p: argparse.ArgumentParser) -> None:
    add_models(p)
    add_images(p)
    p.add_argument("--network", type=Path, help=f"instead of {FILE} in the folder --model")
    p.set_defaults(realism=0.0)


def evaluate_stddev(a: argparse.Namespace) -> None:
    """Tells whether the standard deviation that one call tells is that of the error.

    Correlation over blocks of 8×8 pixels, calibration over ten bins.
    """
    path = a.network or (a.model / FILE if a.model else None)
    if path is None or not path.is_file():
        raise SystemExit(f"There is no {path or FILE}; write it with export.py --stddev.")
    rows, notes = scores(a, ["ud2m"], partial(calibrated, network=Stddev(path)))
    notes.insert(1, f"N = {a.steps} outer steps.")
    publish(a, rows, table(rows), notes, False)


def ram_initial(weights: Path) -> Initial:
    """The first estimate by RAM."""
    from ud2m.evaluation import ram  # deepinv takes seconds to import

    try:
        return partial(ram.initial, ram.load_ram(weights))
    except ValueError as reason:
        raise SystemExit(str(reason)) from reason


def scores(
    a: argparse.Namespace, columns: list[str], score: Callable[..., dict[str, float]]
) -> tuple[tables.Rows, list[str]]:
    """{case: {column: {score: value}}}, and what was measured and what is missing."""
    clean = load_images(a.images, a.limit, a.crop)
    families = {CASES[name].family for name in a.cases}
    first = ram_initial(a.ram_weights) if a.initial else None
    bench = Bench(
        a.denoiser, families, a.model, a.scalars, first, a.stochasticity, a.steps, a.realism
    )
    rows: tables.Rows = {}
    what = f"Images: {len(clean)}" + f", the middle {a.crop} pixels of each side" * bool(a.crop)
    notes = set()
    for name in a.cases:
        case, rows[name] = CASES[name], {}
        operator, degraded = degrade_images(case, clean, bench.multiple)
        for column in columns:
            try:
                found = score(bench, case, operator, degraded, column)
            except NotDefined as reason:
                notes.add(str(reason))
                continue
            rows[name][column] = found
            line = "  ".join(f"{k} {v:.4g}" for k, v in found.items())
            print(f"{name:17s} {column:10s} {line}", flush=True)
    notes |= {INITIAL_NETWORK} if bench.has_initial_network else set()
    notes |= {RAM} if bench.initial else set()
    notes |= {NO_LPIPS} if bench.lpips is None else set()
    return rows, [f"{what}.", *sorted(notes)]


def publish(
    a: argparse.Namespace, rows: tables.Rows, text: str, notes: list[str], with_counts: bool
) -> None:
    """Prints a table with its legend; writes the files that are asked for."""
    text += tables.legend(notes, sys.argv[1:])
    print("\n" + text)
    if a.json:
        a.json.write_text(json.dumps(rounded(rows, with_counts), indent=1))
    if a.report:
        tables.replace_section(Path(a.report[0]), a.report[1], text)


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
