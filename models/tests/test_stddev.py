"""The network that tells how far an answer may be from the truth: its loss, scores, graph."""

import json
import math

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from toys import network, source

from ud2m.evaluation.metrics.calibration import calibration
from ud2m.export.manifest import KEY, step_graphs
from ud2m.export.stddev import SMALLEST, export_stddev
from ud2m.nn.stddev import (
    INPUTS,
    LEAST,
    USUAL,
    StddevConfig,
    StddevNetwork,
    load_stddev,
    save_stddev,
)
from ud2m.physics.generators import kernels
from ud2m.step.model import save_model
from ud2m.training.distillation import Teacher
from ud2m.training.problems import PROBLEMS, draw
from ud2m.training.stddev import Errors, around, loss, scores

TOY = StddevConfig((4, 6, 8))


def drawn(seed=0):
    """A small network none of whose weights is zero."""
    torch.manual_seed(seed)
    net = StddevNetwork(TOY)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    return net.eval()


def inputs(batch=2, height=32, width=48):
    generator = torch.Generator().manual_seed(3)
    x0, initial, rest = (
        torch.rand(batch, 3, height, width, generator=generator) * 2 - 1 for _ in range(3)
    )
    return x0, initial, (rest[:, :1] > 0).float(), torch.tensor([0.1])


def problem(family):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    return draw(family, source, 2, 48, rng, kernels.mixture([]))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "step.safetensors"
    torch.manual_seed(1)
    save_model(network(list(PROBLEMS)), path, {})
    return Teacher(path)


def test_it_tells_the_usual_before_it_is_trained():
    told = StddevNetwork(TOY)(*inputs())
    assert told.shape == (2, 1, 32, 48)
    assert torch.allclose(told, torch.full_like(told, USUAL))


def test_each_input_changes_what_it_tells():
    net, given = drawn(), list(inputs())
    before = net(*given)
    for i, value in enumerate(given):
        other = [*given[:i], value / 2, *given[i + 1 :]]
        assert (net(*other) - before).abs().max() > 1e-4, INPUTS[i]


def test_an_answer_beyond_the_range_counts_as_its_end():
    net, (x0, *others) = drawn(), inputs()
    beyond = torch.where(x0 > 0.5, x0 + 1, x0)
    assert torch.equal(net(beyond, *others), net(beyond.clamp(-1, 1), *others))


def test_the_loss_is_least_at_the_root_mean_square_error():
    error = torch.tensor([0.01, 0.04, 0.0]).reshape(3, 1, 1, 1)
    right = error.mean().sqrt()
    losses = [float(loss(torch.full_like(error, float(right * f)), error)) for f in (0.9, 1, 1.1)]
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.parametrize("family", PROBLEMS)
def test_errors_are_those_of_the_frame_in_whole_multiples(family, model):
    p = problem(family)
    torch.manual_seed(2)
    (x0, initial, observed, sigma), error = Errors(model, 16).of(p)
    sides = x0.shape[-2:]
    assert all(side % 16 == 0 and side > 0 for side in sides)
    assert initial.shape == x0.shape
    assert error.shape == observed.shape == (len(x0), 1, *sides)
    assert torch.equal(sigma, p.sigma_y) and float(error.min()) >= 0
    missing = float((observed == 0).float().mean())
    assert (missing > 0) == (family == "mask")
    places = p.inside[0, 0].nonzero()[0]
    top, left = places.tolist()
    cut = (..., slice(top, top + sides[0]), slice(left, left + sides[1]))
    assert torch.equal(initial, p.z0[cut])
    square = (x0.clamp(-1, 1) - p.clean[cut]).square().mean(1, True)
    assert torch.allclose(error, around(square, observed))


def test_an_error_is_the_mean_of_what_lies_around_and_was_seen_alike():
    error, observed = torch.rand(1, 1, 9, 12), torch.ones(1, 1, 9, 12)
    mean = around(error, observed)
    assert torch.allclose(mean[0, 0, 4, 6], error[0, 0, 2:7, 4:9].mean())
    assert torch.allclose(mean[0, 0, 0, 0], error[0, 0, :3, :3].mean())
    observed[..., 6:] = 0
    apart = around(error, observed)
    assert torch.allclose(apart[0, 0, 4, 5], error[0, 0, 2:7, 3:6].mean())
    assert torch.allclose(apart[0, 0, 4, 6], error[0, 0, 2:7, 6:9].mean())


def test_scores_are_by_problem(model):
    errors, net = Errors(model, 16), drawn()
    torch.manual_seed(4)
    found = scores(net, errors, {"a": problem("denoise"), "b": problem("mask")})
    assert found.keys() == {"a", "b", "mean", "ratio"}
    assert found["mean"] == pytest.approx((found["a"] + found["b"]) / 2, abs=2e-3)


def test_calibration_of_a_perfect_and_of_a_wrong_prediction():
    generator = torch.Generator().manual_seed(5)
    stddev = torch.rand(1, 128, 128, generator=generator) * 0.1 + 0.02
    stddev = stddev[:, ::16, ::16].repeat_interleave(16, 1).repeat_interleave(16, 2)
    error = stddev * torch.randn(3, 128, 128, generator=generator)
    right = calibration([stddev], [error])
    assert right["correlation"] > 0.9 and right["calibration_error"] < 0.1
    assert right["ratio"] == pytest.approx(1, abs=0.05)
    half = calibration([stddev / 2], [error])
    assert half["calibration_error"] == pytest.approx(1, abs=0.1)
    assert half["ratio"] == pytest.approx(0.5, abs=0.03)
    assert half["correlation"] == pytest.approx(right["correlation"])
    turned = calibration([0.14 - stddev], [error])
    assert turned["correlation"] < -0.9 and turned["calibration_error"] > 0.3


def test_a_file_holds_the_network_and_its_shape(tmp_path):
    net, path = drawn(), tmp_path / "stddev.safetensors"
    save_stddev(net.half().float(), path, {"images": 7})
    again = load_stddev(path)
    assert again.config == TOY
    assert torch.equal(again(*inputs()), net(*inputs()))


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "step.safetensors"
    save_model(network(["mask"]), path, {})
    with pytest.raises(ValueError, match="train_stddev"):
        load_stddev(path)


def test_the_graph_says_what_the_network_says(tmp_path):
    net = drawn().half().float()
    about = {"name": "toy", "version": "1", "licence": "MPL-2.0", "training": {}, "scores": {}}
    miss = export_stddev(net, tmp_path, ["mask", "blur"], about)
    path = tmp_path / "stddev.onnx"
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = inputs(3, 48, 16)
    feeds = {name: value.numpy() for name, value in zip(INPUTS, given, strict=True)}
    [told] = session.run(["stddev"], feeds)
    assert miss < 1e-5 and np.allclose(told, net(*given).detach().numpy(), atol=1e-5)
    assert told.min() >= LEAST and told.std() > 0
    model = onnx.load(path)
    manifest = json.loads({p.key: p.value for p in model.metadata_props}[KEY])
    assert manifest["families"] == ["blur", "mask"] and manifest["size_multiple"] == 16
    assert manifest["graph"] == "stddev" and len(manifest["graph_sha256"]) == 64
    # Weights are stored once, in half precision.
    large = [i for i in model.graph.initializer if math.prod(i.dims) >= SMALLEST]
    assert large and {i.data_type for i in large} == {onnx.TensorProto.FLOAT16}
    assert step_graphs(tmp_path) == []
