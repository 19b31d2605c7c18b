"""The axes of colour along which a data step is taken."""

import torch

from ud2m.physics import noise_model


class NoiseAxes:
    """The axes along which noise is uncorrelated, or R, G, B as they are.

    An operator that acts on the channels alike is the same along any axes of colour. So the data
    step of coloured noise is an ordinary one along those of the noise, with a level for each
    (docs/decisions/026-noise-model.md).
    """

    def __init__(self, tensors: tuple[torch.Tensor, ...], sigma_y: torch.Tensor, alike: bool):
        """tensors: of `noise_model.INPUTS`, or none; then, or where the operator does not act on
        the channels alike, the axes are R, G, B and sigma_y [B,1,1,1] is the level of each.
        """
        self.basis: torch.Tensor | None = None
        self.level = sigma_y  # [B,1,1,1]
        self.std = sigma_y  # [B,1,1,1], or along each axis [B,3,1,1]
        self.facts = noise_model.facts(*tensors) if tensors else None
        if tensors and alike:
            self.basis, self.std = tensors[0], tensors[1][:, :, None, None]

    def into(self, x: torch.Tensor) -> torch.Tensor:
        """x [B,3,H,W] of R, G, B along the axes."""
        return x if self.basis is None else noise_model.rotate(x.float(), self.basis)

    def back(self, x: torch.Tensor) -> torch.Tensor:
        """x [B,3,H,W] along the axes as R, G, B."""
        return x if self.basis is None else noise_model.rotate(x, self.basis.transpose(1, 2))
