"""The unfolded step: K rounds of (proximal step, fresh noise, one evaluation of the prior) — the LATINO module of the paper.

Joins prior, operator and diffusion, and what distillation added to the prior (guidance); knows nothing of the outer sampler. In the paper (Fig. 2) the inner level follows
from 1/rho² = 1/sigma_y² + 1/sigma_t² and is tiny; here it falls over the K rounds from a level tied to the outer one to
a level tied to the noise in y, which uses the network as a prior (see docs/architecture.md for what that is worth).
"""

from contextlib import nullcontext
from dataclasses import asdict, dataclass

import torch
from torch import nn

from ud2m.diffusion.schedule import sigmas
from ud2m.nn.conditioning import Guidance, clues
from ud2m.nn.denoiser import Prior
from ud2m.physics.operators import Operator

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


UNSEARCHED = {  # by family; the three reductions share theirs
    "blur": KnobValues(high=0.3, restart=0.5, floor=0.02, follow=1.0, trust=1.0, fresh=0.2),
    "mask": KnobValues(high=0.8, restart=0.6, floor=0.03, follow=1.0, trust=1.0, fresh=0.2),
    "denoise": KnobValues(high=0.3, restart=0.3, floor=0.005, follow=1.0, spread=3.0, trust=1.0, anchor=0.01, fresh=1e-3, fresh_last=1e-3),
    "downscale": KnobValues(high=0.4, restart=0.5, floor=0.05, follow=1.0, trust=1.0, fresh=0.2),
    "jpeg": KnobValues(high=0.2, restart=0.3, floor=0.08, follow=1.0, trust=1.0, fresh=0.1),
}


def unsearched(family: str) -> KnobValues:
    """Scalars that suit no prior in particular: where a search begins, and what a prior gets that had none."""
    return UNSEARCHED[family.rstrip("0123456789")]


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


def mirrored(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """x [B,C,H,W] as it is at the highest levels t [B] or [1]; below 701 left-right, below 401 both ways, below 201 up-down. Its own inverse."""
    t = t.reshape(-1, 1, 1, 1)
    x = torch.where((t <= 700) & (t > 200), x.flip(-1), x)
    return torch.where(t <= 400, x.flip(-2), x)


class UnfoldedStep(nn.Module):
    """L(y, x_t, t): K rounds that share one prior. The graph that is exported. Without `guidance` the prior works as it is.

    ensemble: the networks see the picture mirrored, each level in its own way, so that what they err by at random differs
    from step to step; the sampler is then to take the mean of its estimates (`sampling.sample`). Costs no evaluation.
    """

    def __init__(self, prior: Prior, operator: Operator, knobs: Knobs, iterations: int = 3, guidance: Guidance | None = None, ensemble: bool = False):
        super().__init__()
        self.prior, self.operator, self.knobs, self.iterations, self.guidance = prior, operator, knobs, iterations, guidance
        self.ensemble = ensemble
        self.register_buffer("sigma_of", sigmas().float(), persistent=False)

    @property
    def multiple(self) -> int:
        """Height and width of a picture are multiples of this, as far as the networks go."""
        return max(self.prior.config.multiple, self.guidance.multiple if self.guidance else 1)

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
        with _exact(z0):
            prepared = self.operator.prepare(y, *physics)
        pull = knobs.anchor.exp() / sigma_t.square()

        def data(z: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
            """The proximal step from z, whose reach is tied to the inner level."""
            rho = knobs.spread.exp() * level
            c = pull + rho.pow(-2)
            a = (pull / root * xt + z / rho.square()) / c  # x_t and z fold into one anchor
            with _exact(z):
                return self.operator.data_step(a, 1 / (c * knobs.trust.exp()), sy, *prepared)

        view = (lambda x: mirrored(x, t)) if self.ensemble else (lambda x: x)
        guidance, z, memory = self.guidance, z0, None
        if guidance is not None:
            code, observed = self.operator.code(*physics).to(z0.device), self.operator.observed(z0, *physics)
            if guidance.initialiser is not None:
                level = knobs.level(sigma_t, sy, 0.0)
                seen = clues(z, data(z, level), level, observed)
                z = view(guidance.initialiser(view(z), self._each(level, z), view(seen), (code, sy, sigma_t, 0.0)))
        for k in range(self.iterations):
            share = k / (self.iterations - 1) if self.iterations > 1 else 1.0
            level = knobs.level(sigma_t, sy, share)
            u = data(z, level)
            fresh = knobs.fresh.exp() * (1 - share) + knobs.fresh_last.exp() * share
            v, sigma = view(u + fresh * level * noise[:, k]), self._each(level, u)
            if guidance is None:
                z = view(self.prior(v, sigma))
            else:
                seen = view(clues(z, u, level, observed))
                z, memory = guidance(self.prior, v, sigma, seen, (code, sy, sigma_t, share), memory)
                z = view(z)
        return z

    @staticmethod
    def _each(level: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return level[:, 0, 0, 0].expand(x.shape[0])


def _exact(x: torch.Tensor):
    """Proximal steps are float32 whatever the network runs in: a transfer function in half precision is another one."""
    device = x.device.type
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()
