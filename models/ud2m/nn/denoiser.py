"""The denoiser: a small, fully convolutional U-Net that knows the noise level.

It predicts the clean image from x + sigma n for any sigma in [0.01, 157.4] (preconditioning of
Karras et al. 2022, eq. 7). Nothing in it depends on the size of the image: no normalisation over
space, no attention, so that a tile gets the answer that the whole image would.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

# To the features of each scale, finest first; None adds nothing.
Additions = list[torch.Tensor | None]
SIGMA_DATA = 0.5  # standard deviation of natural images in [-1, 1]


@dataclass(frozen=True)
class DenoiserConfig:
    """Shape of the network: pixel-unshuffle factor, then channels and residual blocks for each
    scale.
    """

    unshuffle: int = 2
    channels: tuple[int, ...] = (48, 96, 128)
    blocks: tuple[int, ...] = (1, 1, 2)  # per side of the U; the last number is the bottom's
    embedding: int = 64

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "DenoiserConfig":
        return cls(
            values["unshuffle"],
            tuple(values["channels"]),
            tuple(values["blocks"]),
            values["embedding"],
        )

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return self.unshuffle * 2 ** (len(self.channels) - 1)


SIZES = {
    "toy": DenoiserConfig(2, (8, 16), (1, 1), 16),
    "lite": DenoiserConfig(2, (48, 96, 128), (1, 1, 2), 64),
    "tiny": DenoiserConfig(4, (64, 128), (2, 2), 64),  # K = 1: noise, JPEG, downscaling
    "tiny-twice": DenoiserConfig(4, (48, 96), (1, 1), 64),  # K = 2: blur, masks
    "base": DenoiserConfig(2, (96, 192, 384), (2, 2, 3), 128),
}


class Block(nn.Module):
    """x + conv(relu(film(conv(x)))): two 3×3 convolutions.

    The noise level scales and shifts between them.
    """

    def __init__(self, channels: int, embedding: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = nn.Linear(embedding, 2 * channels)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        with torch.no_grad():
            self.second.weight.mul_(0.2)  # near identity at the start

    def forward(self, x: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """x [B,C,H,W] and the embedded noise level [B,E] -> [B,C,H,W]."""
        scale, shift = self.film(level)[:, :, None, None].chunk(2, 1)
        return x + self.second(F.relu(torch.addcmul(shift, self.first(x), 1 + scale)))


def _blocks(channels: int, count: int, embedding: int) -> nn.ModuleList:
    return nn.ModuleList(Block(channels, embedding) for _ in range(count))


def _side(config: DenoiserConfig) -> nn.ModuleList:
    """The blocks of each scale but the coarsest, on the way down or up."""
    scales = zip(config.channels[:-1], config.blocks[:-1], strict=True)
    return nn.ModuleList(_blocks(c, n, config.embedding) for c, n in scales)


class Denoiser(nn.Module):
    """D(x, sigma) -> x0, x and x0 [B,3,H,W] in [-1, 1], sigma [B] in [0.01, 157.4].

    H and W are multiples of `config.multiple`.
    """

    def __init__(self, config: DenoiserConfig = DenoiserConfig()):
        super().__init__()
        self.config = config
        channels, embedding, pixels = config.channels, config.embedding, 3 * config.unshuffle**2
        pairs = list(pairwise(channels))
        self.embed = nn.Sequential(
            nn.Linear(16, embedding), nn.ReLU(), nn.Linear(embedding, embedding), nn.ReLU()
        )
        self.head = nn.Conv2d(pixels, channels[0], 3, padding=1)
        self.encoder, self.decoder = _side(config), _side(config)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs)
        self.bottom = _blocks(channels[-1], config.blocks[-1], embedding)
        self.tail = nn.Conv2d(channels[0], pixels, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)
        self.register_buffer("frequencies", 2.0 ** torch.arange(-3, 5).float(), persistent=False)

    def forward(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        return self.denoise(x, sigma, self.embed_sigma(sigma))[0]

    def embed_sigma(self, sigma: torch.Tensor) -> torch.Tensor:
        """The embedding [B,E] of noise levels sigma [B]."""
        angle = (sigma.log() / 2)[:, None] * self.frequencies
        return self.embed(torch.cat([angle.sin(), angle.cos()], 1))

    def denoise(
        self,
        x: torch.Tensor,
        sigma: torch.Tensor,
        level: torch.Tensor,
        injected: torch.Tensor | None = None,
        recurrent: Additions | None = None,
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The clean estimate [B,3,H,W], and the features behind it as `backbone` gives them.

        x [B,3,H,W], sigma [B]. level: [B,E], the embedding of sigma and of whatever else is known.
        injected, recurrent: see `backbone`.
        """
        s = sigma[:, None, None, None]
        total = s**2 + SIGMA_DATA**2
        output, features = self.backbone(x / total.sqrt(), level, injected, recurrent)
        return x * (SIGMA_DATA**2 / total) + output * (s * SIGMA_DATA / total.sqrt()), features

    def backbone(
        self,
        x: torch.Tensor,
        level: torch.Tensor,
        injected: torch.Tensor | None = None,
        recurrent: Additions | None = None,
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The network proper: its output [B,3,H,W], and its last features at each scale.

        x [B,3,H,W], level [B,E]. injected: added to the features of the first convolution
        [B,C,H/u,W/u]. recurrent: added to those that enter each scale. Scales go from the finest
        on.
        """
        additions = recurrent or [None] * len(self.config.channels)
        h = self.head(F.pixel_unshuffle(x, self.config.unshuffle))
        h = _add(h, injected)
        skips, features = [], []
        for scale, (blocks, down) in enumerate(zip(self.encoder, self.down, strict=True)):
            h = _add(h, additions[scale])
            for block in blocks:
                h = block(h, level)
            skips.append(h)
            h = down(h)
        h = _add(h, additions[-1])
        for block in self.bottom:
            h = block(h, level)
        features.append(h)
        for blocks, up, skip in zip(
            reversed(self.decoder), reversed(self.up), reversed(skips), strict=True
        ):
            h = up(h) + skip
            for block in blocks:
                h = block(h, level)
            features.append(h)
        return F.pixel_shuffle(self.tail(h), self.config.unshuffle), features[::-1]


def _add(h: torch.Tensor, addition: torch.Tensor | None) -> torch.Tensor:
    return h if addition is None else h + addition


def flops_per_pixel(config: DenoiserConfig) -> float:
    """Multiplications and additions of the convolutions, for each pixel of the image."""
    total, pixels, side = 0.0, 3 * config.unshuffle**2, config.unshuffle
    total += 2 * 2 * 9 * pixels * config.channels[0] / side**2
    for i, (c, n) in enumerate(zip(config.channels, config.blocks, strict=True)):
        sides = 1 if i == len(config.channels) - 1 else 2
        total += sides * n * 2 * 2 * 9 * c * c / side**2
        if i + 1 < len(config.channels):
            total += 2 * 2 * c * config.channels[i + 1] / side**2
            side *= 2
    return total
