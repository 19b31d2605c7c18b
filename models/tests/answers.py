"""What a step answers to a training problem, the same at every call."""

import torch

from ud2m.step.model import UnfoldedModel
from ud2m.training.problems import Problem


def answer(net: UnfoldedModel, problem: Problem, t: float = 444.0) -> torch.Tensor:
    """[2,3,H,W] from `net` at level t, for a batch of two and three iterations."""
    generator, shape = torch.Generator().manual_seed(2), problem.clean.shape

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator)

    return net.step(problem.family, problem.operator)(
        normal(*shape),
        problem.z0,
        problem.y,
        normal(2, 3, *shape[1:]),
        torch.tensor([t]),
        problem.sigma_y,
        *problem.physics,
    )
