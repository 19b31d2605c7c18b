"""Splits in pieces: no node of a graph writes more tensors than a GPU's shader may.

WebGPU lets a shader have eight storage buffers for certain, one of which a split reads. ONNX
Runtime's WebGPU provider makes a split one shader, and fails on one that is larger.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

MOST = 7  # outputs of a split


def in_pieces(model: onnx.ModelProto) -> None:
    """Makes each split with more than MOST outputs a split into groups, which are split in turn.

    Values and names of the outputs stay. Raises ValueError where the graph does not tell a size.
    """
    graph = model.graph
    sizes = _Sizes(graph)
    nodes = list(graph.node)
    del graph.node[:]
    replaced = set()
    for node in nodes:
        if node.op_type == "Split" and len(node.output) > MOST:
            graph.node.extend(_split(graph, node, sizes.of(node)))
            replaced.update(node.input[1:])
        else:
            graph.node.append(node)
    for unused in replaced - {name for node in graph.node for name in node.input}:
        graph.initializer.remove(next(i for i in graph.initializer if i.name == unused))


class _Sizes:
    """Sizes of what splits make."""

    def __init__(self, graph: onnx.GraphProto):
        self._shapes = {v.name: v.type.tensor_type.shape for v in graph.value_info}

    def of(self, split: onnx.NodeProto) -> list[int]:
        """Of each output along the axis."""
        axis = _axis(split)
        shapes = [self._shapes.get(name) for name in split.output]
        sizes = [s.dim[axis].dim_value if s and len(s.dim) > axis else 0 for s in shapes]
        if not all(sizes):
            raise ValueError(f"{split.name} makes tensors of sizes that the graph does not tell")
        return sizes


def _axis(split: onnx.NodeProto) -> int:
    return next((a.i for a in split.attribute if a.name == "axis"), 0)


def _split(graph: onnx.GraphProto, node: onnx.NodeProto, sizes: list[int]) -> list[onnx.NodeProto]:
    """The nodes in the place of a split, the outermost first: as few as can be."""
    names = list(node.output)
    nodes: list[onnx.NodeProto] = []
    while (extra := len(names) - MOST) > 0:
        row: list[onnx.NodeProto] = []
        groups, totals = [], []
        while names:
            # A group of so many names makes so many fewer, and one.
            count = min(MOST, extra + 1, len(names))
            part, lengths = names[:count], sizes[:count]
            names, sizes, extra = names[count:], sizes[count:], extra - (count - 1)
            group = f"{node.name}.{len(nodes) + len(row)}" if count > 1 else part[0]
            if count > 1:
                row.append(_made(graph, group, part, lengths, _axis(node)))
            groups.append(group)
            totals.append(sum(lengths))
        names, sizes, nodes = groups, totals, [*row, *nodes]
    outermost = _made(graph, node.input[0], names, sizes, _axis(node))
    return [outermost, *nodes]


def _made(
    graph: onnx.GraphProto, of: str, outputs: list[str], sizes: list[int], axis: int
) -> onnx.NodeProto:
    """A split of the tensor `of` into so many sizes, which the graph keeps beside it."""
    lengths = f"{outputs[0]}.sizes"
    graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), lengths))
    return helper.make_node("Split", [of, lengths], outputs, f"{outputs[0]}.split", axis=axis)
