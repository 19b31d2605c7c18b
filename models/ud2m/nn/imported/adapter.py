"""Adapters of an imported denoiser on disk, small beside the checkpoint that they go with.

One safetensors file: the tensors of `lora.adapter_state`, those of layers that were trained whole
under their own names, and the strength `alpha` in the header.
"""

import re
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ud2m.nn import lora
from ud2m.nn.imported.denoiser import ImportedDenoiser

MARK = ".parametrizations.weight.0."


def save_adapter(denoiser: ImportedDenoiser, path: Path, alpha: float) -> None:
    """Writes what `adapt` made trainable; alpha: as it was given to `adapt`."""
    tensors = lora.adapter_state(denoiser) | {
        n: p.detach() for n, p in denoiser.named_parameters() if p.requires_grad and MARK not in n
    }
    save_file({n: v.contiguous() for n, v in tensors.items()}, path, {"alpha": repr(alpha)})


def merge_adapter(denoiser: ImportedDenoiser, path: Path) -> list[str]:
    """Adds the adapters of a file into the denoiser's weights, in place.

    Returns the names of the adapted layers. Raises ValueError with a sentence when the file is no
    adapter, or one of another network; the denoiser may then be changed in part.
    """
    if not Path(path).is_file():
        raise ValueError(
            f"{path} does not exist; give the adapter that was trained on this checkpoint."
        )
    alpha, held = _read(path)
    ends = len(MARK + "down")
    ranks = {n[:-ends]: len(v) for n, v in held.items() if n.endswith(MARK + "down")}
    layers = {name for name, _ in denoiser.named_modules()}
    foreign = [name for name in ranks if name not in layers]
    if foreign or not ranks:
        reason = "holds no low-rank tensors"
        if foreign:
            reason = f"adapts {foreign[0]}, which this network has not"
        raise ValueError(f"{path} {reason}; give the adapter that was trained on this checkpoint.")
    # Only layers smaller than the rank have less than it: the largest is the one that was meant.
    pattern = rf"^({'|'.join(map(re.escape, ranks))})$"
    names = lora.attach(denoiser, max(ranks.values()), alpha, pattern)
    parameters = dict(denoiser.named_parameters())
    for name, value in held.items():
        if name not in parameters or parameters[name].shape != value.shape:
            raise ValueError(
                f"{path} has a tensor {name} {list(value.shape)} that does not fit this network; "
                "give the adapter that was trained on this checkpoint."
            )
        with torch.no_grad():
            parameters[name].copy_(value)
    lora.merge(denoiser)
    return names


def _read(path: Path) -> tuple[float, dict[str, torch.Tensor]]:
    """The strength and the tensors of an adapter file; ValueError for another file."""
    try:
        with safe_open(path, "pt") as f:
            alpha = float((f.metadata() or {})["alpha"])
            return alpha, {name: f.get_tensor(name).float() for name in f.keys()}
    except (SafetensorError, KeyError, ValueError) as e:
        raise ValueError(
            f"{path} is no adapter file; write one with ud2m.nn.imported.save_adapter."
        ) from e
