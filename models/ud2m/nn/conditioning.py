"""What distillation adds to the prior, besides adapters on its weights: G_theta becomes G_theta+Delta.

A denoiser sees a picture and a noise level. Inside the unfolded step more is known: which operator, how strong, how far
the data moved the estimate, which pixels were seen, and what the network found in the round before. All of it enters by
layers that are zero at first, so that an untrained guidance leaves the prior as it was. The learned initialiser f_psi
(in the spirit of RAM, Terris et al. 2025) is a small U-Net of the prior's own kind on the same clues.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ud2m.nn.denoiser import Memory, Prior, PriorConfig, flops_per_pixel
from ud2m.physics.operators.base import CODE

CLUES = 4  # channels: how far the data moved the estimate (3), which pixels were seen (1)


@dataclass(frozen=True)
class GuidanceConfig:
    """recall: scales (0 the finest) whose features the next round remembers; initialiser: shape of f_psi, None for A†y."""

    recall: tuple[int, ...] = (0, 2)
    initialiser: PriorConfig | None = PriorConfig(4, (48, 64, 96), (1, 1, 2), 64)

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "GuidanceConfig":
        start = values["initialiser"]
        return cls(tuple(values["recall"]), start and PriorConfig.from_dict(start))


def clues(before: torch.Tensor, after: torch.Tensor, level: torch.Tensor, observed: torch.Tensor) -> torch.Tensor:
    """[B,4,H,W] the data step's move from `before` to `after`, in noise levels [B,1,1,1] (bounded for small ones), and the mask."""
    return torch.cat([(after - before) / (level + 0.1), observed.expand_as(after[:, :1])], 1)


def _silent(layer: nn.Module) -> nn.Module:
    """A layer whose output is zero until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class Look(nn.Module):
    """Clues to features of the first convolution, [B,channels,H/s,W/s]."""

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.unshuffle = config.unshuffle
        self.conv = _silent(nn.Conv2d(CLUES * config.unshuffle**2, config.channels[0], 3, padding=1, bias=False))

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return self.conv(F.pixel_unshuffle(seen, self.unshuffle))


class Briefing(nn.Module):
    """What holds for the whole picture, as an addition to the level's embedding: operator, sigma_y, sigma_t, round."""

    def __init__(self, embedding: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(CODE + 3, 64), nn.ReLU(), _silent(nn.Linear(64, embedding)))

    def forward(self, code: torch.Tensor, sigma_y: torch.Tensor, sigma_t: torch.Tensor, share: float, batch: int) -> torch.Tensor:
        column = lambda v: v.reshape(-1, 1).expand(batch, 1)
        facts = [
            code.expand(batch, CODE),
            column(sigma_y).log10(),
            column(sigma_t).clamp_min(0.01).clamp_max(10.0).log10(),
            column(torch.full_like(sigma_y[:1], share)),
        ]
        return self.net(torch.cat(facts, 1))


class Guidance(nn.Module):
    """Delta, without the adapters. One for all operators."""

    def __init__(self, prior: PriorConfig, config: GuidanceConfig = GuidanceConfig()):
        super().__init__()
        self.config = config
        self.look = Look(prior)
        self.briefing = Briefing(prior.embedding)
        self.recall = nn.ModuleDict({str(i): _silent(nn.Conv2d(prior.channels[i], prior.channels[i], 1, bias=False)) for i in config.recall})
        self.initialiser = Initialiser(config.initialiser) if config.initialiser else None

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return self.config.initialiser.multiple if self.config.initialiser else 1

    def forward(
        self,
        prior: Prior,
        v: torch.Tensor,  # [B,3,H,W] estimate with noise of `sigma`
        sigma: torch.Tensor,  # [B]
        seen: torch.Tensor,  # [B,4,H,W] see `clues`
        facts: tuple,  # the arguments of Briefing but the batch
        memory: list[torch.Tensor] | None,  # features of the round before
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:  # clean estimate, features
        level = prior.level(sigma) + self.briefing(*facts, v.shape[0])
        recalled: Memory | None = None
        if memory is not None:
            recalled = [self.recall[str(i)](m) if str(i) in self.recall else None for i, m in enumerate(memory)]
        return prior.denoise(v, sigma, level, self.look(seen), recalled)


class Initialiser(nn.Module):
    """f_psi: a first estimate from a plain inverse z0 and the data step's answer to it. Returns z0 until it is trained."""

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.net = Prior(config)  # its tail is zero at the start
        self.look = Look(config)
        self.briefing = Briefing(config.embedding)

    def forward(self, z0: torch.Tensor, sigma: torch.Tensor, seen: torch.Tensor, facts: tuple) -> torch.Tensor:
        level = self.net.level(sigma) + self.briefing(*facts, z0.shape[0])
        return z0 + 0.5 * self.net.residual(2 * z0, level, self.look(seen))[0]


def guided_flops_per_pixel(prior: PriorConfig, config: GuidanceConfig) -> tuple[float, float]:
    """Of one evaluation, and of the initialiser, which runs once a step: multiply-adds times two, for each pixel."""
    look = lambda c: 2 * 9 * CLUES * c.channels[0]  # CLUES · s² channels on 1 / s² of the pixels
    recall = sum(2 * prior.channels[i] ** 2 / (prior.unshuffle * 2**i) ** 2 for i in config.recall)
    start = config.initialiser
    return flops_per_pixel(prior) + look(prior) + recall, flops_per_pixel(start) + look(start) if start else 0.0
