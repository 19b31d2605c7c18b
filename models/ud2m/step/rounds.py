"""What the iterations of a step need to know of levels, all of them at once.

In a graph these are some twenty nodes for all iterations together, and not for each.
"""

from typing import NamedTuple

import torch

from ud2m.nn.conditioning import measure
from ud2m.nn.denoiser import Denoiser
from ud2m.step.scalars import Scalars


class Round(NamedTuple):
    """Factors of one iteration, [B or 1,1,1,1] each."""

    level: torch.Tensor  # inner noise level
    state: torch.Tensor  # of x_t in the point from which the data step starts
    estimate: torch.Tensor  # of the estimate in it
    weight: torch.Tensor  # of the data step
    noise: torch.Tensor  # of the fresh noise
    measure: torch.Tensor  # of the move of the data step, as the networks see it
    enters: torch.Tensor  # these three: `Denoiser.scalings`
    kept: torch.Tensor
    added: torch.Tensor

    @property
    def scalings(self) -> tuple[torch.Tensor, ...]:
        """Those of the denoiser."""
        return self[-3:]


def rounds(
    scalars: Scalars, sigma_t: torch.Tensor, sigma_y: torch.Tensor, shares: torch.Tensor
) -> tuple[torch.Tensor, list[Round]]:
    """The inner levels [B or 1,K,1,1], and the factors of each of the K iterations.

    sigma_t, sigma_y [B or 1,1,1,1] in [-1, 1]; shares [1,K,1,1] of the iterations that are over.
    """
    level = scalars.level(sigma_t, sigma_y, shares)
    square = sigma_t.square()
    pull, root = scalars.state_weight.exp() / square, torch.rsqrt(1 + square)  # sqrt(abar_t)
    tie = (scalars.rho_ratio.exp() * level).pow(-2)
    c = pull + tie
    factors = (
        level,
        pull / root / c,
        tie / c,
        1 / (c * scalars.noise_trust.exp()),
        scalars.fresh(shares) * level,
        measure(level),
        *Denoiser.scalings(level),
    )
    columns = torch.cat(factors, 1).split(1, 1)
    count = shares.shape[1]
    return level, [Round(*columns[k::count]) for k in range(count)]


def of_images(every: list[Round]) -> torch.Tensor:
    """Factors [B or 1,6K+3,1,1] of x_t for each of K iterations, of their noises, and of z0: 1."""
    states, noises = [now.state for now in every], [now.noise for now in every]
    images = [*states, *noises, torch.ones_like(every[0].state)]
    return torch.cat(images, 1).repeat_interleave(3, 1)
