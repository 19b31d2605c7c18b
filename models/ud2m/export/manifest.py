"""The manifest of a step graph: what a reader needs to run it, as JSON under one metadata key."""

import json
from pathlib import Path

import onnx

from ud2m.diffusion.schedule import BETA_FIRST, BETA_LAST, LEVELS
from ud2m.export.digests import digests, of_file
from ud2m.step.unfolded import UnfoldedStep

KEY = "ud2m.manifest"
SCHEMA = 2
PREPARE = "prepare-"  # begins the name of a graph that prepares a step
STDDEV = "stddev.onnx"  # tells how far the answers of all steps may be from the truth


def prepare_of(folder: Path, graph: str) -> Path:
    """The file of the graph that prepares the step GRAPH.onnx, where there is one."""
    return folder / f"{PREPARE}{graph}.onnx"


def step_graphs(folder: Path) -> list[Path]:
    """The step graphs of a package, in order: those that have manifests."""
    graphs = (p for p in folder.glob("*.onnx") if not p.name.startswith(PREPARE))
    return sorted(p for p in graphs if p.name != STDDEV)


def stddev_of(folder: Path) -> Path:
    """The file of the graph that tells the standard deviation of answers, where there is one."""
    return folder / STDDEV


def manifest(
    graph: str,
    step: UnfoldedStep,
    multiple: int,
    halo: int,
    shapes: dict,
    prepare: dict,
    about: dict,
) -> dict:
    """All fields but the digests.

    multiple, halo: pixels. shapes: of each input, where a string is a free dimension. prepare:
    `inputs` and `outputs` of the graph that prepares this one, by name with their shapes.

    about: name, version, licence, training, scores. A step that is an ensemble asks the sampler for
    the weighted mean of its estimates (`aggregation`). One that was trained for a single outer step
    says so (`single_step`).
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
        "prepare": prepare,
        **({"aggregation": "mean"} if step.ensemble else {}),
        **({"single_step": True} if step.single else {}),
        **about,
    }


def attach(model: onnx.ModelProto, fields: dict, folder: Path) -> None:
    """Puts a manifest of these fields, with the digests, into a graph that belongs to `folder`."""
    fields, prepare = dict(fields), None
    if "prepare" in fields:  # packages of before have none
        prepare = prepare_of(folder, fields["family"])
        fields["prepare"] = {**fields["prepare"], **of_file(prepare)}
    _set(model, fields | digests(model, folder, prepare))


def attach_stddev(model: onnx.ModelProto, fields: dict) -> None:
    """Puts a manifest of these fields, with the graph's digest, into a graph without files."""
    _set(model, fields | {"graph_sha256": digests(model, Path())["graph_sha256"]})


def _set(model: onnx.ModelProto, fields: dict) -> None:
    onnx.helper.set_model_props(model, {KEY: json.dumps(fields, separators=(",", ":"))})


def reseal(package: Path) -> list[str]:
    """Writes the digests of a package's files, as they are now, into its manifests.

    For packages of an earlier schema, and after a change by hand. Returns the graphs' names.
    """
    graphs = step_graphs(package)
    for path in graphs:
        model = onnx.load(path, load_external_data=False)
        text = {p.key: p.value for p in model.metadata_props}[KEY]
        attach(model, {**json.loads(text), "schema": SCHEMA}, package)
        onnx.save(model, path)
    return [path.name for path in graphs]
