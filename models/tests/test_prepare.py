"""What depends on no image is taken out of a step, and the two parts answer as the whole."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from toys import network

from ud2m.export import golden, graph, weights
from ud2m.export.prepare import FACTORS, LARGEST, VECTORS, WHOLES, parts
from ud2m.export.splits import in_pieces
from ud2m.step.model import add_noise_model


def session(model):
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def answers(model, inputs):
    """Outputs by name; inputs that the model does not take do no harm."""
    run = session(model)
    found = run.run(None, {i.name: inputs[i.name] for i in run.get_inputs()})
    return {o.name: v for o, v in zip(run.get_outputs(), found, strict=True)}


@pytest.fixture(scope="module", params=["denoise", "jpeg444"])
def traced(request):
    """A step, its whole graph, and the inputs of a pair of images."""
    torch.manual_seed(0)
    net = add_noise_model(network([request.param.rstrip("4")]))
    net.iterations, net.ensemble = 2, True
    step = weights.plain(net.steps()[request.param])
    multiple = graph.size_multiple(step)
    pair = golden.step_inputs(step, golden.make_case(request.param, multiple, 1), 1, batch=2)
    return step, pair


def test_preparation_and_step_answer_as_the_whole_graph(traced, tmp_path):
    step, pair = traced
    whole = graph.trace(step, pair, graph.free_dimensions(pair, step)[0], tmp_path / "raw.onnx")
    images = [name for name in pair if name not in graph.TOLD]
    two = parts(whole, images)
    for part in two:
        in_pieces(part)
        onnx.checker.check_model(part, full_check=True)
    assert not set(images) & {i.name for i in two.prepare.graph.input}
    assert not {i.name for i in two.step.graph.input} & {"t", "sigma_y", "noise_std"}
    for level, sigma in ((999.0, 0.1), (444.0, 0.1), (250.0, 0.1), (111.0, 0.03)):
        case = pair | {"t": torch.tensor([level]), "sigma_y": torch.tensor([sigma])}
        inputs = {name: value.numpy() for name, value in case.items()}
        want = answers(whole, inputs)["x0"]
        got = answers(two.step, inputs | answers(two.prepare, inputs))["x0"]
        assert np.abs(got - want).max() <= 1e-5
        with torch.no_grad():
            assert np.abs(got - step(*case.values()).numpy()).max() <= 1e-4


def tiny():
    """x0 = x v + w[:3] + big, where v [1,3,1,1] and w [4] follow from t, and big [5000] too."""
    value = helper.make_tensor_value_info
    constants = {
        "ones": np.ones((1, 3, 1, 1), np.float32),
        "four": np.arange(4, dtype=np.float32),
        "many": np.ones(LARGEST + 1, np.float32),
        "first": np.array([0], np.int64),
        "last": np.array([1], np.int64),
        "mean": np.array([0], np.int64),
    }
    nodes = [
        helper.make_node("Mul", ["t", "ones"], ["v"]),
        helper.make_node("Mul", ["t", "four"], ["w"]),
        helper.make_node("Mul", ["t", "many"], ["large"]),
        helper.make_node("Cast", ["t"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Gather", ["w", "whole"], ["chosen"]),
        helper.make_node("Mul", ["x", "v"], ["xv"]),
        helper.make_node("Gather", ["xv", "whole"], ["of_x"], axis=1),
        helper.make_node("Gather", ["large", "first"], ["of_large"]),
        helper.make_node("Concat", ["of_large", "large"], ["longer"], axis=0),
        helper.make_node("ReduceMean", ["longer", "mean"], ["level"], keepdims=1),
        helper.make_node("Add", ["of_x", "level"], ["sum"]),
        helper.make_node("Add", ["sum", "chosen"], ["x0"]),
    ]
    image = ["B", 3, "H", "W"]
    made = helper.make_graph(
        nodes,
        "tiny",
        [value("x", TensorProto.FLOAT, image), value("t", TensorProto.FLOAT, [1])],
        [value("x0", TensorProto.FLOAT, ["B", 1, "H", "W"])],
        [numpy_helper.from_array(v, name) for name, v in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def test_only_what_is_small_and_depends_on_no_image_is_handed_over():
    whole = tiny()
    two = parts(whole, ["x"])
    taken = {i.name: i.type.tensor_type.shape for i in two.step.graph.input}
    sizes = {n: [d.dim_value for d in s.dim] for n, s in taken.items() if n != "x"}
    # The level and the chosen number; v; the choice itself, a whole number.
    assert sizes == {WHOLES: [1], VECTORS: [2], FACTORS: [1, 3, 1, 1]}
    inputs = {
        "x": np.random.default_rng(0).normal(size=(2, 3, 5, 7)).astype(np.float32),
        "t": np.array([2.0], np.float32),
    }
    prepared = answers(two.prepare, inputs)
    assert all(v.dtype == np.float32 for v in prepared.values())
    want, got = answers(whole, inputs)["x0"], answers(two.step, inputs | prepared)["x0"]
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_what_is_too_large_is_made_in_the_step():
    whole = tiny()
    whole.graph.output.add().name = "longer"  # a step that answers with what is large
    two = parts(whole, ["x"])
    assert "t" in {i.name for i in two.step.graph.input}
    assert "many" in {c.name for c in two.step.graph.initializer}
