"""Squared error along a trajectory, balanced over the degradations."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from ud2m.step.model import UnfoldedModel
from ud2m.training.distillation.trajectory import (
    GO_ON,
    GRID_SHARES,
    GridShares,
    squared_error,
    trajectory,
)
from ud2m.training.problems import Problem


class Balance:
    """Weighs each image by what is usual for its degradation.

    So no family and no noise level outweighs the others. The weight is one over a mix of the
    running mean of the error of its class and of its own error: half-way to the logarithm that PSNR
    takes. expected: the running means, which it updates; own: share of the own error; rate: of the
    running means.
    """

    def __init__(self, expected: dict[str, float], own: float = 0.35, rate: float = 0.02):
        self.expected, self.own, self.rate = expected, own, rate

    def __call__(self, error: torch.Tensor, problem: Problem, what: str) -> torch.Tensor:
        """error [B] of `what` (a step's estimate, a mean of several), weighed."""
        return error * self.weights(error, problem, what)

    def weights(self, error: torch.Tensor, problem: Problem, what: str) -> torch.Tensor:
        """[B] by error [B] of `what`, which is taken up into the running means."""
        weights = []
        for kind, e in zip(problem.hardness, error.tolist(), strict=True):
            key = f"{problem.family} {kind} {what}"
            mean = self.expected.get(key, e)
            self.expected[key] = mean + self.rate * (e - mean)
            weights.append(1 / ((1 - self.own) * mean + self.own * e + 1e-6))
        return torch.tensor(weights, device=error.device)


def fidelity(
    net: UnfoldedModel,
    problem: Problem,
    rng: np.random.Generator,
    carried: dict,
    go_on: float = GO_ON,
    grid_shares: GridShares = GRID_SHARES,
    teacher: Callable[[Problem], torch.Tensor] | None = None,
    teacher_weight: float = 1.0,
) -> torch.Tensor:
    """Balanced squared error of x0, summed over the steps of a trajectory.

    A mean would count the steps of long trajectories, the late ones, for less. Of an ensemble each
    later step counts twice: for its own estimate and for the weighed mean so far, which is what the
    sampler answers with (`diffusion.sampler.sample`); so the steps learn to err differently, not
    only little. carried: state that a resumed run takes up. teacher: gives a second target
    [B,3,H,W], the squared error to which counts `teacher_weight`.
    """
    taught = replace(problem, clean=teacher(problem)) if teacher else None

    def error_of(x0: torch.Tensor) -> torch.Tensor:
        error = squared_error(x0, problem)
        return error + teacher_weight * squared_error(x0, taught) if taught else error

    balance = Balance(carried.setdefault("expected", {}))
    terms: list[torch.Tensor] = []
    mean: torch.Tensor | None = None
    for step in trajectory(net, problem, rng, go_on=go_on, grid_shares=grid_shares):
        place = min(step.index, 2)
        terms.append(balance(error_of(step.x0), problem, f"{place}").mean())
        if net.ensemble:
            mean = step.x0 if mean is None else mean + (step.x0 - mean) * (2 / (step.index + 2))
            if step.index:
                terms.append(balance(error_of(mean), problem, f"mean {place}").mean())
    return torch.stack(terms).sum()
