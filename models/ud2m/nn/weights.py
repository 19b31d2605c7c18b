"""Weights of a denoiser on disk: safetensors in half precision.

The network's configuration and its provenance are in the header.
"""

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from ud2m.nn.denoiser import Denoiser, DenoiserConfig


def save_denoiser(net: Denoiser, path: Path, provenance: dict) -> None:
    """Writes `net` as float16 with `provenance` (images, minutes, seed …) in the header."""
    meta = {"denoiser": json.dumps(net.config.to_dict()), "provenance": json.dumps(provenance)}
    save_file({k: v.detach().contiguous().half() for k, v in net.state_dict().items()}, path, meta)


def load_denoiser(path: Path) -> Denoiser:
    """The network in float32 and eval mode. Raises ValueError for a file of another kind."""
    with safe_open(path, "pt") as f:
        meta = f.metadata() or {}
        if "denoiser" not in meta:
            raise ValueError(f"{path} holds no denoiser; make one with train_denoiser.py.")
        net = Denoiser(DenoiserConfig.from_dict(json.loads(meta["denoiser"])))
        net.load_state_dict({k: f.get_tensor(k).float() for k in f.keys()})
    return net.eval()


def provenance(path: Path) -> dict:
    """What a weight file says about its training: the `provenance` that it was saved with."""
    with safe_open(path, "pt") as f:
        return json.loads((f.metadata() or {}).get("provenance", "{}"))
