"""Writes a model package: step graphs, shared weights, golden files, card.

python models/export.py --prior runs/lite/prior.safetensors --knobs runs/lite/knobs.json --name lite --out models/zoo/lite
"""

import argparse
import json
import sys
from pathlib import Path

from ud2m.export import ExportError, export
from ud2m.unfolding import KnobValues
from ud2m.weights import load_prior, provenance


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prior", type=Path, required=True)
    p.add_argument("--knobs", type=Path, required=True, help="scalars of each family (search_knobs.py)")
    p.add_argument("--scores", type=Path, help="JSON of measured scores for the manifest (evaluate.py)")
    p.add_argument("--name", default="lite")
    p.add_argument("--version", default="1")
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    knobs = {f: KnobValues(**entry["values"]) for f, entry in json.loads(a.knobs.read_text()).items()}
    about = {
        "name": a.name,
        "version": a.version,
        "licence": "MPL-2.0",
        "training": provenance(a.prior),
        "scores": json.loads(a.scores.read_text()) if a.scores else {},
    }
    a.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        misses = export(load_prior(a.prior), knobs, a.out, about)
    except ExportError as e:
        print(f"export refused: {e}", file=sys.stderr)
        return 1
    for family, miss in misses.items():
        print(f"{family + '.onnx':16s} differs from PyTorch by {miss:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
