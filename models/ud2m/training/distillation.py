"""Distillation: the unfolded step trained end to end on its own trajectories, over all families.

The paper draws x_t from the clean image; at run time x_t comes from the step's own estimates, so the sampler meets
states that it was not trained for. Here each problem follows the path of the sampler, and every step on it is trained.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ud2m.diffusion.schedule import alpha_bar, time_grid
from ud2m.step.model import UnfoldedModel
from ud2m.training.losses import (
    Discriminator,
    FeatureDistance,
    LossWeights,
    discriminator_loss,
    generator_loss,
    zero_centred_penalty,
)
from ud2m.training.problems import Problem

GRIDS, GRID_SHARES = (1, 2, 3, 4, 5), (0.05, 0.15, 0.55, 0.1, 0.15)  # N, and how often
PENALTY_EVERY = 4  # updates of the discriminator
GO_ON = (
    0.55  # usual probability of a further step: the first, on which all depends, is trained most
)


@dataclass
class TrajectoryStep:
    """One outer step of a trajectory: its estimate, and the share of problems that it stands for."""

    x0: torch.Tensor
    index: int


def trajectory(
    net: UnfoldedModel,
    problem: Problem,
    rng: np.random.Generator,
    generator: torch.Generator | None = None,
    go_on: float = GO_ON,
):
    """Yields a TrajectoryStep for each outer step, detached from the one before; length and grid are drawn."""
    grid, abar = time_grid(int(rng.choice(GRIDS, p=GRID_SHARES))), alpha_bar().float()
    step = net.step(problem.family, problem.operator)
    device = (
        generator.device if generator else problem.clean.device
    )  # drawn where it is needed: copies would hold a GPU up
    normal = lambda *shape: torch.randn(*shape, generator=generator, device=device).to(
        problem.clean
    )
    xt, z = normal(*problem.clean.shape), problem.z0
    for i, t in enumerate(grid):
        noise = normal(len(xt), net.iterations, *xt.shape[1:])
        x0 = step(
            xt,
            z,
            problem.y,
            noise,
            torch.tensor([float(t)], device=xt.device),
            problem.sigma_y,
            *problem.physics,
        )
        yield TrajectoryStep(x0, i)
        if i + 1 == len(grid) or rng.random() > go_on:
            return
        z = x0.detach().float()
        eps = (xt - abar[t].sqrt() * z) / (1 - abar[t]).sqrt()
        xt = abar[grid[i + 1]].sqrt() * z + (1 - abar[grid[i + 1]]).sqrt() * eps


def squared_error(x0: torch.Tensor, problem: Problem) -> torch.Tensor:
    """[B] mean squared error inside."""
    return ((x0.float() - problem.clean).square() * problem.inside).sum((1, 2, 3)) / (
        3 * problem.inside.sum()
    )


class Balance:
    """Weighs each image by what is usual for its degradation, so that no family and no noise level drowns the others.

    The weight is one over a mix of the running mean of the error of its class and of its own error: half-way to the
    logarithm that PSNR takes.
    """

    def __init__(self, expected: dict[str, float], own: float = 0.35, rate: float = 0.02):
        self.expected, self.own, self.rate = expected, own, rate

    def __call__(self, error: torch.Tensor, problem: Problem, what: str) -> torch.Tensor:
        """error [B] of `what` (a step's estimate, a mean of several), weighed."""
        weights = []
        for kind, e in zip(problem.hardness, error.tolist()):
            key = f"{problem.family} {kind} {what}"
            mean = self.expected.get(key, e)
            self.expected[key] = mean + self.rate * (e - mean)
            weights.append(1 / ((1 - self.own) * mean + self.own * e + 1e-6))
        return error * torch.tensor(weights, device=error.device)


Loss = Callable[
    [UnfoldedModel, Problem, np.random.Generator, dict], torch.Tensor
]  # the last: state that a resumed run takes up


def fidelity(
    net: UnfoldedModel,
    problem: Problem,
    rng: np.random.Generator,
    carried: dict,
    go_on: float = GO_ON,
) -> torch.Tensor:
    """Balanced squared error of x0, summed over the steps of a trajectory: a mean would count the steps of long ones, the late ones, for less.

    Of an ensemble each later step counts twice: for its own estimate and for the weighed mean so far, which is what the
    sampler answers with (`diffusion.sampler.sample`); so the steps learn to err differently, not only little.
    """
    balance = Balance(carried.setdefault("expected", {}))
    terms, mean = [], None
    for step in trajectory(net, problem, rng, go_on=go_on):
        error = squared_error(step.x0, problem)
        terms.append(balance(error, problem, f"{min(step.index, 2)}").mean())
        if net.ensemble:
            mean = step.x0 if mean is None else mean + (step.x0 - mean) * (2 / (step.index + 2))
            if step.index:
                terms.append(
                    balance(
                        squared_error(mean, problem), problem, f"mean {min(step.index, 2)}"
                    ).mean()
                )
    return torch.stack(terms).sum()


class Perceptual:
    """The paper's L_G: absolute error, distance of features, and a conditional discriminator that learns beside it.

    The condition is the plain inverse z0: it has the image's size whatever the operator.
    """

    def __init__(
        self,
        weights: LossWeights,
        device: torch.device | str = "cpu",
        rate: float = 3e-4,
        go_on: float = GO_ON,
    ):
        self.weights, self.go_on, self.calls = weights, go_on, 0
        self.pending: tuple[torch.Tensor, ...] | None = (
            None  # real, fake, condition of the call before
        )
        self.features = FeatureDistance().to(device) if weights.needs_features else None
        self.critic = Discriminator().to(device) if weights.needs_discriminator else None
        if self.critic:
            self.optimiser = torch.optim.AdamW(self.critic.parameters(), rate, betas=(0.5, 0.99))

    def __call__(
        self, net: UnfoldedModel, problem: Problem, rng: np.random.Generator, carried: dict
    ) -> torch.Tensor:
        if self.critic and self.calls == 0 and "critic" in carried:
            self.critic.load_state_dict(carried["critic"])
            self.optimiser.load_state_dict(carried["critic_optimiser"])
        if (
            self.pending
        ):  # the discriminator may only move once the gradient through it has been taken
            self._learn(*self.pending)
        rows, columns = (
            slice(int(i.min()), int(i.max()) + 1) for i in problem.inside[0, 0].nonzero().unbind(1)
        )
        real, condition = (
            v[..., rows, columns].contiguous(memory_format=torch.channels_last)
            for v in (problem.clean, problem.z0)
        )
        terms = []
        for step in trajectory(net, problem, rng, go_on=self.go_on):
            fake = step.x0.float()[..., rows, columns].contiguous(memory_format=torch.channels_last)
            terms.append(self._generator(fake, real, condition))
        if self.critic:
            self.pending = real, fake.detach(), condition
            carried["critic"], carried["critic_optimiser"] = (
                self.critic.state_dict(),
                self.optimiser.state_dict(),
            )
        self.calls += 1
        return torch.stack(terms).mean()

    def _generator(
        self, fake: torch.Tensor, real: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        w = self.weights
        total = w.regression * (fake - real).abs().mean()
        if self.features:
            total = total + w.perceptual * self.features(fake, real).mean()
        if self.critic:
            self.critic.requires_grad_(False)
            total = total + w.adversarial * generator_loss(self.critic(fake, condition))
            self.critic.requires_grad_(True)
        return total

    def _learn(self, real: torch.Tensor, fake: torch.Tensor, condition: torch.Tensor) -> None:
        loss = discriminator_loss(self.critic(real, condition), self.critic(fake, condition))
        if (
            self.calls % PENALTY_EVERY == 0
        ):  # twice the cost of the rest: taken seldom and weighed as much more
            with torch.autocast(real.device.type, enabled=False):
                loss = loss + PENALTY_EVERY * self.weights.penalty * zero_centred_penalty(
                    self.critic, real, fake, condition
                )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
