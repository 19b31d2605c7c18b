"""What every operator promises. A new degradation implements this and gets a row in `kinds`."""

from typing import Any

import torch
from torch import nn

from ud2m.physics.canvas import Border, Canvas

STRENGTHS = 3  # numbers that say how strong a degradation is, see `Operator.strengths`
Parameters = dict[str, Any]  # of one degradation, by name, as its generator made them


class Operator(nn.Module):
    """y = A x + n, and how a frame becomes the tensors of a step.

    `physics` are the operator's own tensors, in the order of `inputs`; where they are a batch, so
    are x and y. Images are [B,3,H,W] in [-1, 1], y is `scale` times smaller than x; A wraps at the
    edges.
    """

    kind = ""  # what sort of degradation it is
    family = ""  # name of the scalars, and of the specialist, that serve it
    inputs: tuple[str, ...] = ()  # names of `physics` in the step graph
    scale = 1
    multiple = 1  # of which the sides of x must be multiples
    graph_multiple = 1  # and of this too in a graph
    acts_on_channels_alike = True  # A and the data step are the same along any axes of colour
    border = Border.MIRROR  # how a frame goes on beyond its edge

    def margin(self, parameters: Parameters) -> int:
        """Output pixels added on each side of a frame, because the observation leans on what lies
        beyond it.
        """
        return 0

    def observe(self, padded: torch.Tensor, canvas: Canvas, parameters: Parameters) -> torch.Tensor:
        """The padded frame [1,3,H/s,W/s] as the other methods take it.

        parameters: of the degradation, by name.
        """
        return padded

    def initial(
        self, observed: torch.Tensor, canvas: Canvas, parameters: Parameters
    ) -> torch.Tensor:
        """z0 [1,3,H,W], where the first step starts: a plain inverse."""
        return observed

    def tensors(
        self, observed: torch.Tensor, canvas: Canvas, parameters: Parameters
    ) -> dict[str, torch.Tensor]:
        """What the step graph takes, by name: `y`, and those of `inputs`."""
        return {"y": observed}

    def A(self, x: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """The noiseless observation of x."""
        raise NotImplementedError

    def A_adjoint(self, y: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """The transpose: <A x, y> = <x, A_adjoint y>."""
        raise NotImplementedError

    def residual(self, x: torch.Tensor, y: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """y - A x, zero where nothing was observed."""
        return y - self.A(x, *physics)

    def prepare(self, y: torch.Tensor, *physics: torch.Tensor) -> tuple[Any, ...]:
        """Whatever of y and the physics stays the same over the iterations of a step.

        Handed to `solve`.
        """
        return (y, *physics)

    def solve(self, z: torch.Tensor, gamma: torch.Tensor, *prepared: Any) -> torch.Tensor:
        """argmin_u gamma/2 |A u - y|² + 1/2 |u - z|², gamma [B,1,1,1]."""
        raise NotImplementedError

    def prox_l2(
        self, z: torch.Tensor, y: torch.Tensor, gamma: torch.Tensor, *physics: torch.Tensor
    ) -> torch.Tensor:
        """The proximal step in one call (deepinv's signature)."""
        return self.solve(z, gamma, *self.prepare(y, *physics))

    def data_step(
        self, z: torch.Tensor, weight: torch.Tensor, sigma_y: torch.Tensor, *prepared: Any
    ) -> torch.Tensor:
        """Proximal step of -log p(y|u) · weight: Gaussian noise of std sigma_y [B,1,1,1]."""
        return self.solve(z, weight / sigma_y.square(), *prepared)

    def mirrored(self, mirror: Any, *physics: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The physics of mirrored images: `mirror` mirrors images, and its `spectrum` transforms.

        Tables and kernels are the same both ways: those here are symmetric.
        """
        return tuple(mirror(v) if v.dim() == 4 else v for v in physics)

    def quick(self) -> "Operator":
        """One whose data step costs less, where there is one, and is less exact."""
        return self

    def strengths(self, *physics: torch.Tensor) -> torch.Tensor:
        """[B or 1, STRENGTHS] base-10 logarithms of numbers that do not depend on the size of the
        image.
        """
        return torch.zeros(1, STRENGTHS)

    def observed(self, x: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """[B,1,H,W] 1 where a pixel of x [B,3,H,W] was observed."""
        return x.new_ones(x.shape[0], 1, *x.shape[-2:])
