"""The bundled packages: what their graphs point to is there, and is what is installed."""

import json
from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest

ZOO = Path(__file__).parents[1] / "zoo"
PACKAGES = [ZOO / name for name in ("base", "lite", "lite-perceptual")]
SIZES = {onnx.TensorProto.FLOAT16: ("F16", 2), onnx.TensorProto.FLOAT: ("F32", 4)}


def header(file):
    """Tensors of a safetensors file by the place of their first byte: (type, shape, length)."""
    with file.open("rb") as f:
        begin = 8 + int.from_bytes(f.read(8), "little")
        entries = json.loads(f.read(begin - 8))
    entries.pop("__metadata__")
    return {
        begin + e["data_offsets"][0]: (e["dtype"], prod(e["shape"]), np.diff(e["data_offsets"])[0])
        for e in entries.values()
    }


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_graphs_point_at_whole_tensors_of_the_files_that_are_installed(package):
    files = {f.name: header(f) for f in package.glob("step*.safetensors")}
    used = set()
    for graph in package.glob("*.onnx"):
        outside = [
            t
            for t in onnx.load(graph, load_external_data=False).graph.initializer
            if t.data_location == onnx.TensorProto.EXTERNAL
        ]
        assert len(outside) > 100
        for tensor in outside:
            place = {e.key: e.value for e in tensor.external_data}
            kind, count, length = files[place["location"]][int(place["offset"])]
            assert int(place["length"]) == length and count == prod(tensor.dims)
            assert (kind, length // count) == SIZES[tensor.data_type]
            used.add(place["location"])
    assert used == files.keys()
