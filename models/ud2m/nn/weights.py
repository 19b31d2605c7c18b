"""Weights on disk: safetensors in half precision, with the network's configuration and its provenance inside."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ud2m.nn.denoiser import Prior, PriorConfig


def save_prior(net: Prior, path: Path, provenance: dict) -> None:
    """Writes `net` as float16 with `provenance` (images, minutes, seed …) in the header."""
    meta = {"prior": json.dumps(net.config.to_dict()), "provenance": json.dumps(provenance)}
    save_file({k: v.detach().contiguous().half() for k, v in net.state_dict().items()}, path, meta)


def load_prior(path: Path) -> Prior:
    """The network in float32, in training mode off; raises ValueError when the file is not one of ours."""
    with safe_open(path, "pt") as f:
        meta = f.metadata() or {}
        if "prior" not in meta:
            raise ValueError(f"{path} holds no prior; make one with train_denoiser.py.")
        net = Prior(PriorConfig.from_dict(json.loads(meta["prior"])))
        net.load_state_dict({k: f.get_tensor(k).float() for k in f.keys()})
    return net.eval()


def provenance(path: Path) -> dict:
    """What `save_prior` was told about the training."""
    with safe_open(path, "pt") as f:
        return json.loads((f.metadata() or {}).get("provenance", "{}"))


def hash_state(net: torch.nn.Module) -> str:
    """Short digest of the weights, to tell one training from another."""
    import hashlib

    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:12]
