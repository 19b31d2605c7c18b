"""The loss with features and an adversary: texture at the price of squared error."""

import numpy as np
import torch

from ud2m.step.model import UnfoldedModel
from ud2m.training.distillation.trajectory import GO_ON, GRID_SHARES, GridShares, trajectory
from ud2m.training.losses import (
    Discriminator,
    FeatureDistance,
    LossWeights,
    discriminator_loss,
    generator_loss,
    zero_centred_penalty,
)
from ud2m.training.problems import Problem

PENALTY_EVERY = 4  # updates of the discriminator


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
        grid_shares: GridShares = GRID_SHARES,
    ):
        self.weights, self.calls = weights, 0
        self.go_on, self.grid_shares = go_on, grid_shares
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
        frame = frame_of(problem.inside)
        real, condition = cut(problem.clean, frame), cut(problem.z0, frame)
        terms = []
        walked = trajectory(net, problem, rng, go_on=self.go_on, grid_shares=self.grid_shares)
        for step in walked:
            fake = cut(step.x0.float(), frame)
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


def frame_of(inside: torch.Tensor) -> tuple[slice, slice]:
    """Rows and columns where the answer counts, of a mask [1,1,H,W]."""
    places = inside[0, 0].nonzero()
    (top, left), (bottom, right) = places.amin(0).tolist(), places.amax(0).tolist()
    return slice(top, bottom + 1), slice(left, right + 1)


def cut(x: torch.Tensor, frame: tuple[slice, slice]) -> torch.Tensor:
    return x[..., frame[0], frame[1]].contiguous(memory_format=torch.channels_last)
