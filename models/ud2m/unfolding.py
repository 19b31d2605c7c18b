"""The unfolded step: K rounds of (proximal step, fresh noise, one evaluation of the prior) — the LATINO module of the paper.

Joins prior, operator and diffusion; knows nothing of the outer sampler. In the paper (Fig. 2) the inner level follows
from 1/rho² = 1/sigma_y² + 1/sigma_t² and is tiny; here it falls over the K rounds from a level tied to the outer one to
a level tied to the noise in y, which uses the network as a prior (see docs/architecture.md for what that is worth).
"""

from dataclasses import asdict, dataclass

import torch
from torch import nn

from ud2m.diffusion import sigmas
from ud2m.operators import Operator
from ud2m.prior import Prior

SIGMA_FLOOR = 0.004  # of [-1, 1]: half a code value of 8 bits; less noise than rounding makes no sense


@dataclass(frozen=True)
class KnobValues:
    """The scalars of one operator family. Levels are in [-1, 1]."""

    high: float = 0.6  # inner level of the first round when the outer level is 999
    restart: float = 0.5  # first inner level = restart · sigma_t, where that is lower
    floor: float = 0.02  # last inner level = sqrt(floor² + (follow · sigma_y)²)
    follow: float = 1.0
    spread: float = 1.0  # rho_k = spread · inner level: how far the data may pull the estimate
    trust: float = 1.0  # lambda: the noise variance is taken as trust · sigma_y²
    anchor: float = 1.0  # weight of the x_t term
    fresh: float = 0.5  # share of fresh noise in the inner level, first round
    fresh_last: float = 0.0  # the same, last round

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


class Knobs(nn.Module):
    """rho, inner level, lambda … as functions of (t, sigma_y, k): the learnable scalars of the unfolded step."""

    def __init__(self, values: KnobValues = KnobValues()):
        super().__init__()
        for name, value in values.to_dict().items():  # each positive: kept as its logarithm
            setattr(self, name, nn.Parameter(torch.tensor(max(value, 1e-6)).log()))

    def values(self) -> KnobValues:
        return KnobValues(**{n: float(p.detach().exp()) for n, p in self.named_parameters()})

    def level(self, sigma_t: torch.Tensor, sigma_y: torch.Tensor, share: float) -> torch.Tensor:
        """Inner noise level at `share` (0 first round, 1 last) of the rounds; [B,1,1,1]."""
        low = torch.sqrt(self.floor.exp().square() + (self.follow.exp() * sigma_y).square())
        first = torch.maximum(torch.minimum(self.restart.exp() * sigma_t, self.high.exp()), low)
        return first ** (1 - share) * low**share


class UnfoldedStep(nn.Module):
    """L(y, x_t, t): K rounds that share one prior. The graph that is exported."""

    def __init__(self, prior: Prior, operator: Operator, knobs: Knobs, iterations: int = 3):
        super().__init__()
        self.prior, self.operator, self.knobs, self.iterations = prior, operator, knobs, iterations
        self.register_buffer("sigma_of", sigmas().float(), persistent=False)

    def forward(
        self,
        xt: torch.Tensor,  # [B,3,H,W] state of the outer sampler
        z0: torch.Tensor,  # [B,3,H,W] start
        y: torch.Tensor,  # observation
        noise: torch.Tensor,  # [B,K,3,H,W] standard normal
        t: torch.Tensor,  # [B] or [1] level index
        sigma_y: torch.Tensor,  # [B] or [1] noise std of y, in [-1, 1]
        *physics: torch.Tensor,
    ) -> torch.Tensor:  # [B,3,H,W] estimate of x0
        knobs = self.knobs
        sigma_t = self.sigma_of[t.long()][:, None, None, None]
        sy = sigma_y.clamp_min(SIGMA_FLOOR)[:, None, None, None]
        root = torch.rsqrt(1 + sigma_t.square())  # sqrt(abar_t)
        prepared = self.operator.prepare(y, *physics)
        pull, z = knobs.anchor.exp() / sigma_t.square(), z0
        for k in range(self.iterations):
            share = k / (self.iterations - 1) if self.iterations > 1 else 1.0
            level = knobs.level(sigma_t, sy, share)
            rho = knobs.spread.exp() * level
            c = pull + rho.pow(-2)
            a = (pull / root * xt + z / rho.square()) / c  # x_t and z fold into one anchor
            u = self.operator.data_step(a, 1 / (c * knobs.trust.exp()), sy, *prepared)
            fresh = knobs.fresh.exp() * (1 - share) + knobs.fresh_last.exp() * share
            z = self.prior(u + fresh * level * noise[:, k], level[:, 0, 0, 0].expand(u.shape[0]))
        return z
