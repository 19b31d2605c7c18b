# SPDX-License-Identifier: MPL-2.0
"""Reads profiles of ONNX Runtime: time by operator and provider, and what the nodes compute."""

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

CONVOLUTIONS = ("Conv", "FusedConv", "NhwcFusedConv", "ConvTranspose")
PRODUCTS = ("MatMul", "FusedMatMul", "Gemm", "FusedGemm")


@dataclass
class Row:
    """The nodes of one operator on one provider, in one call."""

    nodes: float = 0.0
    ms: float = 0.0
    flops: float = 0.0


def read(path: Path, calls: int) -> dict[tuple[str, str], Row]:
    """Operator and provider -> its nodes in one of the `calls` of a profile; the file goes."""
    events = json.loads(path.read_text())
    path.unlink()
    rows: dict[tuple[str, str], Row] = defaultdict(Row)
    for event in events:
        arguments = event.get("args", {})
        if event.get("cat") != "Node" or not event["name"].endswith("_kernel_time"):
            continue
        provider = arguments.get("provider", "").removesuffix("ExecutionProvider")
        row = rows[arguments["op_name"], provider]
        row.nodes += 1 / calls
        row.ms += event["dur"] / 1e3 / calls
        row.flops += flops(arguments) / calls
    return dict(rows)


def flops(node: dict) -> float:
    """Multiplications and additions of a node: convolutions and products of matrices alone."""
    if node["op_name"] not in (*CONVOLUTIONS, *PRODUCTS):
        return 0.0
    first, *others = map(_shape, node["input_type_shape"])
    (out, *_) = map(_shape, node["output_type_shape"])
    kernels = [shape for shape in others if len(shape) == 4]
    if not kernels and node["op_name"] == "ConvTranspose":
        # Weights that were packed are not told; in these graphs such a kernel is its stride.
        return 2.0 * math.prod(out) * first[1]
    second = others[0]
    if node["op_name"] in CONVOLUTIONS:
        each = first if node["op_name"] == "ConvTranspose" else out
        return 2.0 * math.prod(each) * math.prod(second[1:])
    # Whether the first was turned is not told; the length that is summed follows from the sizes.
    batches = math.prod(first[:-2]) * math.prod(second[:-2])
    summed = math.sqrt(math.prod(first) * math.prod(second) / batches / math.prod(out[-2:]))
    return 2.0 * math.prod(out) * summed


def _shape(entry: dict) -> list[int]:
    return next(iter(entry.values())) or [1]
