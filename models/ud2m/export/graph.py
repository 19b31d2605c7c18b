"""The step as an ONNX graph: free dimensions, the exporter, the comparison with PyTorch."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxscript import opset18, optimizer

from ud2m.export.manifest import prepare_of
from ud2m.export.weights import SMALLEST
from ud2m.physics import noise_model
from ud2m.step.unfolded import UnfoldedStep

OPSET = 18
# Numbers of a constant of which others are made here. Made of weights they would be stored twice:
# ONNX Runtime makes those as it loads a graph.
LARGEST_FOLDED = SMALLEST - 1
# Inputs of one shape: all images of a batch have the same.
FIXED = ("t", "sigma_y", "realism", *noise_model.INPUTS, "kernel", "quant_luma", "quant_chroma")
TOLD = (*FIXED, "otf", "gram")  # inputs that stay the same from frame to frame of one size
LARGEST_BATCH, MOST_MULTIPLES = 64, 512  # what the exporter is told of sizes


def size_multiple(step: UnfoldedStep) -> int:
    """H and W of the graph are multiples of this."""
    operator = step.operator
    own = operator.multiple * (2 if operator.scale > 1 else 1)
    return int(np.lcm.reduce([step.multiple, own, operator.graph_multiple]))


def free_dimensions(inputs: dict[str, torch.Tensor], step: UnfoldedStep) -> tuple[dict, dict]:
    """What may vary of each input's shape: for the exporter, and as the manifest names it."""
    s, m = step.operator.scale, size_multiple(step)
    b = torch.export.Dim("B", max=LARGEST_BATCH)
    h, w = (torch.export.Dim(n, min=1, max=MOST_MULTIPLES) for n in "hw")
    big, small = {-2: m * h, -1: m * w}, {-2: m // s * h, -1: m // s * w}
    dims: dict[str, dict] = {}
    named: dict[str, list] = {}
    for name, value in inputs.items():
        n = value.dim()
        if name in FIXED:
            dims[name], named[name] = {}, list(value.shape)
            continue
        low = name == "gram" or (name in ("y", "y_noise") and s > 1)
        dims[name] = {n + k: d for k, d in (small if low else big).items()}
        sides = [f"{side}/{s}" if low and s > 1 else side for side in "HW"]
        named[name] = [*value.shape[:-2], *sides]
        if name not in ("otf", "gram"):
            dims[name][0], named[name][0] = b, "B"
    return dims, named


def trace(step: UnfoldedStep, inputs: dict, dims: dict, path: Path) -> onnx.ModelProto:
    """The graph of the step, without PyTorch's own notes. Writes `path` and files beside it."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            step,
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=["x0"],
            dynamic_shapes=_nested(dims),
            opset_version=OPSET,
            dynamo=True,
            custom_translation_table={torch.ops.ud2m.in_order.default: _in_order},
            optimize=False,
            verbose=False,
        )
    assert program is not None
    optimizer.optimize(program.model, input_size_limit=LARGEST_FOLDED)
    program.save(path, external_data=False)
    model = onnx.load(path)
    model.doc_string = model.producer_name = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    _keep_vectors(model.graph)
    return model


def _in_order(x: Any, begin: Any, end: Any, step: Any) -> Any:
    """`step.mirror.in_order` as one node."""
    return opset18.Slice(x, begin, end, opset18.Constant(value_ints=[2, 3]), step)


def _keep_vectors(graph: onnx.GraphProto) -> None:
    """Takes out what makes vectors of vectors: the exporter writes it before a choice of rows."""
    ranks = {v.name: len(v.type.tensor_type.shape.dim) for v in graph.value_info}
    shapes = {
        i.name: onnx.numpy_helper.to_array(i).tolist() for i in graph.initializer if i.dims == [1]
    }
    same: dict[str, str] = {}
    for node in list(graph.node):
        for i, name in enumerate(node.input):
            node.input[i] = same.get(name, name)
        if node.op_type == "Reshape" and shapes.get(node.input[1]) == [-1]:
            if ranks.get(node.input[0]) == 1:
                same[node.output[0]] = node.input[0]
                graph.node.remove(node)


def _nested(dims: dict) -> tuple:
    values = list(dims.values())
    plain = 6  # xt z0 y noise t sigma_y; the rest is the variadic physics
    return (*values[:plain], *([tuple(values[plain:])] if values[plain:] else []))


class Runner:
    """A step graph in ONNX Runtime, with what prepares it."""

    def __init__(self, path: Path):
        import onnxruntime as ort

        prepare = prepare_of(path.parent, path.stem)
        paths = [prepare, path] if prepare.exists() else [path]
        self._sessions = [
            ort.InferenceSession(p, providers=["CPUExecutionProvider"]) for p in paths
        ]

    def __call__(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """x0 of the step's inputs by name; those that it does not take do no harm."""
        known, answers = dict(inputs), []
        for session in self._sessions:
            taken = {i.name: known[i.name] for i in session.get_inputs()}
            answers = session.run(None, taken)
            known |= {o.name: v for o, v in zip(session.get_outputs(), answers, strict=True)}
        return answers[0]


def largest_miss(path: Path, step: UnfoldedStep, cases: list[dict]) -> float:
    """The largest difference between ONNX Runtime and PyTorch over the inputs of `cases`."""
    run, worst = Runner(path), 0.0
    for inputs in cases:
        got = run({n: v.numpy() for n, v in inputs.items()})
        with torch.no_grad():
            want = step(*inputs.values()).numpy()
        worst = max(worst, float(np.abs(got - want).max()))
    return worst
