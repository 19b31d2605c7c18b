"""What every operator promises."""

import torch
from torch import nn


class Operator(nn.Module):
    """y = A x + n. `physics` are the operator's own tensors, in the order of `inputs`.

    family: name of the step graph; scale: how much smaller y is than x; multiple: sizes the operator can take.
    """

    family = ""
    inputs: tuple[str, ...] = ()
    scale = 1
    multiple = 1

    def A(self, x: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """The noiseless observation of x."""
        raise NotImplementedError

    def A_adjoint(self, y: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """The transpose: <A x, y> = <x, A_adjoint y>."""
        raise NotImplementedError

    def prepare(self, y: torch.Tensor, *physics: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Whatever of y and the physics stays the same over the K iterations; handed to `solve`."""
        return (y, *physics)

    def solve(self, z: torch.Tensor, gamma: torch.Tensor, *prepared: torch.Tensor) -> torch.Tensor:
        """argmin_u gamma/2 |A u - y|² + 1/2 |u - z|², gamma [B,1,1,1]."""
        raise NotImplementedError

    def prox_l2(self, z: torch.Tensor, y: torch.Tensor, gamma: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """The proximal step in one call (deepinv's signature)."""
        return self.solve(z, gamma, *self.prepare(y, *physics))

    def data_step(self, z: torch.Tensor, weight: torch.Tensor, sigma_y: torch.Tensor, *prepared: torch.Tensor) -> torch.Tensor:
        """Proximal step of -log p(y|u) · weight: Gaussian noise of std sigma_y [B,1,1,1]."""
        return self.solve(z, weight / sigma_y.square(), *prepared)
