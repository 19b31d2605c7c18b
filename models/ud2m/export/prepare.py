"""Takes out of a step graph what depends on no image: a second graph, `prepare`, which answers it.

The step takes the answers as inputs: vectors one after the other in `prepared_vectors`, factors of
channels in `prepared_factors`, vectors of whole numbers in `prepared_wholes`, and others as they
are. docs/decisions/039-prepare-graph.md
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VECTORS, FACTORS, OTHER = "prepared_vectors", "prepared_factors", "prepared_{}"
WHOLES = "prepared_wholes"
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


class Group(NamedTuple):
    """Tensors of one kind, handed over in one piece."""

    name: str
    axis: int  # along which they lie beside each other
    values: list[Value]

    @property
    def sizes(self) -> list[int]:
        return [v.shape[self.axis] for v in self.values]

    @property
    def shape(self) -> list[int]:
        return [*self.values[0].shape[: self.axis], sum(self.sizes), *(1,) * (2 * self.axis)]


def _sort(values: list[Value]) -> tuple[list[Group], list[Value]]:
    """Vectors, factors of channels, vectors of whole numbers, where there are any; and others."""
    vectors = [v for v in values if len(v.shape) == 1 and not _is_cast(v)]
    factors = [v for v in values if v.shape == (1, *v.shape[1:2], 1, 1) and not _is_cast(v)]
    wholes = [v for v in values if len(v.shape) == 1 and v.kind == TensorProto.INT64]
    groups = [Group(VECTORS, 0, vectors), Group(FACTORS, 1, factors), Group(WHOLES, 0, wholes)]
    grouped = {v.name for group in groups for v in group.values}
    return [g for g in groups if g.values], [v for v in values if v.name not in grouped]


def outputs(values: list[Value]) -> dict[str, list[int]]:
    """Names and shapes of what is handed over."""
    groups, others = _sort(values)
    found = {OTHER.format(i): list(v.shape) for i, v in enumerate(others)}
    return found | {group.name: group.shape for group in groups}


def shapes_of(values: Iterable[onnx.ValueInfoProto]) -> dict[str, list[int]]:
    """Shapes of outputs whose sizes are fixed, by name."""
    return {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}


def _prepare(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], values: list[Value]
) -> onnx.ModelProto:
    """The graph that answers `values`, in single precision."""
    groups, others = _sort(values)
    for name, axis, members in groups:
        exact = f"{name}.exact" if _is_cast(members[0]) else name
        beside = [v.name for v in members]
        nodes.append(helper.make_node("Concat", beside, [exact], exact, axis=axis))
        if exact != name:
            nodes.append(_cast(exact, name, TensorProto.FLOAT))
    for i, value in enumerate(others):
        nodes.append(_cast(value.name, OTHER.format(i), TensorProto.FLOAT))
    made = [_float(name, shape) for name, shape in outputs(values).items()]
    used = {name for node in nodes for name in node.input}
    return _model(model, nodes, [i for i in model.graph.input if i.name in used], made)


def _step(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], values: list[Value], images: set[str]
) -> onnx.ModelProto:
    """The graph that takes `values`."""
    groups, others = _sort(values)
    taken, constants = [], []
    for group in groups:
        name, axis, members = group
        exact = name
        if _is_cast(members[0]):
            exact = f"{name}.exact"
            taken.append(_cast(name, exact, members[0].kind))
        constants.append(numpy_helper.from_array(np.array(group.sizes, np.int64), f"{name}.sizes"))
        pieces = [v.name for v in members]
        taken.append(helper.make_node("Split", [exact, f"{name}.sizes"], pieces, name, axis=axis))
    taken += [_cast(OTHER.format(i), v.name, v.kind) for i, v in enumerate(others)]
    nodes = [*taken, *nodes]
    used = {name for node in nodes for name in node.input} | images
    inputs = [i for i in model.graph.input if i.name in used]
    inputs += [_float(name, shape) for name, shape in outputs(values).items()]
    return _model(model, nodes, inputs, model.graph.output, constants)


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
    """ONNX Runtime leaves it out where it changes nothing."""
    return helper.make_node("Cast", [of], [name], name, to=kind)


def _float(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
