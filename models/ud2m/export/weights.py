"""Where a package's weights lie: in safetensors files, the external data of its ONNX graphs.

A safetensors file is the length of its header (8 bytes), the header as JSON, and the tensors one
after the other. A graph names the file, the place of a tensor's first byte in it, and the length,
so that the files that training wrote serve the graphs too. ONNX Runtime maps them into memory; it
does not mind how the places are aligned.
"""

import copy
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from onnx.external_data_helper import set_external_data
from safetensors.torch import save_file

from ud2m.nn import lora
from ud2m.step.unfolded import UnfoldedStep

SMALLEST = 64  # numbers; what is smaller stays in the graph
TYPES = {"F16": onnx.TensorProto.FLOAT16, "F32": onnx.TensorProto.FLOAT}


class Place(NamedTuple):
    """Where the bytes of a tensor lie."""

    file: Path
    offset: int  # bytes
    length: int  # bytes


class Weights:
    """The tensors of safetensors files by their values. Of equal ones the first counts."""

    def __init__(self, files: Iterable[Path]):
        self._places: dict[tuple[int, bytes], Place] = {}
        for file in files:
            self._read(file)

    def _read(self, file: Path) -> None:
        with file.open("rb") as f:
            begin = 8 + int.from_bytes(f.read(8), "little")
            header = json.loads(f.read(begin - 8))
        header.pop("__metadata__", None)
        for entry in header.values():
            if entry["dtype"] in TYPES:
                first, last = entry["data_offsets"]
                values = np.fromfile(file, np.uint8, last - first, offset=begin + first)
                key = TYPES[entry["dtype"]], _digest(values)
                self._places.setdefault(key, Place(file, begin + first, last - first))

    def find(self, values: np.ndarray) -> tuple[int, Place] | None:
        """ONNX type and place of float32 `values`; None where no file has them.

        Half precision goes first, where it is exact.
        """
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        stored = [(onnx.TensorProto.FLOAT, values)]
        if np.array_equal(half.astype(np.float32), values):
            stored.insert(0, (onnx.TensorProto.FLOAT16, half))
        for kind, data in stored:
            if place := self._places.get((kind, _digest(data))):
                return kind, place
        return None


def plain(step: UnfoldedStep) -> UnfoldedStep:
    """A copy as it is exported: adapters merged, memory in order, in evaluation mode."""
    merged = lora.merge(copy.deepcopy(step))
    return merged.to(memory_format=torch.contiguous_format).eval()


def write(steps: Iterable[UnfoldedStep], folder: Path) -> list[Path]:
    """Writes each network of `steps` once; returns the files.

    They are called `weights.safetensors`, `weights-2.safetensors` … in `folder`.
    A tensor that half precision holds exactly is stored in it.
    """
    networks = {(id(s.denoiser), id(s.conditioning)): s for s in steps}
    files = []
    for i, step in enumerate(networks.values(), 1):
        files.append(folder / ("weights.safetensors" if i == 1 else f"weights-{i}.safetensors"))
        state = _state(plain(step))
        save_file({name: _narrowed(value) for name, value in state.items()}, files[-1])
    return files


def move_out(model: onnx.ModelProto, step: UnfoldedStep, weights: Weights) -> set[Path]:
    """Replaces a step's weights in its graph by their places in files; returns these files.

    step: see `plain`. Half precision is widened by a Cast as the graph loads. Raises LookupError
    when a weight lies in none of the files.
    """
    known = {_digest(v.numpy()) for v in _state(step).values() if v.numel() >= SMALLEST}
    used, widened = set(), []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.size < SMALLEST or _digest(values) not in known:
            continue
        found = weights.find(values)
        if found is None:
            raise LookupError(f"no weight file holds {tensor.name} {list(values.shape)}")
        kind, place = found
        if kind == onnx.TensorProto.FLOAT16:
            plain, tensor.name = tensor.name, f"{tensor.name}.half"
            widened.append(
                onnx.helper.make_node("Cast", [tensor.name], [plain], to=onnx.TensorProto.FLOAT)
            )
        tensor.data_type = kind
        tensor.ClearField("float_data")
        tensor.raw_data = b""  # set_external_data wants the field
        set_external_data(tensor, place.file.name, place.offset, place.length)
        tensor.ClearField("raw_data")
        used.add(place.file)
    for node in reversed(widened):
        model.graph.node.insert(0, node)
    return used


def _state(step: UnfoldedStep) -> dict[str, torch.Tensor]:
    """The networks' tensors by name, such as `denoiser.head.weight`."""
    parts = {"denoiser": step.denoiser, "conditioning": step.conditioning}
    return {
        f"{part}.{name}": value.detach().cpu().contiguous()
        for part, net in parts.items()
        if net is not None
        for name, value in net.state_dict().items()
    }


def _narrowed(value: torch.Tensor) -> torch.Tensor:
    half = value.half()
    return half if torch.equal(half.to(value.dtype), value) else value


def _digest(data: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(data).data).digest()
