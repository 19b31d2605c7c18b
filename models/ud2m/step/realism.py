"""What makes an answer a sample of the posterior: its share, its noise, and its last data step.

With realism 0 the answer is the posterior mean and all of this is silent. With 1 it is a sample:
the networks get texture noise, and the step ends with a data step against y less noise of its own,
so that the residual y - A x of a sample is as large as the noise of y. Between 0 and 1 the caller
is to mix the two answers; a step that is given such a value does something between, which is not
trained.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch

from ud2m.diffusion.noise import COARSE, FINE, grid_size, texture
from ud2m.physics.operators import Operator

INPUTS = ("realism", "texture_noise", "y_noise")  # of a step: [B], [B,6,H,W], as y
Normal = Callable[..., torch.Tensor]  # of sizes: standard normal


class Realism(NamedTuple):
    """The tensors of `INPUTS`, or None of each for the mean."""

    share: torch.Tensor | None = None  # [B] 0 … 1
    texture: torch.Tensor | None = None  # [B,6,H,W]
    y_noise: torch.Tensor | None = None  # as y; None where the noise of y is not drawn

    @property
    def gate(self) -> torch.Tensor | None:
        """The share as [B,1,1,1]."""
        return None if self.share is None else self.share[:, None, None, None]

    @property
    def beside(self) -> torch.Tensor | None:
        """The texture noise that the networks see, [B,6,H,W]: none of it in a mean."""
        if self.texture is None or self.share is None:
            return None
        return self.share[:, None, None, None] * self.texture


def inputs_of(operator: Operator) -> tuple[str, ...]:
    """Those of INPUTS that a step with this operator takes.

    Where A does not act on the channels alike (JPEG) the data are cells of a quantiser: an
    estimate is moved into them, and no noise of y is drawn.
    """
    return INPUTS if operator.acts_on_channels_alike else INPUTS[:2]


def draw(operator: Operator, y: torch.Tensor, share: torch.Tensor, normal: Normal) -> tuple:
    """The tensors of `inputs_of` for one outer step: share [B], y [B,3,H/s,W/s], drawn noise."""
    batch, _, *sides = y.shape
    height, width = (operator.scale * side for side in sides)
    fine = normal(batch, FINE, height, width)
    noise = texture(fine, normal(batch, COARSE, *grid_size(height, width)))
    every = share, noise, normal(*y.shape)
    return every[: len(inputs_of(operator))]


def noisier(
    y: torch.Tensor,
    std: torch.Tensor,
    reach: torch.Tensor,
    operator: Operator,
    noise: torch.Tensor,
    gate: torch.Tensor,
) -> torch.Tensor:
    """y [B,3,H/s,W/s] less noise, for a last data step that keeps the residual's power.

    std [B,1 or 3,1,1]: of the noise of y; reach: std of the error that the data step is to mend;
    noise: as y; gate [B,1,1,1]: the share of realism. With q = reach² / std² times an eigenvalue
    of A Aᵀ, the data step leaves r / (1 + q) of a residual r and adds q / (1 + q) of this noise;
    with the factor sqrt(1 + 2/q) on it a residual of std `std` keeps it. The eigenvalue of a flat
    image is taken, 1/s².
    """
    q = reach.square() / std.square() / operator.scale**2
    return y - gate * std * torch.sqrt(1 + 2 / q) * noise
