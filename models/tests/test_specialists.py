"""One package of several networks: who answers for which family, and what lands on disk."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from ud2m.export.manifest import KEY
from ud2m.export.package import export
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.step.model import UnfoldedModel, load_model, save_model
from ud2m.step.scalars import ScalarValues
from ud2m.step.specialists import Specialists, load_specialists, step_files, trainings

VERBS = Path(__file__).parents[1]
TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)


def network(seed, families, iterations=2, ensemble=False):
    torch.manual_seed(seed)
    denoiser = Denoiser(TOY)
    torch.nn.init.normal_(denoiser.tail.weight, std=0.1)
    return UnfoldedModel(
        denoiser, None, {f: ScalarValues() for f in families}, iterations, ensemble
    )


@pytest.fixture
def folder(tmp_path):
    save_model(
        network(0, ["denoise", "blur", "mask"]), tmp_path / "step.safetensors", {"images": 9}
    )
    save_model(network(1, ["blur"]), tmp_path / "step-blur.safetensors", {"images": 5})
    return tmp_path


def head(net):
    return net.denoiser.head.weight


def test_a_family_is_its_specialists_and_the_others_stay_joint(folder):
    joint, special = (
        load_model(folder / "step.safetensors"),
        load_model(folder / "step-blur.safetensors"),
    )
    crew = load_specialists(folder)
    assert [f.name for f in step_files(folder)] == ["step.safetensors", "step-blur.safetensors"]
    assert torch.equal(head(crew.step("blur")), head(special)) and not torch.equal(
        head(special), head(joint)
    )
    for family in ("denoise", "mask"):
        assert torch.equal(head(crew.step(family)), head(joint))
    assert crew.steps().keys() == {"denoise", "blur", "mask"}
    assert all(step.iterations == 2 for step in crew.steps().values())
    assert trainings(folder) == {"step": {"images": 9}, "step-blur": {"images": 5}}


def test_a_single_file_answers_for_all_that_it_knows(folder):
    crew = load_specialists(folder / "step.safetensors")
    assert crew.steps().keys() == {"denoise", "blur", "mask"} and trainings(
        folder / "step.safetensors"
    ) == {"images": 9}
    crew.set_iterations(3)
    assert all(step.iterations == 3 for step in crew.steps().values())


def test_specialists_need_no_joint_step_and_a_folder_needs_one_of_them(folder, tmp_path_factory):
    (folder / "step.safetensors").unlink()
    assert load_specialists(folder).steps().keys() == {"blur"}
    assert trainings(folder) == {"step-blur": {"images": 5}}
    with pytest.raises(FileNotFoundError, match=r"step\.safetensors"):
        load_specialists(tmp_path_factory.mktemp("empty"))


def test_steps_of_two_kinds_do_not_go_together():
    with pytest.raises(ValueError, match="one kind"):
        Specialists({"blur": network(0, ["blur"]), "mask": network(1, ["mask"], ensemble=True)})
    mixed = Specialists({"blur": network(0, ["blur"]), "mask": network(1, ["mask"], 3)})
    assert [mixed.step(f).iterations for f in ("blur", "mask")] == [2, 3]


def test_a_package_holds_each_network_once_and_in_half_precision_where_that_is_exact(folder):
    about = {"name": "toy", "version": "1", "licence": "MPL-2.0", "training": {}, "scores": {}}
    files = step_files(folder)
    misses = export(load_specialists(folder).steps(), folder / "package", about, files)
    assert set(misses) == {"denoise", "blur", "mask"}
    numbers = sum(p.numel() for p in Denoiser(TOY).parameters())
    stored = sorted((folder / "package").glob("*.safetensors"))
    assert [f.name for f in stored] == sorted(f.name for f in files)
    size = sum(f.stat().st_size for f in stored)
    assert 2 * 2 * 0.9 * numbers < size < 2 * 2 * 1.3 * numbers
    places = {}
    for family in misses:
        graph = onnx.load(folder / "package" / f"{family}.onnx", load_external_data=False).graph
        outside = [t for t in graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
        assert outside and all(t.data_type == onnx.TensorProto.FLOAT16 for t in outside)
        first = next(t for t in outside if tuple(t.dims) == head(network(0, ["blur"])).shape)
        places[family] = {e.key: e.value for e in first.external_data}
        value = onnx.load(folder / "package" / f"{family}.onnx").graph.initializer
        value = next(t for t in value if t.name == first.name)
        want = head(load_specialists(folder).step(family)).detach().numpy()
        assert np.array_equal(onnx.numpy_helper.to_array(value), want)
    assert places["denoise"] == places["mask"]
    assert places["denoise"]["location"] == "step.safetensors"
    assert places["blur"]["location"] == "step-blur.safetensors"


def test_weights_that_half_precision_would_change_stay_as_they_are(tmp_path):
    net = network(0, ["denoise"])
    about = {"name": "toy", "version": "1", "licence": "MPL-2.0", "training": {}, "scores": {}}
    export(net.steps(), tmp_path / "package", about)
    graph = onnx.load(tmp_path / "package" / "denoise.onnx").graph
    stored = [onnx.numpy_helper.to_array(t) for t in graph.initializer]
    assert any(
        v.dtype == np.float32 and np.array_equal(v, head(net).detach().numpy()) for v in stored
    )


def test_the_verb_exports_a_folder_and_the_manifest_tells_of_each_training(folder):
    out = folder / "zoo" / "toy"
    subprocess.run(
        [sys.executable, VERBS / "export.py", "--step", folder, "--name", "toy", "--out", out],
        check=True,
    )
    graph = onnx.load(out / "blur.onnx", load_external_data=False)
    facts = json.loads({p.key: p.value for p in graph.metadata_props}[KEY])
    assert facts["training"] == {"step": {"images": 9}, "step-blur": {"images": 5}}
