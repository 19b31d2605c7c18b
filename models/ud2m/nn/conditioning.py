"""Conditioning: what distillation adds to the denoiser, besides adapters on its weights (G_theta becomes G_theta+Delta).

A denoiser sees an image and a noise level. Inside the unfolded step more is known: which operator, how strong, how far
the data moved the estimate, which pixels were observed, and the features of the iteration before. All of it enters by
layers that are zero at first, so that an untrained conditioning leaves the denoiser as it was. The learned initial network f_psi
(in the spirit of RAM, Terris et al. 2025) is a small U-Net of the denoiser's own kind on the same features.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ud2m.nn.denoiser import Additions, Denoiser, DenoiserConfig, flops_per_pixel
from ud2m.physics.operators import CONTEXT_LENGTH

FEATURES = 4  # channels: how far the data moved the estimate (3), which pixels were observed (1)


@dataclass(frozen=True)
class ConditioningConfig:
    """recurrence: scales (0 the finest) whose features are added in the next iteration; initial: shape of f_psi, None for A†y."""

    recurrence: tuple[int, ...] = (0, 2)
    initial: DenoiserConfig | None = DenoiserConfig(4, (48, 64, 96), (1, 1, 2), 64)

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "ConditioningConfig":
        initial = values["initial"]
        return cls(tuple(values["recurrence"]), initial and DenoiserConfig.from_dict(initial))


def features(
    before: torch.Tensor, after: torch.Tensor, level: torch.Tensor, observed: torch.Tensor
) -> torch.Tensor:
    """[B,4,H,W] the data step's move from `before` to `after`, in noise levels [B,1,1,1] (bounded for small ones), and the mask."""
    return torch.cat([(after - before) / (level + 0.1), observed.expand_as(after[:, :1])], 1)


def zero_init(layer: nn.Module) -> nn.Module:
    """A layer whose output is zero until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class FeatureInjection(nn.Module):
    """`features` [B,4,H,W] as an addition to those of the first convolution, [B,channels,H/u,W/u] with u the unshuffle factor."""

    def __init__(self, config: DenoiserConfig):
        super().__init__()
        self.unshuffle = config.unshuffle
        self.conv = zero_init(
            nn.Conv2d(FEATURES * config.unshuffle**2, config.channels[0], 3, padding=1, bias=False)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(F.pixel_unshuffle(features, self.unshuffle))


class ContextEmbedding(nn.Module):
    """What holds for the whole image, as an addition [B,E] to the level's embedding: operator, sigma_y, sigma_t, iteration."""

    def __init__(self, embedding: int):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(CONTEXT_LENGTH + 3, 64), nn.ReLU(), zero_init(nn.Linear(64, embedding))
        )

    def forward(
        self,
        operator: torch.Tensor,
        sigma_y: torch.Tensor,
        sigma_t: torch.Tensor,
        share: float,
        batch: int,
    ) -> torch.Tensor:
        column = lambda v: v.reshape(-1, 1).expand(batch, 1)
        context = [
            operator.expand(batch, CONTEXT_LENGTH),
            column(sigma_y).log10(),
            column(sigma_t).clamp_min(0.01).clamp_max(10.0).log10(),
            column(torch.full_like(sigma_y[:1], share)),
        ]
        return self.net(torch.cat(context, 1))


class Conditioning(nn.Module):
    """Delta, without the adapters. One for all operators."""

    def __init__(self, denoiser: DenoiserConfig, config: ConditioningConfig = ConditioningConfig()):
        super().__init__()
        self.config = config
        self.inject = FeatureInjection(denoiser)
        self.context = ContextEmbedding(denoiser.embedding)
        self.recurrence = nn.ModuleDict(
            {
                str(i): zero_init(
                    nn.Conv2d(denoiser.channels[i], denoiser.channels[i], 1, bias=False)
                )
                for i in config.recurrence
            }
        )
        self.initial = InitialNetwork(config.initial) if config.initial else None

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return self.config.initial.multiple if self.config.initial else 1

    def forward(
        self,
        denoiser: Denoiser,
        v: torch.Tensor,  # [B,3,H,W] estimate with noise of `sigma`
        sigma: torch.Tensor,  # [B]
        features: torch.Tensor,  # [B,4,H,W], see the function
        context: tuple,  # the arguments of ContextEmbedding but the batch
        previous: list[torch.Tensor] | None,  # features of the iteration before, finest scale first
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:  # clean estimate, features
        level = denoiser.embed_sigma(sigma) + self.context(*context, v.shape[0])
        recurrent: Additions | None = None
        if previous is not None:
            recurrent = [
                self.recurrence[str(i)](f) if str(i) in self.recurrence else None
                for i, f in enumerate(previous)
            ]
        return denoiser.denoise(v, sigma, level, self.inject(features), recurrent)


class InitialNetwork(nn.Module):
    """f_psi: a first estimate from a plain inverse z0 and the data step's answer to it. Returns z0 until it is trained."""

    def __init__(self, config: DenoiserConfig):
        super().__init__()
        self.net = Denoiser(config)  # its tail is zero at the start
        self.inject = FeatureInjection(config)
        self.context = ContextEmbedding(config.embedding)

    def forward(
        self, z0: torch.Tensor, sigma: torch.Tensor, features: torch.Tensor, context: tuple
    ) -> torch.Tensor:
        level = self.net.embed_sigma(sigma) + self.context(*context, z0.shape[0])
        return z0 + 0.5 * self.net.backbone(2 * z0, level, self.inject(features))[0]


def conditioned_flops_per_pixel(
    denoiser: DenoiserConfig, config: ConditioningConfig
) -> tuple[float, float]:
    """Of one evaluation, and of the initial network, which runs once a step: multiply-adds times two, for each pixel."""
    inject = lambda c: (
        2 * 9 * FEATURES * c.channels[0]
    )  # FEATURES · s² channels on 1 / s² of the pixels
    recurrence = sum(
        2 * denoiser.channels[i] ** 2 / (denoiser.unshuffle * 2**i) ** 2 for i in config.recurrence
    )
    initial = config.initial
    return flops_per_pixel(denoiser) + inject(denoiser) + recurrence, flops_per_pixel(
        initial
    ) + inject(initial) if initial else 0.0
