"""All that training changes, in one module: prior (with adapters or whole), guidance, and each family's scalars."""

import copy
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ud2m.nn import lora
from ud2m.nn.conditioning import Guidance, GuidanceConfig
from ud2m.nn.denoiser import Prior, PriorConfig
from ud2m.physics.observation import graphs_of, operator_of
from ud2m.physics.operators import Operator
from ud2m.step.unfolded import Knobs, KnobValues, UnfoldedStep

CHOSEN = ("fresh", "fresh_last")  # not learned: a squared error would drive fresh noise, and with it the sampling, to zero


class Distilled(nn.Module):
    """One network for all families; `step` puts the parts together. ensemble: see `UnfoldedStep`."""

    def __init__(self, prior: Prior, guidance: Guidance | None, knobs: dict[str, KnobValues], iterations: int = 3, ensemble: bool = False):
        super().__init__()
        self.prior, self.guidance, self.iterations, self.ensemble = prior, guidance, iterations, ensemble
        self.knobs = nn.ModuleDict({family: Knobs(values) for family, values in knobs.items()})
        self.keep_chosen()

    def keep_chosen(self) -> None:
        """Takes the scalars that are chosen by hand out of the training."""
        for k in self.knobs.values():
            for name in CHOSEN:
                getattr(k, name).requires_grad_(False)

    def step(self, family: str, operator: Operator | None = None) -> UnfoldedStep:
        """The unfolded step of `family`; operator: one of its kind where the family's usual one does not fit."""
        step = UnfoldedStep(self.prior, operator or operator_of(family), self.knobs[family], self.iterations, self.guidance, self.ensemble)
        return step.to(next(self.prior.parameters()).device)

    def steps(self) -> dict[str, UnfoldedStep]:
        """The step of every graph of every family."""
        return {graph: self.step(family, operator_of(graph)) for family in self.knobs for graph in graphs_of(family)}

    def values(self) -> dict[str, KnobValues]:
        """Each family's scalars."""
        return {family: knobs.values() for family, knobs in self.knobs.items()}


def average(first: Distilled, second: Distilled, share: float) -> Distilled:
    """`first` with its parameters moved by `share` towards those of `second`; ValueError where their shapes differ."""
    a, b = dict(first.named_parameters()), dict(second.named_parameters())
    if {n: p.shape for n, p in a.items()} != {n: p.shape for n, p in b.items()}:
        raise ValueError("The two steps have other layers or families; average steps of one shape.")
    with torch.no_grad():
        for name, mine in a.items():
            mine.lerp_(b[name], share)
    return first


def save_distilled(net: Distilled, path: Path, provenance: dict) -> None:
    """Writes `net` as float16 with adapters merged; configuration, scalars and provenance are in the header."""
    meta = {
        "prior": net.prior.config.to_dict(),
        "guidance": net.guidance.config.to_dict() if net.guidance else None,
        "knobs": {f: v.to_dict() for f, v in net.values().items()},
        "iterations": net.iterations,
        "ensemble": net.ensemble,
        "provenance": provenance,
    }
    parts = {"prior": _plain(net.prior)} | ({"guidance": net.guidance.state_dict()} if net.guidance else {})
    tensors = {f"{part}.{n}": v.detach().cpu().contiguous().half() for part, state in parts.items() for n, v in state.items()}
    save_file(tensors, path, {k: json.dumps(v) for k, v in meta.items()})


def _plain(net: nn.Module) -> dict[str, torch.Tensor]:
    """The state of a network as if its adapters were merged, without touching it."""
    return lora.merge(copy.deepcopy(net)).state_dict()


def provenance(path: Path) -> dict:
    """What `save_distilled` was told about the training."""
    with safe_open(path, "pt") as f:
        return json.loads((f.metadata() or {}).get("provenance", "{}"))


def load_distilled(path: Path) -> Distilled:
    """What `save_distilled` wrote, in float32 and eval mode; raises ValueError when the file is another."""
    with safe_open(path, "pt") as f:
        meta = {k: json.loads(v) for k, v in (f.metadata() or {}).items()}
        if "knobs" not in meta:
            raise ValueError(f"{path} holds no distilled step; make one with distill.py.")
        tensors = {k: f.get_tensor(k).float() for k in f.keys()}
    prior = Prior(PriorConfig.from_dict(meta["prior"]))
    guidance = Guidance(prior.config, GuidanceConfig.from_dict(meta["guidance"])) if meta["guidance"] else None
    net = Distilled(prior, guidance, {f: KnobValues(**v) for f, v in meta["knobs"].items()}, meta["iterations"], meta.get("ensemble", False))
    for part in ("prior", "guidance"):
        own = {k.removeprefix(f"{part}."): v for k, v in tensors.items() if k.startswith(f"{part}.")}
        if own:
            getattr(net, part).load_state_dict(own)
    return net.eval()
