"""Weights of a package: what is written of networks, and how it is found again."""

import numpy as np
import onnx
import torch
from safetensors.torch import load_file

from ud2m.export import weights
from ud2m.nn import lora
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.step.model import UnfoldedModel
from ud2m.step.scalars import ScalarValues

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)


def model(families):
    denoiser = Denoiser(TOY)
    torch.nn.init.normal_(denoiser.tail.weight, std=0.1)
    return UnfoldedModel(denoiser, None, {f: ScalarValues() for f in families})


def test_a_network_with_adapters_is_written_merged_and_keeps_them(tmp_path):
    net = model(["denoise", "mask"])
    lora.attach(net.denoiser, 2)
    for value in lora.adapter_state(net.denoiser).values():
        torch.nn.init.normal_(value, std=0.3)
    (file,) = weights.write(net.steps().values(), tmp_path)
    assert file.name == "weights.safetensors"
    want = {f"denoiser.{n}": v for n, v in lora.merged_state(net.denoiser).items()}
    stored = load_file(file)
    assert stored.keys() == want.keys()
    assert all(torch.equal(stored[n].float(), v) for n, v in want.items())
    assert lora.adapter_state(net.denoiser)


def test_half_precision_where_it_is_exact_and_each_network_once(tmp_path):
    first, second = model(["denoise", "mask"]), model(["blur"])
    for value in first.parameters():
        value.data = value.data.half().float()
    files = weights.write((first.steps() | second.steps()).values(), tmp_path)
    assert [f.name for f in files] == ["weights.safetensors", "weights-2.safetensors"]
    assert {v.dtype for v in load_file(files[0]).values()} == {torch.float16}
    assert torch.float32 in {v.dtype for v in load_file(files[1]).values()}


def test_values_are_found_by_what_they_are(tmp_path):
    first, second = model(["denoise"]), model(["blur"])
    for value in first.parameters():
        value.data = value.data.half().float()
    files = weights.write((first.steps() | second.steps()).values(), tmp_path)
    stored = weights.Weights(files)
    for net, file, kind, dtype in (
        (first, files[0], onnx.TensorProto.FLOAT16, np.float16),
        (second, files[1], onnx.TensorProto.FLOAT, np.float32),
    ):
        values = net.denoiser.head.weight.detach().numpy()
        found, place = stored.find(values)
        assert (found, place.file) == (kind, file)
        data = file.read_bytes()[place.offset :][: place.length]
        assert np.array_equal(np.frombuffer(data, dtype).astype(np.float32), values.ravel())
    assert stored.find(np.full(64, 0.1, np.float32)) is None
