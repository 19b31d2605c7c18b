"""Writes a model package: step graphs, the files that hold their weights, golden files.

    python models/export.py --step runs/distil/step.safetensors --name lite --out models/zoo/lite

The graphs point into the step files, of which the package gets copies. Without --step, a denoiser
is unfolded as it is, and its weights are written as weights.safetensors:
--denoiser runs/lite/denoiser.safetensors --scalars runs/lite/scalars.json

    python models/export.py --reseal --out models/zoo/lite

writes the digests of a package's files, as they are, into its manifests: for packages that were
exported before manifests had digests.

    python models/export.py --stddev runs/stddev/stddev.safetensors --out models/zoo/lite

adds to a package the network that tells the standard deviation of its answers (train_stddev.py).
"""

import argparse
import json
import sys
from pathlib import Path

from ud2m.export.manifest import reseal, step_graphs
from ud2m.export.package import ExportError, export, unfolded
from ud2m.export.stddev import StddevExportError, export_stddev
from ud2m.nn import weights
from ud2m.nn.stddev import load_stddev
from ud2m.physics.operators import graphs_of
from ud2m.step.scalars import ScalarValues
from ud2m.step.specialists import load_specialists, step_files, trainings


def main() -> int:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--step",
        type=Path,
        help="distilled step (distill.py), or the folder of one step for all families "
        "and of specialists, step-….safetensors",
    )
    p.add_argument("--denoiser", type=Path)
    p.add_argument("--scalars", type=Path, help="scalars of each family (search_scalars.py)")
    p.add_argument(
        "--scores", type=Path, help="JSON of measured scores for the manifest (evaluate.py)"
    )
    p.add_argument("--stddev", type=Path, help="network to add to the package --out")
    p.add_argument("--reseal", action="store_true", help="of the package --out, the digests alone")
    p.add_argument("--name", default="lite")
    p.add_argument("--version", default="1")
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    if a.reseal:
        print(f"{a.out}: {', '.join(reseal(a.out)) or 'no graphs'}")
        return 0
    if a.stddev:
        return add_stddev(a)
    if a.step:
        steps, training = load_specialists(a.step).steps(), trainings(a.step)
        files = step_files(a.step)
    elif a.denoiser and a.scalars:
        scalars = {
            f: ScalarValues(**entry["values"])
            for f, entry in json.loads(a.scalars.read_text()).items()
        }
        steps, training = (
            unfolded(weights.load_denoiser(a.denoiser), scalars),
            weights.provenance(a.denoiser),
        )
        files = []
    else:
        p.error("name --step, or --denoiser and --scalars.")
    about = described(a, training)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        misses = export(steps, a.out, about, files)
    except ExportError as e:
        print(f"export refused: {e}", file=sys.stderr)
        return 1
    for family, miss in misses.items():
        print(f"{family + '.onnx':16s} differs from PyTorch by {miss:.1e}")
    return 0


def described(a: argparse.Namespace, training: dict) -> dict:
    """What a manifest says of a graph for its readers."""
    return {
        "name": a.name,
        "version": a.version,
        "licence": "MPL-2.0",
        "training": training,
        "scores": json.loads(a.scores.read_text()) if a.scores else {},
    }


def add_stddev(a: argparse.Namespace) -> int:
    """Adds the graph of --stddev to the package --out, for those of its steps that it judges."""
    training = weights.provenance(a.stddev)
    trained = {g for family in training["options"]["families"] for g in graphs_of(family)}
    graphs = trained & {path.stem for path in step_graphs(a.out)}
    try:
        miss = export_stddev(load_stddev(a.stddev), a.out, graphs, described(a, training))
    except StddevExportError as e:
        print(f"export refused: {e}", file=sys.stderr)
        return 1
    print(f"stddev.onnx      differs from PyTorch by {miss:.1e}, for {', '.join(sorted(graphs))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
