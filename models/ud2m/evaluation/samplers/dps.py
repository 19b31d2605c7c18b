"""DPS (Chung et al. 2023, arXiv 2209.14687, Algorithm 1): 1000 ancestral steps with guidance.

Each is moved down the gradient of |y - A x0(x_t)|, which goes through the denoiser and through A.
Own code: deepinv 0.5.0's `DPS` hands the guidance to its solver as a score, which scales it by the
variance of the step, where the paper subtracts it whole. A test holds the gradient against
deepinv's `DPSDataFidelity`. JPEG rounds: there the gradient is straight-through (rounding counts as
the identity, the averaging of chroma does not).
"""

from functools import singledispatch

import torch
import torch.nn.functional as F

from ud2m.diffusion.schedule import BETA_FIRST, BETA_LAST, LEVELS, alpha_bar
from ud2m.evaluation.samplers.common import Restoration, denoise, normal
from ud2m.evaluation.samplers.settings import of
from ud2m.physics.operators import Jpeg, Operator

EVALUATIONS = LEVELS
PAPER_SIZE = 3 * 256 * 256  # pixels for which the paper's step sizes were chosen


@singledispatch
def differentiable_residual(
    operator: Operator, x: torch.Tensor, y: torch.Tensor, *physics: torch.Tensor
) -> torch.Tensor:
    """y - A x where y was observed, with a gradient for JPEG too."""
    return operator.residual(x, y, *physics)


@differentiable_residual.register
def _(operator: Jpeg, x: torch.Tensor, y: torch.Tensor, *tables: torch.Tensor) -> torch.Tensor:
    compressed = operator.A(x, *tables)
    ycc = F.conv2d(x, operator.to_ycc)
    chroma = F.avg_pool2d(ycc[:, 1:], operator.factors)
    chroma = F.interpolate(chroma, scale_factor=tuple(map(float, operator.factors)), mode="nearest")
    smooth = F.conv2d(torch.cat([ycc[:, :1], chroma], 1), operator.to_rgb)
    # Not y - A x: in which order a norm sums depends on the memory layout of the first operand.
    return -(smooth + (compressed - smooth).detach() - y)


def guidance(given: Restoration, x: torch.Tensor, abar: float) -> tuple[torch.Tensor, torch.Tensor]:
    """x0(x_t) clamped, as in the paper's code, and the gradient of |y - A x0(x_t)| in x_t.

    x is x_t [1,3,H,W], abar the cumulative signal power of its level; both answers are [1,3,H,W].
    """
    y, physics = given.observation.y, given.observation.physics
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        x0 = denoise(given.denoiser, leaf / abar**0.5, ((1 - abar) / abar) ** 0.5).clamp(-1, 1)
        residual = differentiable_residual(given.operator, x0, y, *physics)
        return x0.detach(), torch.autograd.grad(torch.linalg.vector_norm(residual), leaf)[0]


def dps(given: Restoration, **settings: float) -> torch.Tensor:
    """A sample; see the package for the arguments. The noise of y is not used, as in the paper.

    Settings: zeta, the paper's step size (zeta_i = zeta/|y - A x0|).
    """
    zeta = of("dps", given.operator, settings)["zeta"]
    # abar[t + 1] belongs to level t.
    abar = torch.cat([torch.ones(1, dtype=torch.float64), alpha_bar()])
    beta = torch.linspace(BETA_FIRST, BETA_LAST, LEVELS, dtype=torch.float64)
    x = normal(given.observation.z0, given.generator)
    # The gradient of a norm is a unit vector: in each pixel it shrinks with the root of the size.
    length = zeta * (x.numel() / PAPER_SIZE) ** 0.5
    for t in reversed(range(LEVELS)):
        now, before, b = float(abar[t + 1]), float(abar[t]), float(beta[t])
        x0, gradient = guidance(given, x, now)
        # Ho et al. 2020, eq. 7.
        mean = (before**0.5 * b * x0 + (1 - b) ** 0.5 * (1 - before) * x) / (1 - now)
        x = mean - length * gradient
        if t:
            x = x + (b * (1 - before) / (1 - now)) ** 0.5 * normal(x, given.generator)
    return x
