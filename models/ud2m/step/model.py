"""The model of all families: denoiser (with adapters or whole), conditioning, scalars by family.

It is all that training changes, and what a step file holds.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ud2m.nn import lora, net2net
from ud2m.nn.conditioning import Conditioning, ConditioningConfig
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.physics.operators import Operator, graphs_of, operator_of
from ud2m.step.scalars import Scalars, ScalarValues, with_final
from ud2m.step.unfolded import UnfoldedStep

# Not learned: a squared error would drive fresh noise, and with it the sampling, to zero.
CHOSEN = ("fresh_first", "fresh_last")


class UnfoldedModel(nn.Module):
    """One network for all families, whose parts `step` puts together.

    ensemble, final, single: see `UnfoldedStep`. quick: data steps are `Operator.quick` ones.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        conditioning: Conditioning | None,
        scalars: dict[str, ScalarValues],
        iterations: int = 3,
        ensemble: bool = False,
        final: bool = False,
        quick: bool = False,
        single: bool = False,
    ):
        super().__init__()
        self.quick, self.single = quick, single
        self.denoiser, self.conditioning = denoiser, conditioning
        self.iterations, self.ensemble, self.final = iterations, ensemble, final
        self.scalars = nn.ModuleDict()
        for family, values in scalars.items():
            self.add_family(family, values)

    def keep_chosen(self) -> None:
        """Takes the scalars that are chosen by hand out of the training."""
        for k in self.scalars.values():
            for name in CHOSEN:
                getattr(k, name).requires_grad_(False)

    def add_family(self, family: str, values: ScalarValues) -> None:
        """Lets the step serve `family` too, with scalars of its own."""
        if self.final or self.takes_realism:
            values = with_final(family, values)
        self.scalars[family] = Scalars(values).to(next(self.denoiser.parameters()).device)
        self.keep_chosen()

    @property
    def takes_realism(self) -> bool:
        """Whether its steps can answer with samples."""
        return self.conditioning is not None and self.conditioning.config.realism

    def step(self, family: str, operator: Operator | None = None) -> UnfoldedStep:
        """The unfolded step of `family`, on the device of the denoiser.

        operator: one of the family, where its usual one does not fit.
        """
        operator = operator or operator_of(family)
        step = UnfoldedStep(
            self.denoiser,
            operator.quick() if self.quick else operator,
            self.scalars[family],
            self.iterations,
            self.conditioning,
            self.ensemble,
            self.final,
            self.single,
        )
        return step.to(next(self.denoiser.parameters()).device)

    def steps(self, families: Iterable[str] | None = None) -> dict[str, UnfoldedStep]:
        """The step of every graph of `families` (None: all), by the name of the graph."""
        known = self.scalars if families is None else families
        graphs = [(family, graph) for family in known for graph in graphs_of(family)]
        return {graph: self.step(family, operator_of(graph)) for family, graph in graphs}

    def values(self) -> dict[str, ScalarValues]:
        """Each family's scalars."""
        return {family: scalars.values() for family, scalars in self.scalars.items()}


def average(first: UnfoldedModel, second: UnfoldedModel, share: float) -> UnfoldedModel:
    """`first`, with its parameters moved by `share` (0 … 1) towards those of `second`.

    Raises ValueError where their shapes differ.
    """
    a, b = dict(first.named_parameters()), dict(second.named_parameters())
    if {n: p.shape for n, p in a.items()} != {n: p.shape for n, p in b.items()}:
        raise ValueError("The two steps have other layers or families; average steps of one shape.")
    with torch.no_grad():
        for name, mine in a.items():
            mine.lerp_(b[name], share)
    return first


def grow(net: UnfoldedModel, config: DenoiserConfig) -> UnfoldedModel:
    """`net` with a denoiser of shape `config` and the same answers.

    Raises ValueError where `config` is smaller anywhere.
    """
    return _with(net, *net2net.grow(net.denoiser, net.conditioning, config))


def add_noise_model(net: UnfoldedModel) -> UnfoldedModel:
    """`net`, whose steps also take the tensors of a noise model; the same answers for white noise.

    ValueError where there is no conditioning that could be told of it.
    """
    conditioning = net2net.add_noise_model(_conditioning(net), net.denoiser.config)
    return _with(net, net.denoiser, conditioning)


def add_realism(net: UnfoldedModel) -> UnfoldedModel:
    """`net`, whose steps also take what makes a sample; the same answers for the mean.

    ValueError where there is no conditioning that could be told of it.
    """
    conditioning = net2net.add_realism(_conditioning(net), net.denoiser.config)
    return _with(net, net.denoiser, conditioning)


def _conditioning(net: UnfoldedModel) -> Conditioning:
    if net.conditioning is None:
        raise ValueError("A step without conditioning takes no further inputs; train one with.")
    return net.conditioning


def _with(
    net: UnfoldedModel, denoiser: Denoiser, conditioning: Conditioning | None
) -> UnfoldedModel:
    """These networks with the scalars and the shape of `net`."""
    shape = (net.iterations, net.ensemble, net.final, net.quick, net.single)
    return UnfoldedModel(denoiser, conditioning, net.values(), *shape).eval()


def save_model(net: UnfoldedModel, path: Path, provenance: dict) -> None:
    """Writes `net` to a step file: float16, adapters merged.

    Configuration, scalars and `provenance` (images, minutes, seed …) are in its header.
    """
    meta = {
        "denoiser": net.denoiser.config.to_dict(),
        "conditioning": net.conditioning.config.to_dict() if net.conditioning else None,
        "scalars": {f: v.to_dict() for f, v in net.values().items()},
        "iterations": net.iterations,
        "ensemble": net.ensemble,
        "final": net.final,
        "quick": net.quick,
        "single": net.single,
        "provenance": provenance,
    }
    tensors = _part("denoiser", lora.merged_state(net.denoiser))
    if net.conditioning:
        tensors |= _part("conditioning", net.conditioning.state_dict())
    save_file(tensors, path, {k: json.dumps(v) for k, v in meta.items()})


def _part(name: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of one network, as they are stored."""
    return {f"{name}.{n}": v.detach().cpu().contiguous().half() for n, v in state.items()}


def load_model(path: Path) -> UnfoldedModel:
    """What `save_model` wrote, in float32 and eval mode. Raises ValueError for another file."""
    with safe_open(path, "pt") as f:
        meta = {k: json.loads(v) for k, v in (f.metadata() or {}).items()}
        if "scalars" not in meta:
            raise ValueError(f"{path} holds no distilled step; make one with distill.py.")
        tensors = {k: f.get_tensor(k).float() for k in f.keys()}
    denoiser, conditioning = Denoiser(DenoiserConfig.from_dict(meta["denoiser"])), None
    if meta["conditioning"]:
        config = ConditioningConfig.from_dict(meta["conditioning"])
        conditioning = Conditioning(denoiser.config, config)
    scalars = {family: ScalarValues(**values) for family, values in meta["scalars"].items()}
    later = (
        meta.get(name, False) for name in ("final", "quick", "single")
    )  # older files lack them
    shape = (meta["iterations"], meta["ensemble"], *later)
    net = UnfoldedModel(denoiser, conditioning, scalars, *shape)
    for name, part in (("denoiser", denoiser), ("conditioning", conditioning)):
        prefix = f"{name}."
        own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        if part is not None:
            part.load_state_dict(own)
    return net.eval()
