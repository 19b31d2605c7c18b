"""All that training changes, in one module: denoiser (with adapters or whole), conditioning, and each family's scalars."""

import copy
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ud2m.nn import lora, net2net
from ud2m.nn.conditioning import Conditioning, ConditioningConfig
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.physics.operators import Operator, graphs_of, operator_of
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.unfolded import UnfoldedStep

CHOSEN = (
    "fresh_first",
    "fresh_last",
)  # not learned: a squared error would drive fresh noise, and with it the sampling, to zero


class UnfoldedModel(nn.Module):
    """One network for all families; `step` puts the parts together. ensemble: see `UnfoldedStep`."""

    def __init__(
        self,
        denoiser: Denoiser,
        conditioning: Conditioning | None,
        scalars: dict[str, ScalarValues],
        iterations: int = 3,
        ensemble: bool = False,
    ):
        super().__init__()
        self.denoiser, self.conditioning, self.iterations, self.ensemble = (
            denoiser,
            conditioning,
            iterations,
            ensemble,
        )
        self.scalars = nn.ModuleDict(
            {family: Scalars(values) for family, values in scalars.items()}
        )
        self.keep_chosen()

    def keep_chosen(self) -> None:
        """Takes the scalars that are chosen by hand out of the training."""
        for k in self.scalars.values():
            for name in CHOSEN:
                getattr(k, name).requires_grad_(False)

    def step(self, family: str, operator: Operator | None = None) -> UnfoldedStep:
        """The unfolded step of `family`; operator: one of its kind where the family's usual one does not fit."""
        step = UnfoldedStep(
            self.denoiser,
            operator or operator_of(family),
            self.scalars[family],
            self.iterations,
            self.conditioning,
            self.ensemble,
        )
        return step.to(next(self.denoiser.parameters()).device)

    def steps(self) -> dict[str, UnfoldedStep]:
        """The step of every graph of every family."""
        return {
            graph: self.step(family, operator_of(graph))
            for family in self.scalars
            for graph in graphs_of(family)
        }

    def values(self) -> dict[str, ScalarValues]:
        """Each family's scalars."""
        return {family: scalars.values() for family, scalars in self.scalars.items()}


def average(first: UnfoldedModel, second: UnfoldedModel, share: float) -> UnfoldedModel:
    """`first` with its parameters moved by `share` towards those of `second`; ValueError where their shapes differ."""
    a, b = dict(first.named_parameters()), dict(second.named_parameters())
    if {n: p.shape for n, p in a.items()} != {n: p.shape for n, p in b.items()}:
        raise ValueError("The two steps have other layers or families; average steps of one shape.")
    with torch.no_grad():
        for name, mine in a.items():
            mine.lerp_(b[name], share)
    return first


def grow(net: UnfoldedModel, config: DenoiserConfig) -> UnfoldedModel:
    """`net` with a denoiser of shape `config` and the same answers; ValueError where `config` is smaller anywhere."""
    denoiser, conditioning = net2net.grow(net.denoiser, net.conditioning, config)
    return UnfoldedModel(denoiser, conditioning, net.values(), net.iterations, net.ensemble).eval()


def save_model(net: UnfoldedModel, path: Path, provenance: dict) -> None:
    """Writes `net` as float16 with adapters merged; configuration, scalars and provenance are in the header."""
    meta = {
        "denoiser": net.denoiser.config.to_dict(),
        "conditioning": net.conditioning.config.to_dict() if net.conditioning else None,
        "scalars": {f: v.to_dict() for f, v in net.values().items()},
        "iterations": net.iterations,
        "ensemble": net.ensemble,
        "provenance": provenance,
    }
    parts = {"denoiser": _plain(net.denoiser)} | (
        {"conditioning": net.conditioning.state_dict()} if net.conditioning else {}
    )
    tensors = {
        f"{part}.{n}": v.detach().cpu().contiguous().half()
        for part, state in parts.items()
        for n, v in state.items()
    }
    save_file(tensors, path, {k: json.dumps(v) for k, v in meta.items()})


def _plain(net: nn.Module) -> dict[str, torch.Tensor]:
    """The state of a network as if its adapters were merged, without touching it."""
    return lora.merge(copy.deepcopy(net)).state_dict()


def load_model(path: Path) -> UnfoldedModel:
    """What `save_model` wrote, in float32 and eval mode; raises ValueError when the file is another."""
    with safe_open(path, "pt") as f:
        meta = {k: json.loads(v) for k, v in (f.metadata() or {}).items()}
        if "scalars" not in meta:
            raise ValueError(f"{path} holds no distilled step; make one with distill.py.")
        tensors = {k: f.get_tensor(k).float() for k in f.keys()}
    denoiser = Denoiser(DenoiserConfig.from_dict(meta["denoiser"]))
    conditioning = (
        Conditioning(denoiser.config, ConditioningConfig.from_dict(meta["conditioning"]))
        if meta["conditioning"]
        else None
    )
    net = UnfoldedModel(
        denoiser,
        conditioning,
        {f: ScalarValues(**v) for f, v in meta["scalars"].items()},
        meta["iterations"],
        meta["ensemble"],
    )
    for part in ("denoiser", "conditioning"):
        own = {
            k.removeprefix(f"{part}."): v for k, v in tensors.items() if k.startswith(f"{part}.")
        }
        if own:
            getattr(net, part).load_state_dict(own)
    return net.eval()
