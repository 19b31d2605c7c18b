"""The graph `stddev.onnx` of a package: how far answers may be from the truth, in one call.

It serves every step of the package, and is run on the whole frame when it is asked for. Its weights
lie in the graph itself, in half precision (docs/decisions/041-one-pass-stddev.md).
"""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import helper, numpy_helper

from ud2m.export.manifest import SCHEMA, attach_stddev, stddev_of
from ud2m.nn.stddev import INPUTS, StddevNetwork

OPSET = 18
TOLERANCE = 1e-4  # largest difference from PyTorch, of images in [-1, 1]
LARGEST_BATCH, MOST_MULTIPLES = 64, 512  # what the exporter is told of sizes
SMALLEST = 64  # numbers; what is smaller stays in single precision
SHAPES = {
    "x0": ["B", 3, "H", "W"],
    "initial": ["B", 3, "H", "W"],
    "observed": ["B", 1, "H", "W"],
    "sigma_y": [1],
}


class StddevExportError(RuntimeError):
    """The graph does not say what PyTorch says."""


def export_stddev(net: StddevNetwork, out: Path, graphs: Iterable[str], about: dict) -> float:
    """Writes the graph into the package `out`; returns its largest difference from PyTorch.

    graphs: names of the step graphs whose answers it was trained on. about: name, version, licence,
    training and scores. Raises StddevExportError, and writes nothing, where it differs by more than
    TOLERANCE.
    """
    multiple = net.config.multiple
    model = _trace(net.eval(), multiple)
    _halve(model.graph)
    fields = {
        "schema": SCHEMA,
        "graph": "stddev",
        "families": sorted(graphs),
        "size_multiple": multiple,
        "inputs": SHAPES,
        "output": {"stddev": ["B", 1, "H", "W"]},
        **about,
    }
    attach_stddev(model, fields)
    miss = max(_miss(net, model, batch, multiple) for batch in (1, 2))
    if not miss <= TOLERANCE:
        raise StddevExportError(
            f"stddev: ONNX Runtime and PyTorch differ by {miss:.2g}, more than {TOLERANCE:g}; "
            "nothing was written."
        )
    onnx.save(model, stddev_of(out))
    return miss


def _example(batch: int, height: int, width: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = [(batch, 3), (batch, 3), (batch, 1)]
    x0, initial, observed = (
        torch.rand(*shape, height, width, generator=generator) * 2 - 1 for shape in shapes
    )
    tensors = x0, initial, (observed > 0).float(), torch.tensor([0.05])
    return dict(zip(INPUTS, tensors, strict=True))


def _trace(net: StddevNetwork, multiple: int) -> onnx.ModelProto:
    b = torch.export.Dim("B", max=LARGEST_BATCH)
    h, w = (torch.export.Dim(n, min=1, max=MOST_MULTIPLES) for n in "hw")
    free = {0: b, 2: multiple * h, 3: multiple * w}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net,
            tuple(_example(2, 2 * multiple, 3 * multiple).values()),
            input_names=list(INPUTS),
            output_names=["stddev"],
            dynamic_shapes=(free, free, free, {}),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    model.doc_string = model.producer_name = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    return model


def _halve(graph: onnx.GraphProto) -> None:
    """Stores weights in half precision where it holds them exactly; a Cast widens them."""
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16) if values.dtype == np.float32 else values
        if half.dtype != np.float16 or values.size < SMALLEST or (half != values).any():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        cast = helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT)
        graph.node.insert(0, cast)


def _miss(net: StddevNetwork, model: onnx.ModelProto, batch: int, multiple: int) -> float:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = _example(batch, 3 * multiple, 2 * multiple)
    [got] = session.run(None, {name: v.numpy() for name, v in inputs.items()})
    with torch.no_grad():
        want = net(*inputs.values()).numpy()
    return float(np.abs(got - want).max())
