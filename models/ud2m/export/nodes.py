"""Nodes of a step graph as ONNX Runtime runs it: optimised, at one size."""

import json
import tempfile
from collections import Counter
from pathlib import Path

import onnx

from ud2m.export.manifest import KEY


def count(path: Path, height: int, width: int) -> Counter[str]:
    """How many nodes of each type are left of a graph, for one image of height × width.

    By the extended level of ONNX Runtime's optimisations, which does not depend on the processor.
    Sides are multiples of the manifest's.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 3
    for name, size in _sizes(path, height, width).items():
        options.add_free_dimension_override_by_name(name, size)
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/optimised.onnx"
        ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        optimised = onnx.load(options.optimized_model_filepath, load_external_data=False)
    return Counter(node.op_type for node in optimised.graph.node)


def _sizes(path: Path, height: int, width: int) -> dict[str, int]:
    """Sizes of the graph's free dimensions, by the graph's own names for them."""
    model = onnx.load(path, load_external_data=False)
    shapes = json.loads({p.key: p.value for p in model.metadata_props}[KEY])["inputs"]
    sizes = {}
    for given in model.graph.input:
        named = shapes[given.name]
        for dim, name in zip(given.type.tensor_type.shape.dim, named, strict=True):
            if dim.dim_param and isinstance(name, str):
                side, _, scale = name.partition("/")
                full = {"B": 1, "H": height, "W": width}[side]
                sizes[dim.dim_param] = full // int(scale or 1)
    return sizes
