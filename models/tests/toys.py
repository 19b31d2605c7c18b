"""What tests of small networks share."""

from collections.abc import Sequence

import torch

from ud2m.nn.conditioning import Conditioning, ConditioningConfig
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.step.model import UnfoldedModel
from ud2m.step.scalars import ScalarValues

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)
CONDITIONED = ConditioningConfig((0, 1), DenoiserConfig(4, (8, 12), (1, 1), 16))


def network(families: Sequence[str]) -> UnfoldedModel:
    """A small network with conditioning; none of its weights is zero."""
    values = {family: ScalarValues() for family in families}
    net = UnfoldedModel(Denoiser(TOY), Conditioning(TOY, CONDITIONED), values)
    for name, p in net.named_parameters():
        if not name.startswith("scalars"):
            torch.nn.init.normal_(p, std=0.5 * p[0].numel() ** -0.5 if p.ndim > 1 else 0.1)
    return net


def source(count: int, side: int) -> torch.Tensor:
    """Images [count, 3, side, side] of random pixels, for problems to be drawn from."""
    return torch.rand(count, 3, side, side) * 1.6 - 0.8


def answer(net, problem, t=444.0):
    """The step of `net` on a problem at level t, with the same noise every time."""
    generator, shape = torch.Generator().manual_seed(2), problem.clean.shape
    xt = torch.randn(*shape, generator=generator)
    noise = torch.randn(shape[0], 3, *shape[1:], generator=generator)
    level = torch.tensor([t])
    step = net.step(problem.family, problem.operator)
    return step(xt, problem.z0, problem.y, noise, level, problem.sigma_y, *problem.physics)
