"""What every operator promises."""

import torch
from torch import nn

FAMILIES = ("denoise", "mask", "blur", "downscale", "jpeg")
CONTEXT_LENGTH = len(FAMILIES) + 3  # of `Operator.context`


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

    def residual(self, x: torch.Tensor, y: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """y - A x, zero where nothing was observed."""
        return y - self.A(x, *physics)

    def A_adjoint(self, y: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """The transpose: <A x, y> = <x, A_adjoint y>."""
        raise NotImplementedError

    def prepare(self, y: torch.Tensor, *physics: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Whatever of y and the physics stays the same over the K iterations; handed to `solve`."""
        return (y, *physics)

    def solve(self, z: torch.Tensor, gamma: torch.Tensor, *prepared: torch.Tensor) -> torch.Tensor:
        """argmin_u gamma/2 |A u - y|² + 1/2 |u - z|², gamma [B,1,1,1]."""
        raise NotImplementedError

    def prox_l2(
        self, z: torch.Tensor, y: torch.Tensor, gamma: torch.Tensor, *physics: torch.Tensor
    ) -> torch.Tensor:
        """The proximal step in one call (deepinv's signature)."""
        return self.solve(z, gamma, *self.prepare(y, *physics))

    def context(self, *physics: torch.Tensor) -> torch.Tensor:
        """[B or 1, CONTEXT_LENGTH] the operator as a network sees it: which it is, and how strong (`strengths`)."""
        strengths = self.strengths(*physics)
        kinds = [float(self.family.rstrip("0123456789") == k) for k in FAMILIES]
        return torch.cat(
            [strengths.new_tensor(kinds).expand(strengths.shape[0], len(FAMILIES)), strengths], 1
        )

    def strengths(self, *physics: torch.Tensor) -> torch.Tensor:
        """[B or 1, 3]: base-10 logarithms of up to three numbers that do not depend on the size of the image."""
        return torch.zeros(1, 3)

    def observed(self, x: torch.Tensor, *physics: torch.Tensor) -> torch.Tensor:
        """[B,1,H,W] 1 where a pixel of x [B,3,H,W] was observed."""
        return torch.ones_like(x[:, :1])

    def data_step(
        self, z: torch.Tensor, weight: torch.Tensor, sigma_y: torch.Tensor, *prepared: torch.Tensor
    ) -> torch.Tensor:
        """Proximal step of -log p(y|u) · weight: Gaussian noise of std sigma_y [B,1,1,1]."""
        return self.solve(z, weight / sigma_y.square(), *prepared)
