"""The scalars of the unfolded step: the learned numbers of its data step and of its inner noise
levels, by family.
"""

from dataclasses import asdict, dataclass, replace

import torch
from torch import nn


@dataclass(frozen=True)
class ScalarValues:
    """The scalars of one family, all positive. Levels are in [-1, 1]."""

    max_sigma: float = 0.6  # inner level of the first iteration when the outer level is 999
    sigma_ratio: float = 0.5  # first inner level = sigma_ratio · sigma_t, where that is lower
    min_sigma: float = 0.02  # last inner level = sqrt(min_sigma² + (noise_ratio · sigma_y)²)
    noise_ratio: float = 1.0
    rho_ratio: float = 1.0  # rho_k = rho_ratio · inner level: how far the data move the estimate
    noise_trust: float = 1.0  # lambda: the noise variance is taken as noise_trust · sigma_y²
    state_weight: float = 1.0  # weight of the x_t term
    fresh_first: float = 0.5  # share of fresh noise in the inner level, first iteration
    fresh_last: float = 0.0  # the same, last iteration
    # Std of the error that a last data step is to mend; 0: the step ends with the denoiser.
    final_reach: float = 0.0

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


_DOWNSCALE = ScalarValues(max_sigma=0.4, sigma_ratio=0.5, min_sigma=0.05, fresh_first=0.2)
UNTUNED = {  # by family; another one gets the defaults
    "blur": ScalarValues(max_sigma=0.3, sigma_ratio=0.5, min_sigma=0.02, fresh_first=0.2),
    "mask": ScalarValues(max_sigma=0.8, sigma_ratio=0.6, min_sigma=0.03, fresh_first=0.2),
    "denoise": ScalarValues(
        max_sigma=0.3,
        sigma_ratio=0.3,
        min_sigma=0.005,
        rho_ratio=3.0,
        state_weight=0.01,
        fresh_first=1e-3,
        fresh_last=1e-3,
    ),
    "downscale2": _DOWNSCALE,
    "downscale3": _DOWNSCALE,
    "downscale4": _DOWNSCALE,
    "jpeg": ScalarValues(max_sigma=0.2, sigma_ratio=0.3, min_sigma=0.08, fresh_first=0.1),
}


# Where `final_reach` begins: about the error of an estimate where the data know better. Noise that
# is as large as the error is no better known.
FINAL_REACH = {  # by family
    "denoise": 0.002,
    "jpeg": 0.01,
    "downscale2": 0.1,
    "downscale3": 0.15,
    "downscale4": 0.2,
}
USUAL_REACH = 0.05


def with_final(family: str, values: ScalarValues) -> ScalarValues:
    """The scalars of a step that ends with a data step."""
    reach = values.final_reach or FINAL_REACH.get(family, USUAL_REACH)
    return replace(values, final_reach=reach)


def untuned(family: str) -> ScalarValues:
    """Scalars that suit no denoiser in particular: where a search of them begins."""
    return UNTUNED.get(family, ScalarValues())


class Scalars(nn.Module):
    """The learnable scalars of the unfolded step, and what follows from them in each iteration.

    shares: of the iterations of the step that are over, 0 in the first and 1 in the last; [1,K,1,1]
    for K of them.
    """

    def __init__(self, values: ScalarValues = ScalarValues()):
        super().__init__()
        for name, value in values.to_dict().items():  # each positive: kept as its logarithm
            if name == "final_reach" and not value:
                continue  # steps that do not end with a data step have no such parameter
            setattr(self, name, nn.Parameter(torch.tensor(max(value, 1e-6)).log()))

    def values(self) -> ScalarValues:
        return ScalarValues(**{n: float(p.detach().exp()) for n, p in self.named_parameters()})

    def level(
        self, sigma_t: torch.Tensor, sigma_y: torch.Tensor, shares: torch.Tensor
    ) -> torch.Tensor:
        """Inner noise levels [B,K,1,1], from sigma_t and sigma_y [B,1,1,1], all in [-1, 1]."""
        low = torch.sqrt(
            self.min_sigma.exp().square() + (self.noise_ratio.exp() * sigma_y).square()
        )
        first = torch.minimum(self.sigma_ratio.exp() * sigma_t, self.max_sigma.exp())
        return torch.maximum(first, low) ** (1 - shares) * low**shares

    def fresh(self, shares: torch.Tensor) -> torch.Tensor:
        """Share of the inner levels that fresh noise has."""
        return self.fresh_first.exp() * (1 - shares) + self.fresh_last.exp() * shares
