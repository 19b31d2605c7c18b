"""Plain noise: y = x + n."""

from ud2m.physics.operators.base import Operator


class Identity(Operator):
    """y = x: denoising."""

    kind = family = "denoise"

    def A(self, x):
        return x

    def A_adjoint(self, y):
        return y

    def solve(self, z, gamma, y):
        return (z + gamma * y) / (1 + gamma)
