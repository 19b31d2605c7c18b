"""Takes out of a step graph what depends on no image: a second graph, `prepare`, which answers it.

The step takes the answers as inputs: vectors one after the other in `prepared_vectors`, factors of
channels in `prepared_factors`, and others as they are. docs/decisions/039-prepare-graph.md
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VECTORS, FACTORS, OTHER = "prepared_vectors", "prepared_factors", "prepared_{}"
LARGEST = 4096  # numbers of a tensor that is handed over; a larger one is made where it is used
TYPES = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL)


class Parts(NamedTuple):
    """A step graph in two."""

    step: onnx.ModelProto
    prepare: onnx.ModelProto


class Value(NamedTuple):
    """A tensor that is handed over."""

    name: str
    kind: int  # its type
    shape: tuple[int, ...]


def parts(model: onnx.ModelProto, images: Iterable[str]) -> Parts:
    """The two graphs that together answer as `model` does.

    images: the inputs that differ from frame to frame, or from tile to tile. What follows from the
    other inputs alone is prepared, where it is small and of a fixed size.
    """
    graph = _Graph(model.graph)
    images = set(images)
    moved = graph.following(images)
    told = graph.following(set(graph.inputs) - images)
    handed: set[str] = set()
    step, waiting = set(), [*images, *(o.name for o in model.graph.output)]
    # From the answer backwards: a tensor is handed over, or made where it is used.
    while waiting:
        name = waiting.pop()
        index = graph.maker.get(name)
        if index is None or index in step or name in handed:
            continue
        if name not in moved and name in told and graph.is_small(name):
            handed.add(name)
            continue
        step.add(index)
        waiting += graph.nodes[index].input
    values = [graph.value(n) for node in graph.nodes for n in node.output if n in handed]
    prepare = graph.needed([v.name for v in values])
    return Parts(
        _step(model, [graph.nodes[i] for i in sorted(step)], values, images),
        _prepare(model, [graph.nodes[i] for i in sorted(prepare)], values),
    )


class _Graph:
    """Nodes by what they make, and shapes of what they make."""

    def __init__(self, graph: onnx.GraphProto):
        self.nodes = list(graph.node)
        self.inputs = [i.name for i in graph.input]
        self.maker = {name: i for i, node in enumerate(self.nodes) for name in node.output if name}
        self._types = {v.name: v.type.tensor_type for v in graph.value_info}

    def following(self, names: set[str]) -> set[str]:
        """What depends on the tensors `names`, themselves included."""
        found = set(names)
        for node in self.nodes:
            if found.intersection(node.input):
                found.update(node.output)
        return found

    def needed(self, names: list[str]) -> set[int]:
        """The nodes that make the tensors `names`."""
        found, waiting = set(), list(names)
        while waiting:
            index = self.maker.get(waiting.pop())
            if index is not None and index not in found:
                found.add(index)
                waiting += self.nodes[index].input
        return found

    def is_small(self, name: str) -> bool:
        """Whether a tensor can be handed over."""
        told = self._types.get(name)
        if told is None or told.elem_type not in TYPES or not told.HasField("shape"):
            return False
        dims = [d.dim_value for d in told.shape.dim]
        return all(dims) and np.prod(dims) <= LARGEST

    def value(self, name: str) -> Value:
        told = self._types[name]
        return Value(name, told.elem_type, tuple(d.dim_value for d in told.shape.dim))


def _sort(values: list[Value]) -> tuple[list[Value], list[Value], list[Value]]:
    """Vectors, factors of channels, others."""
    vectors = [v for v in values if len(v.shape) == 1 and not _is_cast(v)]
    factors = [v for v in values if len(v.shape) == 4 and v.shape == (1, v.shape[1], 1, 1)]
    return vectors, factors, [v for v in values if v not in vectors and v not in factors]


def outputs(values: list[Value]) -> dict[str, list[int]]:
    """Names and shapes of what is handed over."""
    vectors, factors, others = _sort(values)
    found = {OTHER.format(i): list(v.shape) for i, v in enumerate(others)}
    if vectors:
        found[VECTORS] = [sum(v.shape[0] for v in vectors)]
    if factors:
        found[FACTORS] = [1, sum(v.shape[1] for v in factors), 1, 1]
    return found


def shapes_of(values: Iterable[onnx.ValueInfoProto]) -> dict[str, list[int]]:
    """Shapes of outputs whose sizes are fixed, by name."""
    return {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}


def _real(value: Value) -> str:
    """The name of a tensor in single precision, which is how it is handed over."""
    return value.name if value.kind == TensorProto.FLOAT else f"{value.name}.real"


def _prepare(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], values: list[Value]
) -> onnx.ModelProto:
    """The graph that answers `values`."""
    nodes = [*nodes, *(_cast(v.name, _real(v), TensorProto.FLOAT) for v in values if _is_cast(v))]
    vectors, factors, others = _sort(values)
    for group, name, axis in ((vectors, VECTORS, 0), (factors, FACTORS, 1)):
        if group:
            nodes.append(
                helper.make_node("Concat", [_real(v) for v in group], [name], name, axis=axis)
            )
    for i, value in enumerate(others):
        name = OTHER.format(i)
        nodes.append(helper.make_node("Identity", [_real(value)], [name], name))
    made = [_float(name, shape) for name, shape in outputs(values).items()]
    used = {name for node in nodes for name in node.input}
    return _model(model, nodes, [i for i in model.graph.input if i.name in used], made)


def _step(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], values: list[Value], images: set[str]
) -> onnx.ModelProto:
    """The graph that takes `values`."""
    vectors, factors, others = _sort(values)
    taken, constants = [], []
    for group, name, axis in ((vectors, VECTORS, 0), (factors, FACTORS, 1)):
        if group:
            sizes = np.array([v.shape[axis] for v in group], np.int64)
            constants.append(numpy_helper.from_array(sizes, f"{name}.sizes"))
            pieces = [_real(v) for v in group]
            taken.append(
                helper.make_node("Split", [name, f"{name}.sizes"], pieces, name, axis=axis)
            )
    for i, value in enumerate(others):
        name = OTHER.format(i)
        taken.append(helper.make_node("Identity", [name], [_real(value)], name))
    taken += [_cast(_real(v), v.name, v.kind) for v in values if _is_cast(v)]
    nodes = [*taken, *nodes]
    used = {name for node in nodes for name in node.input} | images
    inputs = [i for i in model.graph.input if i.name in used]
    inputs += [_float(name, shape) for name, shape in outputs(values).items()]
    made = _model(model, nodes, inputs, model.graph.output, constants)
    known = {v.name for v in made.graph.value_info}
    made.graph.value_info.extend(
        _float(_real(v), list(v.shape)) for v in values if _real(v) not in known
    )
    return made


def _model(
    model: onnx.ModelProto,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    made: Iterable[onnx.ValueInfoProto],
    constants: Iterable[onnx.TensorProto] = (),
) -> onnx.ModelProto:
    """A graph of these nodes, with those of the constants of `model` that they take."""
    used = {name for node in nodes for name in (*node.input, *node.output)}
    part = onnx.ModelProto()
    part.CopyFrom(model)
    for field in ("node", "input", "output", "initializer", "value_info"):
        part.graph.ClearField(field)
    part.graph.node.extend(nodes)
    part.graph.input.extend(inputs)
    part.graph.output.extend(made)
    part.graph.initializer.extend([t for t in model.graph.initializer if t.name in used])
    part.graph.initializer.extend(constants)
    part.graph.value_info.extend([v for v in model.graph.value_info if v.name in used])
    return part


def _is_cast(value: Value) -> bool:
    return value.kind != TensorProto.FLOAT


def _cast(of: str, name: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [of], [name], name, to=kind)


def _float(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
