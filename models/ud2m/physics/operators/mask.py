"""Missing pixels, and plain noise."""

from ud2m.physics.operators.base import Operator


class Mask(Operator):
    """y = M x, `mask` [B,1,H,W] 1 where observed. y must be finite where it is missing; its value there is not used."""

    family = "mask"
    inputs = ("mask",)

    def A(self, x, mask):
        return x * mask

    def A_adjoint(self, y, mask):
        return y * mask

    def solve(self, z, gamma, y, mask):
        return (z + gamma * mask * y) / (1 + gamma * mask)

    def observed(self, x, mask):
        return mask


class Identity(Operator):
    """y = x: denoising."""

    family = "denoise"

    def A(self, x):
        return x

    def A_adjoint(self, y):
        return y

    def solve(self, z, gamma, y):
        return (z + gamma * y) / (1 + gamma)
