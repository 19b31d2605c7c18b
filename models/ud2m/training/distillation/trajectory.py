"""What is walked and trained: a problem along the path of the sampler.

The paper draws x_t from the clean image; at run time x_t comes from the step's own estimates, so
the sampler meets states that it was not trained for. Here each problem follows the path of the
sampler, and every step on it is trained.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ud2m.diffusion.schedule import alpha_bar, time_grid
from ud2m.step.model import UnfoldedModel
from ud2m.training.problems import Problem

GRIDS = (1, 2, 3, 4, 5)  # N
GridShares = tuple[float, float, float, float, float]
GRID_SHARES: GridShares = (0.05, 0.15, 0.55, 0.1, 0.15)  # how often each, of 1 in all
# Usual probability of a further step: the first, on which all depends, is trained most.
GO_ON = 0.55


@dataclass
class TrajectoryStep:
    """One outer step of a trajectory."""

    x0: torch.Tensor  # [B,3,H,W] its estimate
    index: int  # its place, from 0


def trajectory(
    net: UnfoldedModel,
    problem: Problem,
    rng: np.random.Generator,
    generator: torch.Generator | None = None,
    go_on: float = GO_ON,
    grid_shares: GridShares = GRID_SHARES,
) -> Iterator[TrajectoryStep]:
    """The outer steps of a sampler on `problem`, each detached from the one before.

    rng draws the grid, by `grid_shares`, and the length: after each step a further one comes with
    probability `go_on`, until the grid ends. generator draws the noise.
    """
    grid, abar = time_grid(int(rng.choice(GRIDS, p=grid_shares))), alpha_bar().float()
    step = net.step(problem.family, problem.operator)
    # Noise is drawn where it is needed: copies would hold a GPU up.
    device = generator.device if generator else problem.clean.device

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, device=device).to(problem.clean)

    xt, z = normal(*problem.clean.shape), problem.z0
    for i, t in enumerate(grid):
        noise = normal(len(xt), net.iterations, *xt.shape[1:])
        level = torch.tensor([float(t)], device=xt.device)
        tensors = problem.tensors(step.takes_noise_model)
        x0 = step(xt, z, problem.y, noise, level, problem.sigma_y, *tensors)
        yield TrajectoryStep(x0, i)
        if i + 1 == len(grid) or rng.random() > go_on:
            return
        z = x0.detach().float()
        eps = (xt - abar[t].sqrt() * z) / (1 - abar[t]).sqrt()
        xt = abar[grid[i + 1]].sqrt() * z + (1 - abar[grid[i + 1]]).sqrt() * eps


def squared_error(x0: torch.Tensor, problem: Problem) -> torch.Tensor:
    """Mean squared error [B] of x0 [B,3,H,W] where the answer counts."""
    error = (x0.float() - problem.clean).square() * problem.inside
    return error.sum((1, 2, 3)) / (3 * problem.inside.sum())
