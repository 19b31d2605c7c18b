"""Splits in pieces, and that the bundled graphs have no others."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from ud2m.export.splits import MOST, in_pieces

ZOO = Path(__file__).parents[1] / "zoo"
GRAPHS = sorted(ZOO.glob("*/*.onnx"))


def split(sizes, told=True):
    """A graph that splits the columns of a matrix into `sizes`; without `told` all alike."""
    names = [f"part{i}" for i in range(len(sizes))]
    lengths = [numpy_helper.from_array(np.array(sizes, np.int64), "lengths")] if told else []
    how = {} if told else {"num_outputs": len(sizes)}
    node = helper.make_node("Split", ["x", "lengths"][: 1 + told], names, "cut", axis=1, **how)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", sum(sizes)])
    parts = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size])
        for name, size in zip(names, sizes, strict=True)
    ]
    graph = helper.make_graph([node], "split", [x], parts, lengths, value_info=parts)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


@pytest.mark.parametrize(
    ("sizes", "told", "nodes"),
    [
        ([3, 1], True, 1),
        ([1] * MOST, False, 1),
        ([1] * (MOST + 1), False, 2),
        ([2, 1, 5, 1, 1, 4, 1, 1, 3, 2, 1, 9], True, 2),
        ([2] * MOST**2, False, 1 + MOST),
        ([1] * (MOST**2 + 1), False, 9),
    ],
)
def test_a_wide_split_becomes_narrow_ones_with_the_same_answers(sizes, told, nodes):
    model = split(sizes, told)
    x = np.arange(2 * sum(sizes), dtype=np.float32).reshape(2, -1)
    before = ReferenceEvaluator(model).run(None, {"x": x})
    in_pieces(model)
    onnx.checker.check_model(model, full_check=True)
    assert max(len(node.output) for node in model.graph.node) <= MOST
    after = ReferenceEvaluator(model).run(None, {"x": x})
    for want, got in zip(before, after, strict=True):
        np.testing.assert_array_equal(got, want)
    assert len(model.graph.node) == nodes
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


def test_a_wide_split_of_unknown_sizes_is_refused_with_its_name():
    model = split([1] * 9)
    del model.graph.value_info[:]
    with pytest.raises(ValueError, match="cut makes tensors of sizes"):
        in_pieces(model)


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_node_of_a_bundled_graph_writes_more_than_a_shader_may(path):
    model = onnx.load(path, load_external_data=False)
    wide = [node.name for node in model.graph.node if len(node.output) > MOST]
    assert not wide
