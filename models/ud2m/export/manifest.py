"""The manifest of a step graph: what a reader needs to run it, as JSON under one metadata key."""

import json
from pathlib import Path

import onnx

from ud2m.diffusion.schedule import BETA_FIRST, BETA_LAST, LEVELS
from ud2m.export.digests import digests
from ud2m.step.unfolded import UnfoldedStep

KEY = "ud2m.manifest"
SCHEMA = 2


def manifest(
    graph: str, step: UnfoldedStep, multiple: int, halo: int, shapes: dict, about: dict
) -> dict:
    """All fields but the digests.

    multiple, halo: pixels. shapes: of each input, where a string is a free dimension.

    about: name, version, licence, training, scores. A step that is an ensemble asks the sampler for
    the weighted mean of its estimates (`aggregation`).
    """
    return {
        "schema": SCHEMA,
        "family": graph,
        "scale": step.operator.scale,
        "range": [-1, 1],
        "size_multiple": multiple,
        "halo": halo,
        "iterations": step.iterations,
        "levels": LEVELS,
        "beta": [BETA_FIRST, BETA_LAST],
        "sigma_y": [0.0, 1.0],
        "inputs": shapes,
        "output": {"x0": ["B", 3, "H", "W"]},
        **({"aggregation": "mean"} if step.ensemble else {}),
        **about,
    }


def attach(model: onnx.ModelProto, fields: dict, folder: Path) -> None:
    """Puts a manifest of these fields, with the digests, into a graph that belongs to `folder`."""
    text = json.dumps({**fields, **digests(model, folder)}, separators=(",", ":"))
    onnx.helper.set_model_props(model, {KEY: text})


def reseal(package: Path) -> list[str]:
    """Writes the digests of a package's files, as they are now, into its manifests.

    For packages of an earlier schema, and after a change by hand. Returns the graphs' names.
    """
    graphs = sorted(package.glob("*.onnx"))
    for path in graphs:
        model = onnx.load(path, load_external_data=False)
        text = {p.key: p.value for p in model.metadata_props}[KEY]
        attach(model, {**json.loads(text), "schema": SCHEMA}, package)
        onnx.save(model, path)
    return [path.name for path in graphs]
