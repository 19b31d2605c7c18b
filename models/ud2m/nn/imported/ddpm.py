"""The U-Net of Ho et al. 2020 in PyTorch's naming (pytorch_diffusion).

LSUN bedroom, cat and church of 256×256 have it. Predicts the noise of a variance-preserving state.
The names of its tensors are those of the published checkpoints. Group normalisation and attention
make the answer for a pixel depend on the whole image that is handed in.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ud2m.nn.imported.parts import GROUPS, NoisePredictor, UNetConfig, attend, double, sinusoids

EPS = 1e-6  # of the group normalisation; PyTorch's own is ten times that


@dataclass(frozen=True)
class DdpmConfig(UNetConfig):
    """Shape of the network. The first convolution has as many channels as the time's sinusoids.

    Attention is of one head.
    """

    layout = "pytorch_diffusion"


class ResBlock(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))) + time)))."""

    def __init__(self, inputs: int, outputs: int, embedding: int):
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs, EPS)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.temb_proj = nn.Linear(embedding, outputs)
        self.norm2 = nn.GroupNorm(GROUPS, outputs, EPS)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.nin_shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """x [B,C,H,W] and the embedded time [B,E] -> [B,C',H,W]."""
        h = self.conv1(F.silu(self.norm1(x))) + self.temb_proj(F.silu(time))[:, :, None, None]
        return self.nin_shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    """x + proj(attention over all pixels), in one head."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels, EPS)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2) for layer in (self.q, self.k, self.v))
        return x + self.proj_out(attend(q, k, v).reshape(x.shape))


def _level(inputs: list[int], scale: int, c: DdpmConfig) -> nn.ModuleDict:
    """A scale: residual blocks of so many `inputs`, each with attention where the scale has it."""
    width = c.widths[scale]
    blocks = [ResBlock(n, width, c.embedding) for n in inputs]
    attention = [Attention(width) for _ in inputs if scale in c.attention]
    return nn.ModuleDict({"block": nn.ModuleList(blocks), "attn": nn.ModuleList(attention)})


def _down(c: DdpmConfig) -> tuple[nn.ModuleList, list[int]]:
    """The way down, and the channels that each of its parts leaves for the way up."""
    levels, skips = [], [c.channels]
    for scale, width in enumerate(c.widths):
        level = _level([skips[-1]] + [width] * (c.blocks - 1), scale, c)
        skips += [width] * c.blocks
        if scale + 1 < len(c.widths):
            level["downsample"] = nn.ModuleDict({"conv": nn.Conv2d(width, width, 3, stride=2)})
            skips.append(width)
        levels.append(level)
    return nn.ModuleList(levels), skips


def _up(c: DdpmConfig, skips: list[int]) -> nn.ModuleList:
    """The way up; entry 0 is the full image here too."""
    levels, now, left = [], skips[-1], list(skips)
    for scale, width in reversed(list(enumerate(c.widths))):
        below = [now] + [width] * c.blocks
        level = _level([n + left.pop() for n in below], scale, c)
        now = width
        if scale:
            level["upsample"] = nn.ModuleDict({"conv": nn.Conv2d(now, now, 3, padding=1)})
        levels.append(level)
    return nn.ModuleList(reversed(levels))


class DdpmUNet(NoisePredictor):
    """The network itself, see `NoisePredictor`."""

    lora_targets = r"\.(q|k|v|proj_out)$"
    last_layer = "conv_out"

    def __init__(self, c: DdpmConfig):
        super().__init__(c)
        dense = [nn.Linear(c.channels, c.embedding), nn.Linear(c.embedding, c.embedding)]
        self.temb = nn.ModuleDict({"dense": nn.ModuleList(dense)})
        self.conv_in = nn.Conv2d(3, c.channels, 3, padding=1)
        self.down, skips = _down(c)
        now = skips[-1]
        self.mid = nn.ModuleDict(
            {
                "block_1": ResBlock(now, now, c.embedding),
                "attn_1": Attention(now),
                "block_2": ResBlock(now, now, c.embedding),
            }
        )
        self.up = _up(c, skips)
        self.norm_out = nn.GroupNorm(GROUPS, c.widths[0], EPS)
        self.conv_out = nn.Conv2d(c.widths[0], 3, 3, padding=1)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        first, second = self.temb["dense"]
        waves = torch.cat(sinusoids(t, self.config.channels, ends_at_longest=True), 1)
        time = second(F.silu(first(waves)))
        h = self.conv_in(x)
        skips = [h]
        for level in self.down:
            for i, block in enumerate(level["block"]):
                h = block(h, time)
                if len(level["attn"]):
                    h = level["attn"][i](h)
                skips.append(h)
            if "downsample" in level:
                # The layout comes from TensorFlow, whose strided convolution pads at the end only.
                h = level["downsample"]["conv"](F.pad(h, (0, 1, 0, 1)))
                skips.append(h)
        h = self.mid["block_2"](self.mid["attn_1"](self.mid["block_1"](h, time)), time)
        for level in reversed(self.up):
            for i, block in enumerate(level["block"]):
                h = block(torch.cat([h, skips.pop()], 1), time)
                if len(level["attn"]):
                    h = level["attn"][i](h)
            if "upsample" in level:
                h = level["upsample"]["conv"](double(h))
        return self.conv_out(F.silu(self.norm_out(h)))
