"""The denoiser: a small, fully convolutional U-Net that knows the noise level.

It predicts the clean image from x + sigma n for any sigma in [0.01, 157.4] (preconditioning of
Karras et al. 2022, eq. 7). Nothing in it depends on the size of the image: no normalisation over
space, no attention, so that a tile gets the answer that the whole image would.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

# To the features of each scale, finest first; None adds nothing.
Additions = list[torch.Tensor | None]
# Scale and shift of a block, [B or 1,C,1,1] each; [C] in a graph where images have the same.
Film = tuple[torch.Tensor, torch.Tensor]
# Images beside x [B,C,H,W], their factors [B or 1,C,1,1], and the weights of the first layer for
# them [O,C·u²,3,3].
Beside = tuple[tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]
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

    def forward(self, x: torch.Tensor, film: Film) -> torch.Tensor:
        """x [B,C,H,W] and what `Denoiser.films` gives for the noise level -> [B,C,H,W]."""
        return x + self.second(F.relu(_scaled(self.first(x), *film)))


def _scaled(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """x [B,C,H,W] · scale + shift; one node in a graph where images have the same."""
    if scale.dim() > 1:
        return torch.addcmul(shift, x, scale)
    return F.batch_norm(x, torch.zeros_like(scale), torch.ones_like(scale), scale, shift, eps=0.0)


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
        [films] = self.films(self.embed_sigma(sigma), 1)
        scalings = [c[:, None, None, None] for c in self.scalings(sigma)]
        return self.denoise(x, scalings, films)[0]

    @property
    def blocks(self) -> list[Block]:
        """All blocks, in the order in which an image meets them."""
        sides = [*self.encoder, self.bottom, *reversed(self.decoder)]
        return [block for side in sides for block in side]

    def films(self, level: torch.Tensor, count: int) -> list[list[Film]]:
        """For each of `count` levels what scales and shifts each of `blocks`.

        level: [B·count,E] the embeddings of sigma and of whatever else is known, those of one image
        after each other.
        """
        layers = [block.film for block in self.blocks]
        widths = [layer.out_features // 2 for layer in layers for _ in range(2)]
        # Scales are 1 + what the layers say.
        one = [float(i % 2 == 0) for i, width in enumerate(widths) for _ in range(width)]
        bias = torch.cat([layer.bias for layer in layers])
        weight = torch.cat([layer.weight for layer in layers])
        every = F.linear(level, weight, bias + bias.new_tensor(one))
        alike = torch.compiler.is_exporting() and isinstance(level.shape[0], int)
        shape = (-1,) if alike else (-1, count * len(one), 1, 1)
        parts = every.reshape(shape).split(widths * count, 0 if alike else 1)
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        return [pairs[i : i + len(layers)] for i in range(0, len(pairs), len(layers))]

    @staticmethod
    def scalings(sigma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of what enters the network, of x in the answer and of the network's output in it."""
        total = sigma.square() + SIGMA_DATA**2
        root = total.rsqrt()
        return root, SIGMA_DATA**2 / total, sigma * SIGMA_DATA * root

    def embed_sigma(self, sigma: torch.Tensor) -> torch.Tensor:
        """The embedding [B,E] of noise levels sigma [B]."""
        angle = sigma.log()[:, None] * (self.frequencies / 2)
        return self.embed(torch.cat([angle.sin(), angle.cos()], 1))

    def denoise(
        self,
        x: torch.Tensor,
        scalings: Sequence[torch.Tensor],
        films: Sequence[Film],
        beside: Beside | None = None,
        recurrent: Additions | None = None,
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The clean estimate [B,3,H,W], and the features behind it as `backbone` gives them.

        x [B,3,H,W]. scalings: of the method, [B or 1,1,1,1] each. The rest: see `backbone`.
        """
        enters, kept, added = scalings
        output, features = self.backbone(x, enters, films, beside, recurrent)
        return x * kept + output * added, features

    def backbone(
        self,
        x: torch.Tensor,
        enters: torch.Tensor,
        films: Sequence[Film],
        beside: Beside | None = None,
        recurrent: Additions | None = None,
        gain: float = 1.0,
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The network proper: its output [B,3,H,W], and its last features at each scale.

        x [B,3,H,W], and its factor [B or 1,1,1,1]. films: of each block, see the method. beside:
        what the first convolution sees beside x. recurrent: added to the features that enter each
        scale. Scales go from the finest on. gain: of the output.
        """
        additions = recurrent or [None] * len(self.config.channels)
        weight, unshuffle, film = self.head.weight, self.config.unshuffle, iter(films)
        if beside is not None:
            images, factors, more = beside
            x, weight = torch.cat([x, *images], 1), torch.cat([weight, more], 1)
            enters = torch.cat([enters.expand(-1, 3, -1, -1), factors], 1)
        h = _unshuffled(x * enters, weight, self.head.bias, unshuffle)
        skips, features = [], []
        for scale, (blocks, down) in enumerate(zip(self.encoder, self.down, strict=True)):
            h = _add(h, additions[scale])
            for block in blocks:
                h = block(h, next(film))
            skips.append(h)
            h = down(h)
        h = _add(h, additions[-1])
        for block in self.bottom:
            h = block(h, next(film))
        features.append(h)
        for blocks, up, skip in zip(
            reversed(self.decoder), reversed(self.up), reversed(skips), strict=True
        ):
            h = up(h) + skip
            for block in blocks:
                h = block(h, next(film))
            features.append(h)
        weight, bias = self.tail.weight, self.tail.bias
        if gain != 1:  # of the weights: a graph has a node less
            weight, bias = gain * weight, gain * bias
        output = F.conv2d(h, weight, bias, padding=1)
        return F.pixel_shuffle(output, self.config.unshuffle), features[::-1]


def _unshuffled(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, factor: int
) -> torch.Tensor:
    """The 3×3 convolution [O,C·u²,3,3] of x [B,C,H,W] after a pixel-unshuffle by u = factor.

    In a graph it is one convolution with a stride, of u times the kernel's size.
    """
    if not torch.compiler.is_exporting():
        return F.conv2d(F.pixel_unshuffle(x, factor), weight, bias, padding=1)
    parts = weight.reshape(len(weight), -1, factor, factor, 3, 3)
    wide = parts.permute(0, 1, 4, 2, 5, 3).reshape(len(weight), -1, 3 * factor, 3 * factor)
    return F.conv2d(x, wide, bias, stride=factor, padding=factor)


def _add(h: torch.Tensor, addition: torch.Tensor | None) -> torch.Tensor:
    return h if addition is None else h + addition
