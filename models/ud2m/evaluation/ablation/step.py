"""What each departure of the unfolded step from the paper is worth, without any training."""

from dataclasses import replace
from unittest.mock import patch

import torch

from ud2m.evaluation.scalar_search import Bench
from ud2m.nn.denoiser import Denoiser
from ud2m.physics.operators import blur, downscale
from ud2m.step.scalars import Scalars, ScalarValues

COLUMNS = ("shipped", "paper", "restart", "fresh=1", "wrapped")


class PaperScalars(Scalars):
    """One inner level for all iterations: 1/rho² = 1/sigma_y² + 1/sigma_t²."""

    def level(
        self, sigma_t: torch.Tensor, sigma_y: torch.Tensor, shares: torch.Tensor
    ) -> torch.Tensor:
        level = sigma_t * sigma_y / torch.sqrt(sigma_t.square() + sigma_y.square())
        return level.expand(-1, shares.shape[1], -1, -1)


def departures(
    family: str, clean: torch.Tensor, denoiser: Denoiser, values: ScalarValues, seed: int
) -> dict[str, float]:
    """Mean PSNR in dB of the full sampler with one thing changed at a time, by COLUMNS.

    paper: levels, fresh noise and weights as in the paper. restart: each step starts from the
    observation again. fresh=1: all noise is fresh. wrapped: the mirrored frame wraps with a step.
    """
    bench = Bench(family, clean, denoiser, seed)
    fresh = {"fresh_first": 1.0, "fresh_last": 1.0}
    row = [
        bench.scores(values),
        bench.scores(ScalarValues(**fresh), make=PaperScalars),
        bench.scores(values, chain=False),
        bench.scores(replace(values, **fresh)),
    ]
    with (
        patch.object(blur, "crossfade", lambda y, band: y),
        patch.object(downscale, "crossfade", lambda y, band: y),
    ):
        row.append(Bench(family, clean, denoiser, seed).scores(values))
    return {name: float(s.mean()) for name, s in zip(COLUMNS, row, strict=True)}
