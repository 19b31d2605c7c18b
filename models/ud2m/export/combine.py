"""The graph z = a x + b y, with which the element moves a sampler's state on a device."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

OPSET, IR = 18, 10


def combine() -> onnx.ModelProto:
    """x, y, z [B,C,H,W]; a, b [1]."""

    def value(name: str, shape: list) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    image = ["B", "C", "H", "W"]
    nodes = [
        helper.make_node("Mul", ["a", "x"], ["ax"]),
        helper.make_node("Mul", ["b", "y"], ["by"]),
        helper.make_node("Add", ["ax", "by"], ["z"]),
    ]
    inputs = [value("x", image), value("y", image), value("a", [1]), value("b", [1])]
    graph = helper.make_graph(nodes, "combine", inputs, [value("z", image)])
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR)
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    root = Path(__file__).parents[3]
    onnx.save(combine(), root / "src/model/session/device/combine.onnx")
