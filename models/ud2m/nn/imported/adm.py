"""The U-Net of guided-diffusion (Dhariwal & Nichol 2021, "ADM").

The 256×256 models and the FFHQ-10m one differ in size only. Predicts the noise of a
variance-preserving state. The names of its tensors are those of the published checkpoints. Group
normalisation and attention make the answer for a pixel depend on the whole image that is handed in.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ud2m.nn.imported.parts import GROUPS, NoisePredictor, UNetConfig, attend, double, sinusoids


@dataclass(frozen=True)
class AdmConfig(UNetConfig):
    """Shape of the network."""

    layout = "guided-diffusion"

    head_channels: int
    outputs: int = 6  # 3 of noise, 3 of a learned variance that is not used
    scale_shift: bool = True  # the time scales and shifts, or is added
    resblock_updown: bool = True  # scales change inside of residual blocks, or by a convolution
    new_order: bool = False  # q, k, v split before the heads, or within each


class ResBlock(nn.Module):
    """x + conv(silu(film(norm(conv(silu(norm(x))))))).

    Both sides are halved or doubled where `resample` says so.
    """

    def __init__(self, inputs: int, outputs: int, config: AdmConfig, resample: str = ""):
        super().__init__()
        self.resample, self.scale_shift = resample, config.scale_shift
        self.in_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(
            nn.SiLU(), nn.Linear(config.embedding, outputs * (2 if config.scale_shift else 1))
        )
        # The third place is dropout's, which has no tensors, but which the names count.
        self.out_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, outputs),
            nn.SiLU(),
            nn.Identity(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def sized(self, x: torch.Tensor) -> torch.Tensor:
        if self.resample == "down":
            return F.avg_pool2d(x, 2)
        return double(x) if self.resample == "up" else x

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """x [B,C,H,W] and the embedded time [B,E] -> [B,C',H',W']."""
        h = self.in_layers[2](self.sized(self.in_layers[1](self.in_layers[0](x))))
        film = self.emb_layers(time)[:, :, None, None]
        if self.scale_shift:
            scale, shift = film.chunk(2, 1)
            h = self.out_layers[0](h) * (1 + scale) + shift
        else:
            h = self.out_layers[0](h + film)
        return self.skip_connection(self.sized(x)) + self.out_layers[3](self.out_layers[1](h))


class Attention(nn.Module):
    """x + proj(attention over all pixels), in heads."""

    def __init__(self, channels: int, config: AdmConfig):
        super().__init__()
        self.heads, self.new_order = channels // config.head_channels, config.new_order
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        qkv, heads = self.qkv(self.norm(x).flatten(2)), self.heads
        if self.new_order:
            q, k, v = qkv.unflatten(1, (3, heads, -1)).unbind(1)
        else:
            q, k, v = qkv.unflatten(1, (heads, 3, -1)).unbind(2)
        return x + self.proj_out(attend(q, k, v).flatten(1, 2)).reshape(x.shape)


class Halved(nn.Module):
    """Half the height and width, by a strided convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.op(x)


class Doubled(nn.Module):
    """Twice the height and width, then a convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(double(x))


def run(stage: nn.ModuleList, h: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """One entry of `input_blocks`, `middle_block` or `output_blocks`, part after part."""
    for part in stage:
        h = part(h, time) if isinstance(part, ResBlock) else part(h)
    return h


def _stage(inputs: int, scale: int, c: AdmConfig) -> nn.ModuleList:
    """A residual block, and attention where the scale has it."""
    width = c.widths[scale]
    parts: list[nn.Module] = [ResBlock(inputs, width, c)]
    if scale in c.attention:
        parts.append(Attention(width, c))
    return nn.ModuleList(parts)


def _input_blocks(c: AdmConfig) -> tuple[nn.ModuleList, list[int]]:
    """The way down, and the channels that each of its stages leaves for the way up."""
    stages, skips = [nn.ModuleList([nn.Conv2d(3, c.widths[0], 3, padding=1)])], [c.widths[0]]
    for scale, width in enumerate(c.widths):
        for _ in range(c.blocks):
            stages.append(_stage(skips[-1], scale, c))
            skips.append(width)
        if scale + 1 < len(c.widths):
            smaller = ResBlock(width, width, c, "down") if c.resblock_updown else Halved(width)
            stages.append(nn.ModuleList([smaller]))
            skips.append(width)
    return nn.ModuleList(stages), skips


def _output_blocks(c: AdmConfig, skips: list[int]) -> nn.ModuleList:
    """The way up, each stage of which takes one of `skips` beside what comes from below."""
    stages, now, left = [], skips[-1], list(skips)
    for scale, width in reversed(list(enumerate(c.widths))):
        for i in range(c.blocks + 1):
            stage = _stage(now + left.pop(), scale, c)
            now = width
            if scale and i == c.blocks:
                larger = ResBlock(now, now, c, "up") if c.resblock_updown else Doubled(now)
                stage.append(larger)
            stages.append(stage)
    return nn.ModuleList(stages)


class AdmUNet(NoisePredictor):
    """The network itself, see `NoisePredictor`."""

    lora_targets = r"\.(qkv|proj_out)$"
    last_layer = "out.2"

    def __init__(self, c: AdmConfig):
        super().__init__(c)
        self.time_embed = nn.Sequential(
            nn.Linear(c.channels, c.embedding), nn.SiLU(), nn.Linear(c.embedding, c.embedding)
        )
        self.input_blocks, skips = _input_blocks(c)
        now = skips[-1]
        self.middle_block = nn.ModuleList(
            [ResBlock(now, now, c), Attention(now, c), ResBlock(now, now, c)]
        )
        self.output_blocks = _output_blocks(c, skips)
        now = c.widths[0]
        self.out = nn.Sequential(
            nn.GroupNorm(GROUPS, now), nn.SiLU(), nn.Conv2d(now, c.outputs, 3, padding=1)
        )

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        sine, cosine = sinusoids(t, self.config.channels, ends_at_longest=False)
        time = self.time_embed(torch.cat([cosine, sine], 1))
        h, skips = x, []
        for stage in self.input_blocks:
            h = run(stage, h, time)
            skips.append(h)
        h = run(self.middle_block, h, time)
        for stage in self.output_blocks:
            h = run(stage, torch.cat([h, skips.pop()], 1), time)
        return self.out(h)[:, :3]
