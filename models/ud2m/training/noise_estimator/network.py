"""Three dense layers, and the file that the element reads."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from ud2m.training.noise_estimator.draws import TARGETS

HIDDEN = (96, 64)
LIMIT = 4.0  # inputs beyond so many standard deviations of the training's count as that


class Estimator(nn.Module):
    """[B,INPUTS] to [B,TARGETS]; see `draws.targets`. The inputs' mean and scale are its own."""

    def __init__(self, inputs: np.ndarray):
        """inputs: [N,INPUTS] of the training."""
        super().__init__()
        first, second = HIDDEN
        self.register_buffer("mean", torch.from_numpy(inputs.mean(0)))
        self.register_buffer("scale", torch.from_numpy(1 / (inputs.std(0) + 1e-3)))
        self.layers = nn.ModuleList(
            [
                nn.Linear(inputs.shape[1], first),
                nn.Linear(first, second),
                nn.Linear(second, TARGETS),
            ]
        )

    def forward(self, x: torch.Tensor, jitter: float = 0.0) -> torch.Tensor:
        """jitter: std of noise on the scaled inputs, against overfitting."""
        x = ((x - self.mean) * self.scale).clamp(-LIMIT, LIMIT)
        x = x + jitter * torch.randn_like(x) if jitter else x
        first, second, last = self.layers
        return last(nn.functional.silu(second(nn.functional.silu(first(x)))))


def save(estimator: Estimator, path: Path) -> None:
    """Numbers of 32 bits, little-endian: mean, scale, then weights and bias of each layer."""
    parts = [estimator.mean, estimator.scale]
    parts += [part for layer in estimator.layers for part in (layer.weight, layer.bias)]
    numbers = np.concatenate([part.detach().numpy().ravel() for part in parts])
    path.write_bytes(numbers.astype("<f4").tobytes())
