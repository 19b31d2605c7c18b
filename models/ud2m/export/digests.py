"""Digests of a graph and of its weights, by which a reader knows them for those of one export."""

import hashlib
from pathlib import Path

import onnx
from onnx.external_data_helper import uses_external_data

PIECE = 1 << 20  # bytes that are read at once


def digests(model: onnx.ModelProto, folder: Path, prepare: Path | None = None) -> dict:
    """The manifest's fields `graph_sha256` and `weights` for a graph in `folder`.

    graph_sha256: of the graph's file without its metadata, in which the manifest lies.
    weights: length in bytes and SHA-256 of each file that the graph points to, by its name, and of
    those that the graph `prepare` points to.
    """
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.metadata_props[:]
    names = _locations(model)
    if prepare:
        names |= _locations(onnx.load(prepare, load_external_data=False))
    return {
        "graph_sha256": hashlib.sha256(bare.SerializeToString()).hexdigest(),
        "weights": {name: of_file(folder / name) for name in sorted(names)},
    }


def _locations(model: onnx.ModelProto) -> set[str]:
    """The files to which a graph points."""
    return {
        entry.value
        for tensor in model.graph.initializer
        if uses_external_data(tensor)
        for entry in tensor.external_data
        if entry.key == "location"
    }


def of_file(path: Path) -> dict:
    """Length in bytes and SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as f:
        while piece := f.read(PIECE):
            digest.update(piece)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}
