"""Conditioning: what distillation adds to the denoiser, besides adapters on its weights.

A denoiser sees an image and a noise level. Inside the unfolded step more is known: which operator,
how strong, how far the data moved the estimate, which pixels were observed, and the features of the
iteration before. All of it enters by layers that are zero at first, so that an untrained
conditioning leaves the denoiser as it was: G_theta of the paper becomes G_theta+Delta. The learned
initial network f_psi (in the spirit of RAM, Terris et al. 2025) is a small U-Net of the denoiser's
own kind on the same features.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import nn

from ud2m.diffusion.noise import COARSE, TEXTURE
from ud2m.nn.denoiser import Additions, Beside, Denoiser, DenoiserConfig, Film
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
    observed: torch.Tensor,
    texture: torch.Tensor | None = None,
) -> tuple[torch.Tensor, ...]:
    """[B,4,H,W] in parts: how far the data step moved the estimate, and which pixels were observed.

    before, after [B,3,H,W]: the estimate around the data step; observed [B or 1,1,H,W]. texture
    [B,6,H,W] is put beside them where it is given.
    """
    move, mask = after - before, observed.expand_as(after[:, :1])
    return (move, mask) if texture is None else (move, mask, texture)


def measure(level: torch.Tensor) -> torch.Tensor:
    """What moves are multiplied with: the inverse of the noise level, bounded for small ones."""
    return 1 / (level + 0.1)


def zero_init(layer: nn.Module) -> nn.Module:
    """A layer whose output is zero until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class FeatureInjection(nn.Module):
    """What the first convolution sees beside the image: `features` [B,4,H,W].

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

    def leave_coarse_noise_out(self) -> None:
        """Sets the weights of the coarse texture noise to zero, where training leaves them."""
        seen = torch.ones_like(self.conv.weight)
        seen[:, -COARSE * self.unshuffle**2 :] = 0
        self.conv.weight.data *= seen
        self.conv.weight.register_hook(lambda gradient: gradient * seen.to(gradient))

    def forward(self, features: tuple[torch.Tensor, ...], measure: torch.Tensor) -> Beside:
        """measure [B or 1,1,1,1]: the factor of the move, see the function."""
        channels = sum(part.shape[1] for part in features)
        # In a mean there is no noise.
        weight = self.conv.weight[:, : channels * self.unshuffle**2]
        rest = torch.ones_like(measure).expand(-1, channels - 3, -1, -1)
        return features, torch.cat([measure.expand(-1, 3, -1, -1), rest], 1), weight


class Context(NamedTuple):
    """What holds for the whole image in each of K iterations."""

    operator: torch.Tensor  # [B or 1,CONTEXT_LENGTH], see `physics.operators.context`
    sigma_y: torch.Tensor  # [B or 1,1,1,1] noise std of y in [-1, 1]
    sigma_t: torch.Tensor  # [B or 1,1,1,1] noise level of the outer step
    shares: torch.Tensor  # [1,K,1,1] of the iterations of the step that are over: 0 first, 1 last
    noise: torch.Tensor | None = None  # [B or 1,FACTS] where networks are told of its model
    realism: torch.Tensor | None = None  # [B] 0 the mean … 1 a sample; None: the mean

    def at(self, iteration: int) -> "Context":
        """That of one iteration."""
        return self._replace(shares=self.shares[:, iteration : iteration + 1])


class ContextEmbedding(nn.Module):
    """A `Context` as an addition [B·K,E] to the embeddings of the noise levels.

    B is 1 where all images have the same.
    """

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

    def forward(self, context: Context) -> torch.Tensor:
        operator, sigma_y, sigma_t, shares, noise, realism = context
        levels = _joined([sigma_y.flatten(2), sigma_t.clamp(0.01, 10.0).flatten(2)]).log10()
        fixed = _joined([operator[:, None], levels])
        told = [] if noise is None else [noise[:, None]]
        hidden = self.net[0](_joined([fixed, shares.flatten(2), *told]).flatten(0, 1))
        if self.realism is not None and realism is not None:
            more = self.realism(realism[:, None]).repeat_interleave(shares.shape[1], 0)
            hidden = _added(hidden, more, shares.shape[1])
        return self.net[2](self.net[1](hidden))


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    """[B,K,…] of parts [B or 1,K or 1,…], one beside the other."""
    batch, count = (next((p.shape[i] for p in parts if p.shape[i] != 1), 1) for i in (0, 1))
    return torch.cat([p.expand(batch, count, -1) for p in parts], 2)


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

    def films(self, denoiser: Denoiser, sigmas: torch.Tensor, context: Context) -> list[list[Film]]:
        """What `Denoiser.films` gives for the levels sigmas [B or 1,K,1,1] of K iterations."""
        level, count = denoiser.embed_sigma(sigmas.flatten()), sigmas.shape[1]
        return denoiser.films(_added(level, self.context(context), count), count)

    def forward(
        self,
        denoiser: Denoiser,
        v: torch.Tensor,  # [B,3,H,W] estimate with noise
        scalings: Sequence[torch.Tensor],  # of `denoiser`, for the level of that noise
        films: Sequence[Film],  # one of those of the method
        features: tuple[torch.Tensor, ...],  # [B,4 or 10,H,W] in parts, see the function
        measure: torch.Tensor,  # [B or 1,1,1,1] see the function
        previous: list[torch.Tensor] | None,  # features of the iteration before, finest scale first
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The clean estimate [B,3,H,W], and the features for the next iteration."""
        recurrent: Additions | None = None
        if previous is not None:
            recurrent = [
                self.recurrence[str(i)](f) if str(i) in self.recurrence else None
                for i, f in enumerate(previous)
            ]
        return denoiser.denoise(v, scalings, films, self.inject(features, measure), recurrent)


def _added(level: torch.Tensor, context: torch.Tensor, count: int) -> torch.Tensor:
    """The sum of embeddings [B·count,E], where either may be of one image for all."""
    if level.shape == context.shape:
        return level + context
    by_image = (v.unflatten(0, (-1, count)) for v in (level, context))
    return sum(by_image).flatten(0, 1)


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
        self,
        z0: torch.Tensor,  # [B,3,H,W]
        sigma: torch.Tensor,  # [B or 1,1,1,1]
        features: tuple[torch.Tensor, ...],
        measure: torch.Tensor,  # [B or 1,1,1,1]
        context: Context,  # of the first iteration
    ) -> torch.Tensor:
        level = _added(self.net.embed_sigma(sigma.flatten()), self.context(context), 1)
        [films] = self.net.films(level, 1)
        twice, beside = torch.full_like(sigma, 2.0), self.inject(features, measure)
        return z0 + self.net.backbone(z0, twice, films, beside, gain=0.5)[0]
