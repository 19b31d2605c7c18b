"""What a step graph costs: multiplications and additions, counted in the graph itself."""

import json
from pathlib import Path

import numpy as np
import onnx

from ud2m.export.manifest import KEY, prepare_of

COUNTED = ("Conv", "ConvTranspose", "MatMul", "Gemm")


def flops_per_pixel(path: Path, height: int, width: int) -> float:
    """Of one outer step on one image, for each pixel; sides as the manifest wants them.

    Convolutions and products of matrices are counted, Fourier transforms among them; what is done
    pixel by pixel is not. The shapes are those that ONNX Runtime meets.
    """
    import onnxruntime as ort

    model = onnx.load(path)
    nodes = [n for n in model.graph.node if n.op_type in COUNTED]
    own = {t.name: list(t.dims) for t in model.graph.initializer}
    given = {i.name for i in model.graph.input}
    inputs = {n: v for n, v in _inputs(path, model, height, width).items() if n in given}
    wanted = {name for n in nodes for name in (*n.input[:2], n.output[0])} - own.keys() - given
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = dict(zip(sorted(wanted), session.run(sorted(wanted), inputs), strict=True))
    shapes = own | {n: list(v.shape) for n, v in [*found.items(), *inputs.items()]}
    return sum(_flops(n, shapes) for n in nodes) / (height * width)


def _inputs(path: Path, model: onnx.ModelProto, height: int, width: int) -> dict[str, np.ndarray]:
    """Inputs of one image of this size, all ones: what they hold does not change the count.

    What is prepared is prepared: sizes depend on an order of rows and columns.
    """
    import onnxruntime as ort

    manifest = json.loads({p.key: p.value for p in model.metadata_props}[KEY])
    sizes = {"B": 1, "H": height, "W": width}
    for s in (2, 3, 4):
        sizes |= {f"H/{s}": height // s, f"W/{s}": width // s}
    shapes = manifest["inputs"] | manifest.get("prepare", {}).get("inputs", {})
    inputs = {
        name: np.ones([d if isinstance(d, int) else sizes[d] for d in dims], np.float32)
        for name, dims in shapes.items()
    }
    if "prepare" in manifest:
        prepare = prepare_of(path.parent, path.stem)
        session = ort.InferenceSession(prepare, providers=["CPUExecutionProvider"])
        answers = session.run(None, {i.name: inputs[i.name] for i in session.get_inputs()})
        inputs |= {o.name: v for o, v in zip(session.get_outputs(), answers, strict=True)}
    return inputs


def _flops(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> float:
    """Two for each product, whose result is added up."""
    first, second, out = (shapes[name] for name in (*node.input[:2], node.output[0]))
    if node.op_type == "Conv":  # each output: input channels of its group × kernel
        return 2.0 * np.prod(out) * np.prod(second[1:])
    if node.op_type == "ConvTranspose":  # each input likewise
        return 2.0 * np.prod(first) * np.prod(second[1:])
    turned = any(a.name == "transA" and a.i for a in node.attribute)
    return 2.0 * np.prod(out) * first[-2 if turned else -1]
