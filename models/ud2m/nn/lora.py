"""Low-rank adapters on the weights of any network (Hu et al. 2021), by PyTorch's parametrisation.

W + (alpha / rank) B A is formed from the frozen W before each use: a layer stays one product or
convolution, which on a CPU costs half of a separate low-rank branch, and merging is the removal of
the parametrisation.
"""

import re

import torch
from torch import nn
from torch.nn.utils import parametrize


class LowRank(nn.Module):
    """The weight [O, …] plus scale · B A, with B [O,rank] zero at the start and A [rank, …]."""

    def __init__(self, weight: torch.Tensor, rank: int, alpha: float):
        super().__init__()
        rows, columns = weight.shape[0], weight[0].numel()
        rank = min(rank, rows, columns)
        self.scale = alpha / rank
        self.down = nn.Parameter(torch.randn(rank, columns) * columns**-0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + self.scale * (self.up @ self.down).reshape(weight.shape)


def attach(net: nn.Module, rank: int, alpha: float | None = None, targets: str = "") -> list[str]:
    """Freezes `net` and puts adapters on its layers; returns the names of the adapted layers.

    targets: a regular expression that is searched in each layer's name; only convolutions (1-D,
    2-D) and linear layers are adapted. alpha: strength, the rank when None. rank 0 freezes only.
    Raises ValueError where nothing matches.
    """
    net.requires_grad_(False)
    if rank == 0:
        return []
    kinds = (nn.Conv1d, nn.Conv2d, nn.Linear)
    names = [n for n, m in net.named_modules() if isinstance(m, kinds) and re.search(targets, n)]
    if not names:
        raise ValueError(
            f"No convolution or linear layer has a name that matches {targets!r}; "
            "choose other LoRA targets."
        )
    for name in names:
        layer = net.get_submodule(name)
        adapter = LowRank(layer.weight, rank, rank if alpha is None else alpha)
        parametrize.register_parametrization(layer, "weight", adapter)
    return names


def merge(net: nn.Module) -> nn.Module:
    """Adds every adapter into its weight, in place; the network has its plain layers again."""
    for module in list(net.modules()):
        if parametrize.is_parametrized(module, "weight"):
            # A copy of a layer shares its class, from which PyTorch would take the weight.
            kind = type(module)
            module.__class__ = type(kind.__name__, kind.__bases__, dict(vars(kind)))
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    return net


def merged_state(net: nn.Module) -> dict[str, torch.Tensor]:
    """The state of `net` as if its adapters were merged; `net` itself can be trained on."""
    state = {n: v for n, v in net.state_dict().items() if ".parametrizations." not in f".{n}"}
    for name, module in net.named_modules():
        if parametrize.is_parametrized(module, "weight"):
            state[f"{name}.weight"] = module.weight.detach()
    return state


def adapter_state(net: nn.Module) -> dict[str, torch.Tensor]:
    """The adapters' own tensors by name, to be stored beside the network that they belong to."""
    return {
        n: p.detach()
        for n, p in net.named_parameters()
        if ".parametrizations." in f".{n}" and n.rsplit(".", 1)[-1] in ("up", "down")
    }
