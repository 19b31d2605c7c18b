"""The bundled packages: what their graphs point to is there, and is what is installed."""

import json
import shutil
from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest

from ud2m.export.digests import digests, of_file
from ud2m.export.manifest import KEY, SCHEMA, prepare_of, reseal, step_graphs

ZOO = Path(__file__).parents[1] / "zoo"
PACKAGES = [ZOO / name for name in ("base", "lite", "lite-perceptual", "tiny")]
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
        assert len(outside) > (8 if graph.name.startswith("prepare-") else 12)
        for tensor in outside:
            place = {e.key: e.value for e in tensor.external_data}
            kind, count, length = files[place["location"]][int(place["offset"])]
            assert int(place["length"]) == length and count == prod(tensor.dims)
            assert (kind, length // count) == SIZES[tensor.data_type]
            used.add(place["location"])
    assert used == files.keys()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_manifests_hold_the_digests_of_the_files_beside_them(package):
    for path in step_graphs(package):
        graph = onnx.load(path, load_external_data=False)
        fields = json.loads({p.key: p.value for p in graph.metadata_props}[KEY])
        prepare = None
        if "prepare" in fields:
            prepare = prepare_of(package, path.stem)
            assert of_file(prepare).items() <= fields["prepare"].items()
        assert digests(graph, package, prepare).items() <= fields.items()
        assert fields["weights"] and fields["schema"] == SCHEMA


def test_a_package_of_an_earlier_schema_is_sealed_again(tmp_path):
    for name in ("denoise.onnx", "prepare-denoise.onnx", "step-denoise.safetensors"):
        shutil.copy(ZOO / "lite" / name, tmp_path)
    whole = (tmp_path / "denoise.onnx").read_bytes()
    graph = onnx.load_from_string(whole)
    fields = json.loads({p.key: p.value for p in graph.metadata_props}[KEY])
    earlier = {k: v for k, v in fields.items() if k not in ("graph_sha256", "weights")}
    earlier["prepare"] = {**fields["prepare"], "sha256": ""}
    onnx.helper.set_model_props(graph, {KEY: json.dumps({**earlier, "schema": 1})})
    onnx.save(graph, tmp_path / "denoise.onnx")
    assert reseal(tmp_path) == ["denoise.onnx"]
    sealed = onnx.load(tmp_path / "denoise.onnx", load_external_data=False)
    again = json.loads({p.key: p.value for p in sealed.metadata_props}[KEY])
    assert again == fields
