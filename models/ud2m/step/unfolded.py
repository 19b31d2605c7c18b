"""The unfolded step: K iterations of (proximal step, fresh noise, one evaluation of the denoiser) — the LATINO module of the paper.

Joins denoiser, operator and diffusion, and what distillation added to the denoiser (conditioning); knows nothing of the outer sampler. In the paper (Fig. 2) the inner level follows
from 1/rho² = 1/sigma_y² + 1/sigma_t² and is tiny; here it falls over the K iterations from a level tied to the outer one to
a level tied to the noise in y, which uses the network as a prior (docs/decisions/008 says what that is worth).
"""

from contextlib import nullcontext

import torch
from torch import nn

from ud2m.diffusion.schedule import sigmas
from ud2m.nn.conditioning import Conditioning, features
from ud2m.nn.denoiser import Denoiser
from ud2m.physics.operators import Operator, context
from ud2m.step.scalars import Scalars

SIGMA_FLOOR = (
    0.004  # of [-1, 1]: half a code value of 8 bits; less noise than rounding makes no sense
)


def mirrored(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """x [B,C,H,W] as it is at the highest levels t [B] or [1]; below 701 left-right, below 401 both ways, below 201 up-down. Its own inverse."""
    t = t.reshape(-1, 1, 1, 1)
    x = torch.where((t <= 700) & (t > 200), x.flip(-1), x)
    return torch.where(t <= 400, x.flip(-2), x)


class UnfoldedStep(nn.Module):
    """L(y, x_t, t): K iterations that share one denoiser. The graph that is exported. Without `conditioning` the denoiser works as it is.

    ensemble: the networks see the image mirrored, each level in its own way, so that what they err by at random differs
    from step to step; the sampler is then to take the mean of its estimates (`diffusion.sampler.sample`). Costs no evaluation.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        operator: Operator,
        scalars: Scalars,
        iterations: int = 3,
        conditioning: Conditioning | None = None,
        ensemble: bool = False,
    ):
        super().__init__()
        self.denoiser, self.operator, self.scalars, self.iterations, self.conditioning = (
            denoiser,
            operator,
            scalars,
            iterations,
            conditioning,
        )
        self.ensemble = ensemble
        self.register_buffer("sigma_of", sigmas().float(), persistent=False)

    @property
    def multiple(self) -> int:
        """Height and width of an image are multiples of this, as far as the networks go."""
        return max(
            self.denoiser.config.multiple, self.conditioning.multiple if self.conditioning else 1
        )

    def forward(
        self,
        xt: torch.Tensor,  # [B,3,H,W] state of the outer sampler
        z0: torch.Tensor,  # [B,3,H,W] initial estimate
        y: torch.Tensor,  # observation
        noise: torch.Tensor,  # [B,K,3,H,W] standard normal
        t: torch.Tensor,  # [B] or [1] level index
        sigma_y: torch.Tensor,  # [B] or [1] noise std of y, in [-1, 1]
        *physics: torch.Tensor,
    ) -> torch.Tensor:  # [B,3,H,W] estimate of x0
        scalars = self.scalars
        sigma_t = self.sigma_of[t.long()][:, None, None, None]
        sy = sigma_y.clamp_min(SIGMA_FLOOR)[:, None, None, None]
        root = torch.rsqrt(1 + sigma_t.square())  # sqrt(abar_t)
        with _exact(z0):
            prepared = self.operator.prepare(y, *physics)
        pull = scalars.state_weight.exp() / sigma_t.square()

        def data_step(z: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
            """The proximal step from z, whose reach is tied to the inner level."""
            rho = scalars.rho_ratio.exp() * level
            c = pull + rho.pow(-2)
            a = (pull / root * xt + z / rho.square()) / c  # x_t and z fold into one
            with _exact(z):
                return self.operator.data_step(
                    a, 1 / (c * scalars.noise_trust.exp()), sy, *prepared
                )

        view = (lambda x: mirrored(x, t)) if self.ensemble else (lambda x: x)
        conditioning, z, previous = self.conditioning, z0, None
        if conditioning is not None:
            operator, observed = (
                context(self.operator, *physics).to(z0.device),
                self.operator.observed(z0, *physics),
            )
            if conditioning.initial is not None:
                level = scalars.level(sigma_t, sy, 0.0)
                moved = features(z, data_step(z, level), level, observed)
                z = view(
                    conditioning.initial(
                        view(z), self._each(level, z), view(moved), (operator, sy, sigma_t, 0.0)
                    )
                )
        for k in range(self.iterations):
            share = k / (self.iterations - 1) if self.iterations > 1 else 1.0
            level = scalars.level(sigma_t, sy, share)
            u = data_step(z, level)
            fresh = scalars.fresh_first.exp() * (1 - share) + scalars.fresh_last.exp() * share
            v, sigma = view(u + fresh * level * noise[:, k]), self._each(level, u)
            if conditioning is None:
                z = view(self.denoiser(v, sigma))
            else:
                moved = view(features(z, u, level, observed))
                z, previous = conditioning(
                    self.denoiser, v, sigma, moved, (operator, sy, sigma_t, share), previous
                )
                z = view(z)
        return z

    @staticmethod
    def _each(level: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return level[:, 0, 0, 0].expand(x.shape[0])


def _exact(x: torch.Tensor):
    """Proximal steps are float32 whatever the network runs in: a transfer function in half precision is another one."""
    device = x.device.type
    return (
        torch.autocast(device, enabled=False)
        if torch.is_autocast_enabled(device)
        else nullcontext()
    )
