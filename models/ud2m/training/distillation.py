"""Distillation: the unfolded step trained end to end on its own trajectories, over all families.

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
) -> Iterator[TrajectoryStep]:
    """The outer steps of a sampler on `problem`, each detached from the one before.

    rng draws the grid and the length: after each step a further one comes with probability `go_on`,
    until the grid ends. generator draws the noise.
    """
    grid, abar = time_grid(int(rng.choice(GRIDS, p=GRID_SHARES))), alpha_bar().float()
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
        weights = []
        for kind, e in zip(problem.hardness, error.tolist(), strict=True):
            key = f"{problem.family} {kind} {what}"
            mean = self.expected.get(key, e)
            self.expected[key] = mean + self.rate * (e - mean)
            weights.append(1 / ((1 - self.own) * mean + self.own * e + 1e-6))
        return error * torch.tensor(weights, device=error.device)


def fidelity(
    net: UnfoldedModel,
    problem: Problem,
    rng: np.random.Generator,
    carried: dict,
    go_on: float = GO_ON,
) -> torch.Tensor:
    """Balanced squared error of x0, summed over the steps of a trajectory.

    A mean would count the steps of long trajectories, the late ones, for less. Of an ensemble each
    later step counts twice: for its own estimate and for the weighed mean so far, which is what the
    sampler answers with (`diffusion.sampler.sample`); so the steps learn to err differently, not
    only little. carried: state that a resumed run takes up.
    """
    balance = Balance(carried.setdefault("expected", {}))
    terms: list[torch.Tensor] = []
    mean: torch.Tensor | None = None
    for step in trajectory(net, problem, rng, go_on=go_on):
        place = min(step.index, 2)
        terms.append(balance(squared_error(step.x0, problem), problem, f"{place}").mean())
        if net.ensemble:
            mean = step.x0 if mean is None else mean + (step.x0 - mean) * (2 / (step.index + 2))
            if step.index:
                error = squared_error(mean, problem)
                terms.append(balance(error, problem, f"mean {place}").mean())
    return torch.stack(terms).sum()


class Perceptual:
    """The paper's L_G: absolute error, distance of features, and a conditional discriminator.

    The discriminator learns beside the network. Its condition is the plain inverse z0, which has
    the image's size whatever the operator.
    """

    def __init__(
        self,
        weights: LossWeights,
        device: torch.device | str = "cpu",
        rate: float = 3e-4,
        go_on: float = GO_ON,
    ):
        self.weights, self.go_on, self.calls = weights, go_on, 0
        # Real, fake and condition of the call before.
        self.pending: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None
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
        if self.critic and self.pending:  # it moves once the gradient through it has been taken
            self._learn(self.critic, *self.pending)
        frame = _frame(problem.inside)
        real, condition = _inside(problem.clean, frame), _inside(problem.z0, frame)
        terms = []
        for step in trajectory(net, problem, rng, go_on=self.go_on):
            fake = _inside(step.x0.float(), frame)
            terms.append(self._generator(fake, real, condition))
        if self.critic:
            self.pending = real, fake.detach(), condition
            carried["critic"] = self.critic.state_dict()
            carried["critic_optimiser"] = self.optimiser.state_dict()
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

    def _learn(
        self,
        critic: Discriminator,
        real: torch.Tensor,
        fake: torch.Tensor,
        condition: torch.Tensor,
    ) -> None:
        """One update of the discriminator."""
        loss = discriminator_loss(critic(real, condition), critic(fake, condition))
        if self.calls % PENALTY_EVERY == 0:  # twice the cost of the rest: seldom, weighed for it
            weight = PENALTY_EVERY * self.weights.penalty
            with torch.autocast(real.device.type, enabled=False):
                loss = loss + weight * zero_centred_penalty(critic, real, fake, condition)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


def _frame(inside: torch.Tensor) -> tuple[slice, slice]:
    """Rows and columns where the answer counts, of a mask [1,1,H,W]."""
    places = inside[0, 0].nonzero()
    (top, left), (bottom, right) = places.amin(0).tolist(), places.amax(0).tolist()
    return slice(top, bottom + 1), slice(left, right + 1)


def _inside(x: torch.Tensor, frame: tuple[slice, slice]) -> torch.Tensor:
    return x[..., frame[0], frame[1]].contiguous(memory_format=torch.channels_last)
