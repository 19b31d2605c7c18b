"""What the samplers share: levels, noise, one evaluation of the denoiser, the exact proximal step of the data."""

import torch

from ud2m.physics.observation import Observation
from ud2m.physics.operators import Operator
from ud2m.step.unfolded import SIGMA_FLOOR

SIGMA_LEAST = 0.01  # of [-1, 1]: the lowest level that the denoiser was trained for


class NotDefined(ValueError):
    """The method has no form for this operator; the text says why."""


def denoise(denoiser, x: torch.Tensor, sigma: float) -> torch.Tensor:
    """One evaluation of the denoiser on x + sigma n."""
    return denoiser(x, torch.full((x.shape[0],), float(sigma)))


def normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Standard normal of the shape of `like`."""
    return torch.randn(like.shape, generator=generator)


def falling(first: float, last: float, count: int) -> list[float]:
    """`count` levels, evenly spaced in the logarithm; never rising, never below what the denoiser knows."""
    last = max(last, SIGMA_LEAST)
    return torch.logspace(
        *torch.tensor([max(first, last), last], dtype=torch.float64).log10().tolist(),
        count,
        dtype=torch.float64,
    ).tolist()


class Data:
    """The observation as a proximal step: what the unfolded step uses, prepared once."""

    def __init__(self, operator: Operator, observation: Observation, sigma_y: float):
        self.operator, self.prepared = (
            operator,
            operator.prepare(observation.y, *observation.physics),
        )
        self.sigma_y = torch.full((1, 1, 1, 1), max(float(sigma_y), SIGMA_FLOOR))

    def pull(self, z: torch.Tensor, variance: float) -> torch.Tensor:
        """argmin_u |Au - y|²/(2 sigma_y²) + |u - z|²/(2 variance)."""
        return self.operator.data_step(
            z, torch.full((1, 1, 1, 1), float(variance)), self.sigma_y, *self.prepared
        )
