"""The verb `evaluate.py public`: its options, and what it does."""

import argparse
import sys
from pathlib import Path

from ud2m.evaluation.public.protocols import PROTOCOLS, levin
from ud2m.evaluation.public.scores import Kept, Networks, Task, scores
from ud2m.evaluation.public.table import page

LEVIN = "levin"  # the protocol that needs a file


def add_options(p: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    p.add_argument(
        "--models", nargs="+", type=Path, required=True, help="folders of packages, or step files"
    )
    p.add_argument("--steps", nargs="+", type=int, default=[1, 3], help="outer steps N")
    p.add_argument(
        "--data",
        nargs="+",
        type=Path,
        required=True,
        help="folders that hold the sets, such as cbsd68, each a folder of PNG images",
    )
    p.add_argument(
        "--kernels", type=Path, help="the eight kernels of Levin et al. 2009, as .npz; for `levin`"
    )
    p.add_argument("--tables", nargs="+", default=[*PROTOCOLS, LEVIN], choices=[*PROTOCOLS, LEVIN])
    p.add_argument(
        "--limit", type=int, default=0, help="pictures of each set, spread over it; 0 all"
    )
    p.add_argument(
        "--keep",
        type=Path,
        help="file of scores, written as they come: what it holds is not measured again",
    )
    p.add_argument(
        "--kept-only", action="store_true", help="measure nothing; what is not kept is a dash"
    )
    p.add_argument("--report", type=Path, help="the Markdown file to write")


def run(a: argparse.Namespace) -> None:
    """Scores networks by the protocols of papers, beside the figures that others published.

    An interrupted run goes on by the same command with the same --keep.
    """
    if LEVIN in a.tables and a.kernels is None:
        raise SystemExit("The table levin needs --kernels FILE; give it, or leave levin out.")
    if bad := [n for n in a.steps if not 1 <= n <= 100]:
        raise SystemExit(f"--steps {bad[0]} is no count of outer steps; choose 1 to 100.")
    kept, found = Kept(a.keep, a.kept_only), {}
    rows = [None, *(Networks(path, steps) for path in a.models for steps in a.steps)]
    for name in a.tables:
        protocol = levin(a.kernels) if name == LEVIN else PROTOCOLS[name]
        task = Task(name, protocol, a.data, a.limit)
        cells = {row.title if row else "input": scores(task, row, kept) for row in rows}
        found[name] = task, cells
    text = page(found, sys.argv[2:])
    print("\n" + text)
    if a.report:
        a.report.write_text(text)
