"""Circular convolution with a point spread function, given by its transfer function."""

import torch

from ud2m.operators.base import Operator
from ud2m.operators.spectral import conjugate, multiply, power, transform


class Blur(Operator):
    """y = h * x. `otf` [2,H,W]: real and imaginary part of the transform of h (see `spectral.otf`)."""

    family = "blur"
    inputs = ("otf",)

    @staticmethod
    def _half(otf: torch.Tensor) -> torch.Tensor:
        return otf[..., : otf.shape[-1] // 2 + 1]

    def A(self, x, otf):
        f = transform(x.shape[-2], x.shape[-1], x.device)
        return f.inverse(multiply(f.forward(x), self._half(otf)))

    def A_adjoint(self, y, otf):
        return self.A(y, conjugate(otf))

    def prepare(self, y, otf):
        f = transform(y.shape[-2], y.shape[-1], y.device)
        h = self._half(otf)
        return f, multiply(conjugate(h), f.forward(y)), power(h)

    def solve(self, z, gamma, f, adjoint, gain):
        g = gamma[:, :, None]
        return f.inverse((f.forward(z) + g * adjoint) / (1 + g * gain))

    def strengths(self, otf):
        gain = otf.square().sum(-3).mean((-2, -1)).reshape(-1, 1)  # sum of h²: how much noise the blur would average away
        return torch.cat([gain.log10(), torch.zeros(gain.shape[0], 2, device=gain.device)], 1)
