"""What the samplers share: levels, noise, an evaluation of the denoiser, the step to the data."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ud2m.physics.observation import Observation
from ud2m.physics.operators import Operator
from ud2m.step.unfolded import SIGMA_FLOOR

SIGMA_LEAST = 0.01  # of [-1, 1]: the lowest level that the denoiser was trained for


Denoiser = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # (x, sigma [B]) -> x0


@dataclass(frozen=True)
class Restoration:
    """What a sampler restores, and by what."""

    denoiser: Denoiser  # undistilled, as it was trained
    operator: Operator
    observation: Observation
    sigma_y: float  # noise std of y, in [-1, 1]
    generator: torch.Generator  # one state gives one sample


class NotDefined(ValueError):
    """The method has no form for this operator; the text says why."""


def denoise(denoiser: Denoiser, x: torch.Tensor, sigma: float) -> torch.Tensor:
    """One evaluation of the denoiser on x + sigma n."""
    return denoiser(x, torch.full((x.shape[0],), float(sigma)))


def normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Standard normal of the shape of `like`."""
    return torch.randn(like.shape, generator=generator)


def falling(first: float, last: float, count: int) -> list[float]:
    """`count` levels, evenly spaced in the logarithm; never rising, nor below the trained ones."""
    last = max(last, SIGMA_LEAST)
    ends = torch.tensor([max(first, last), last], dtype=torch.float64).log10().tolist()
    return torch.logspace(*ends, count, dtype=torch.float64).tolist()


class Data:
    """The observation as a proximal step: what the unfolded step uses, prepared once."""

    def __init__(self, given: Restoration):
        y, physics = given.observation.y, given.observation.physics
        self.operator, self.prepared = given.operator, given.operator.prepare(y, *physics)
        self.sigma_y = torch.full((1, 1, 1, 1), max(float(given.sigma_y), SIGMA_FLOOR))

    def pull(self, z: torch.Tensor, variance: float) -> torch.Tensor:
        """argmin_u |Au - y|²/(2 sigma_y²) + |u - z|²/(2 variance)."""
        weight = torch.full((1, 1, 1, 1), float(variance))
        return self.operator.data_step(z, weight, self.sigma_y, *self.prepared)
