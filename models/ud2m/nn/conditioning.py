"""Conditioning: what distillation adds to the denoiser, besides adapters on its weights.

A denoiser sees an image and a noise level. Inside the unfolded step more is known: which operator,
how strong, how far the data moved the estimate, which pixels were observed, and the features of the
iteration before. All of it enters by layers that are zero at first, so that an untrained
conditioning leaves the denoiser as it was: G_theta of the paper becomes G_theta+Delta. The learned
initial network f_psi (in the spirit of RAM, Terris et al. 2025) is a small U-Net of the denoiser's
own kind on the same features.
"""

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from ud2m.diffusion.noise import TEXTURE
from ud2m.nn.denoiser import Additions, Denoiser, DenoiserConfig, flops_per_pixel
from ud2m.physics.noise_model import FACTS
from ud2m.physics.operators import CONTEXT_LENGTH

FEATURES = 4  # channels: how far the data moved the estimate (3), which pixels were observed (1)
# Std of weights that hear of a sample: with zeros, training would first unlearn to listen.
DRAWN = 0.01


@dataclass(frozen=True)
class ConditioningConfig:
    """What the conditioning is made of."""

    # Scales, 0 the finest, whose features are added in the next iteration.
    recurrence: tuple[int, ...] = (0, 2)
    # Shape of f_psi; without it the initial estimate stays as it is.
    initial: DenoiserConfig | None = DenoiserConfig(4, (48, 64, 96), (1, 1, 2), 64)
    # Whether networks are told more of the noise than its level (`physics.noise_model.facts`).
    noise_model: bool = False
    # Whether networks take a share of realism and texture noise, to answer with samples.
    realism: bool = False

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "ConditioningConfig":
        initial = values["initial"]
        return cls(
            tuple(values["recurrence"]),
            initial and DenoiserConfig.from_dict(initial),
            values.get("noise_model", False),  # files of steps without do not name it
            values.get("realism", False),
        )


def features(
    before: torch.Tensor,
    after: torch.Tensor,
    level: torch.Tensor,
    observed: torch.Tensor,
    texture: torch.Tensor | None = None,
) -> torch.Tensor:
    """[B,4,H,W]: how far the data step moved the estimate, and the mask of observed pixels.

    before, after [B,3,H,W]: the estimate around the data step; level [B,1,1,1]: noise level in
    which the move is measured, bounded below for small ones; observed [B or 1,1,H,W]. texture
    [B,6,H,W] is put beside them where it is given.
    """
    move, mask = (after - before) / (level + 0.1), observed.expand_as(after[:, :1])
    return torch.cat([move, mask] if texture is None else [move, mask, texture], 1)


def zero_init(layer: nn.Module) -> nn.Module:
    """A layer whose output is zero until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class FeatureInjection(nn.Module):
    """`features` [B,4,H,W] as an addition to those of the first convolution, [B,C,H/u,W/u].

    u: the unshuffle factor of the network. realism: texture noise may stand beside the features,
    [B,10,H,W].
    """

    def __init__(self, config: DenoiserConfig, realism: bool = False):
        super().__init__()
        self.unshuffle = config.unshuffle
        inputs = (FEATURES + TEXTURE * realism) * config.unshuffle**2
        self.conv = zero_init(nn.Conv2d(inputs, config.channels[0], 3, padding=1, bias=False))
        self.draw_texture()

    def draw_texture(self) -> None:
        """Draws the weights of the texture noise, where there are any."""
        nn.init.normal_(self.conv.weight.data[:, FEATURES * self.unshuffle**2 :], std=DRAWN)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inputs, conv = F.pixel_unshuffle(features, self.unshuffle), self.conv
        if inputs.shape[1] == conv.in_channels:
            return conv(inputs)
        return F.conv2d(inputs, conv.weight[:, : inputs.shape[1]], padding=1)  # a mean: no noise


class Context(NamedTuple):
    """What holds for the whole image in one iteration."""

    operator: torch.Tensor  # [B or 1,CONTEXT_LENGTH], see `physics.operators.context`
    sigma_y: torch.Tensor  # [B or 1,1,1,1] noise std of y in [-1, 1]
    sigma_t: torch.Tensor  # [B or 1,1,1,1] noise level of the outer step
    share: float  # of the iterations of the step that are over: 0 first, 1 last
    noise: torch.Tensor | None = None  # [B or 1,FACTS] where networks are told of its model
    realism: torch.Tensor | None = None  # [B] 0 the mean … 1 a sample; None: the mean


class ContextEmbedding(nn.Module):
    """A `Context` as an addition [B,E] to the embedding of the noise level."""

    def __init__(self, embedding: int, noise_model: bool = False, realism: bool = False):
        super().__init__()
        length = CONTEXT_LENGTH + 3 + (FACTS if noise_model else 0)
        self.net = nn.Sequential(
            nn.Linear(length, 64), nn.ReLU(), zero_init(nn.Linear(64, embedding))
        )
        self.realism = nn.Linear(1, 64, bias=False) if realism else None
        self.draw_realism()

    def draw_realism(self) -> None:
        """Draws the weights of the realism, where there are any."""
        if self.realism is not None:
            nn.init.normal_(self.realism.weight, std=DRAWN)

    def forward(self, context: Context, batch: int) -> torch.Tensor:
        operator, sigma_y, sigma_t, share, noise, realism = context
        numbers = [
            operator.expand(batch, CONTEXT_LENGTH),
            _column(sigma_y, batch).log10(),
            _column(sigma_t, batch).clamp_min(0.01).clamp_max(10.0).log10(),
            _column(torch.full_like(sigma_y[:1], share), batch),
        ]
        if noise is not None:
            numbers.append(noise.expand(batch, FACTS))
        hidden = self.net[0](torch.cat(numbers, 1))
        if self.realism is not None and realism is not None:
            hidden = hidden + self.realism(_column(realism, batch))
        return self.net[2](self.net[1](hidden))


def _column(v: torch.Tensor, batch: int) -> torch.Tensor:
    """[B,1] of B values or one."""
    return v.reshape(-1, 1).expand(batch, 1)


class Conditioning(nn.Module):
    """Delta of the paper, without the adapters; one for all operators."""

    def __init__(self, denoiser: DenoiserConfig, config: ConditioningConfig = ConditioningConfig()):
        super().__init__()
        self.config = config
        told = config.noise_model, config.realism
        self.inject = FeatureInjection(denoiser, config.realism)
        self.context = ContextEmbedding(denoiser.embedding, *told)
        self.recurrence = nn.ModuleDict()
        for scale in config.recurrence:
            width = denoiser.channels[scale]
            self.recurrence[str(scale)] = zero_init(nn.Conv2d(width, width, 1, bias=False))
        self.initial = None
        if config.initial:
            self.initial = InitialNetwork(config.initial, *told)

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return self.config.initial.multiple if self.config.initial else 1

    def forward(
        self,
        denoiser: Denoiser,
        v: torch.Tensor,  # [B,3,H,W] estimate with noise of `sigma`
        sigma: torch.Tensor,  # [B]
        features: torch.Tensor,  # [B,4 or 10,H,W], see the function
        context: Context,
        previous: list[torch.Tensor] | None,  # features of the iteration before, finest scale first
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The clean estimate [B,3,H,W], and the features for the next iteration."""
        level = denoiser.embed_sigma(sigma) + self.context(context, v.shape[0])
        recurrent: Additions | None = None
        if previous is not None:
            recurrent = [
                self.recurrence[str(i)](f) if str(i) in self.recurrence else None
                for i, f in enumerate(previous)
            ]
        return denoiser.denoise(v, sigma, level, self.inject(features), recurrent)


class InitialNetwork(nn.Module):
    """f_psi: a first estimate from a plain inverse z0 and the data step's answer to it.

    Returns z0 until it is trained.
    """

    def __init__(self, config: DenoiserConfig, noise_model: bool = False, realism: bool = False):
        super().__init__()
        self.net = Denoiser(config)  # its tail is zero at the start
        self.inject = FeatureInjection(config, realism)
        self.context = ContextEmbedding(config.embedding, noise_model, realism)

    def forward(
        self, z0: torch.Tensor, sigma: torch.Tensor, features: torch.Tensor, context: Context
    ) -> torch.Tensor:
        level = self.net.embed_sigma(sigma) + self.context(context, z0.shape[0])
        return z0 + 0.5 * self.net.backbone(2 * z0, level, self.inject(features))[0]


def conditioned_flops_per_pixel(
    denoiser: DenoiserConfig, config: ConditioningConfig
) -> tuple[float, float]:
    """Multiplications and additions for each pixel: of an evaluation, and of the initial network.

    The initial network runs once a step.
    """
    recurrence = sum(
        2 * denoiser.channels[i] ** 2 / (denoiser.unshuffle * 2**i) ** 2 for i in config.recurrence
    )
    channels = FEATURES + TEXTURE * config.realism
    evaluation = flops_per_pixel(denoiser) + _injection_flops(denoiser, channels) + recurrence
    initial = config.initial
    if initial is None:
        return evaluation, 0.0
    return evaluation, flops_per_pixel(initial) + _injection_flops(initial, channels)


def _injection_flops(config: DenoiserConfig, channels: int) -> float:
    return 2 * 9 * channels * config.channels[0]  # channels · u² of them on 1/u² of the pixels
