"""The U-Net of guided-diffusion (Dhariwal & Nichol 2021, "ADM"): the 256×256 models and the FFHQ-10m one differ in size only.

Predicts the noise of a variance-preserving state. The names of its tensors are those of the published checkpoints.
Group normalisation and attention make the answer for a pixel depend on the whole image that is handed in.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ud2m.nn.imported.parts import (
    GROUPS,
    Shapes,
    attend,
    check_image_channels,
    check_widths,
    doubled,
    shape_of,
    sinusoids,
)

LAYOUT = "guided-diffusion"
KNOWN_HEADS = {  # (channels, widths, blocks, attention) -> channels of a head, which no tensor tells
    (
        256,
        (256, 256, 512, 512, 1024, 1024),
        2,
        (3, 4, 5),
    ): 64,  # 256x256_diffusion_uncond and the LSUN models of 256×256
    (128, (128, 128, 256, 256, 512, 512), 1, (4,)): 64,  # FFHQ-10m
}


@dataclass(frozen=True)
class AdmConfig:
    """Shape of the network. Scale 0 is the full image; each further one halves it."""

    channels: int  # of the time's sinusoids
    embedding: int  # of the time
    widths: tuple[int, ...]  # channels of each scale
    blocks: int  # residual blocks of a scale, on the way down
    attention: tuple[int, ...]  # scales with attention; the middle has it always
    head_channels: int
    outputs: int = 6  # 3 of noise, 3 of a learned variance that is not used
    scale_shift: bool = True  # the time scales and shifts, or is added
    resblock_updown: bool = (
        True  # scales change inside of residual blocks, or by a convolution of their own
    )
    new_order: bool = False  # q, k, v split before the heads, or within each

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 2 ** (len(self.widths) - 1)

    def to_dict(self) -> dict:
        return {"layout": LAYOUT, **asdict(self)}


class ResBlock(nn.Module):
    """x + conv(silu(film(norm(conv(silu(norm(x))))))); both sides are halved or doubled where `resample` says so."""

    def __init__(self, inputs: int, outputs: int, config: AdmConfig, resample: str = ""):
        super().__init__()
        self.resample, self.scale_shift = resample, config.scale_shift
        self.in_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(
            nn.SiLU(), nn.Linear(config.embedding, outputs * (2 if config.scale_shift else 1))
        )
        # The third place is dropout's, in training: it has no tensors, but the convolution's name counts it.
        self.out_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, outputs),
            nn.SiLU(),
            nn.Identity(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def sized(self, x: torch.Tensor) -> torch.Tensor:
        return {"": lambda: x, "down": lambda: F.avg_pool2d(x, 2), "up": lambda: doubled(x)}[
            self.resample
        ]()

    def forward(
        self, x: torch.Tensor, time: torch.Tensor
    ) -> torch.Tensor:  # x [B,C,H,W]  time [B,E]
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
        self.qkv, self.proj_out = (
            nn.Conv1d(channels, 3 * channels, 1),
            nn.Conv1d(channels, channels, 1),
        )

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
        return self.conv(doubled(x))


def run(stage: nn.ModuleList, h: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """The parts of one entry of `input_blocks`, `middle_block` or `output_blocks`, one after the other."""
    for part in stage:
        h = part(h, time) if isinstance(part, ResBlock) else part(h)
    return h


class AdmUNet(nn.Module):
    """eps(x, t): the noise [B,3,H,W] in x [B,3,H,W], t [B] in levels 0 … 999; H and W multiples of `config.multiple`."""

    lora_targets = r"\.(qkv|proj_out)$"
    last_layer = "out.2"

    def __init__(self, config: AdmConfig):
        super().__init__()
        self.config = c = config
        self.time_embed = nn.Sequential(
            nn.Linear(c.channels, c.embedding), nn.SiLU(), nn.Linear(c.embedding, c.embedding)
        )
        now, skips = c.widths[0], [c.widths[0]]
        stages = [nn.ModuleList([nn.Conv2d(3, now, 3, padding=1)])]
        for scale, width in enumerate(c.widths):
            for _ in range(c.blocks):
                stages.append(
                    nn.ModuleList(
                        [
                            ResBlock(now, width, c),
                            *([Attention(width, c)] if scale in c.attention else []),
                        ]
                    )
                )
                now = width
                skips.append(now)
            if scale + 1 < len(c.widths):
                stages.append(
                    nn.ModuleList(
                        [ResBlock(now, now, c, "down") if c.resblock_updown else Halved(now)]
                    )
                )
                skips.append(now)
        self.input_blocks = nn.ModuleList(stages)
        self.middle_block = nn.ModuleList(
            [ResBlock(now, now, c), Attention(now, c), ResBlock(now, now, c)]
        )
        stages = []
        for scale, width in reversed(list(enumerate(c.widths))):
            for i in range(c.blocks + 1):
                parts = [
                    ResBlock(now + skips.pop(), width, c),
                    *([Attention(width, c)] if scale in c.attention else []),
                ]
                now = width
                if scale and i == c.blocks:
                    parts.append(ResBlock(now, now, c, "up") if c.resblock_updown else Doubled(now))
                stages.append(nn.ModuleList(parts))
        self.output_blocks = nn.ModuleList(stages)
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


def infer(shapes: Shapes, head_channels: int | None = None, new_order: bool = False) -> AdmConfig:
    """The configuration of a checkpoint, from the names and shapes of its tensors.

    head_channels: channels of an attention head, where no known model says it; new_order: see AdmConfig. Raises ValueError
    with a sentence when the checkpoint is of another kind, or the width of the heads is not known.
    """
    if "label_emb.weight" in shapes:
        raise ValueError(
            "The checkpoint is class-conditional (it has label_emb.weight); choose an unconditional one, such as 256x256_diffusion_uncond.pt."
        )
    if not any(n.startswith("output_blocks.") for n in shapes):
        raise ValueError(
            "The checkpoint has no output_blocks, so it is a classifier or cut short; choose a diffusion model's checkpoint."
        )
    embedding, channels = shape_of(shapes, "time_embed.0.weight")
    check_image_channels(
        "The input of the checkpoint", shape_of(shapes, "input_blocks.0.0.weight")[1], (3,)
    )
    outputs = shape_of(shapes, "out.2.weight")[0]
    check_image_channels("The output of the checkpoint", outputs, (3, 6))
    count = 1 + max(int(n.split(".")[1]) for n in shapes if n.startswith("output_blocks."))
    # A change of scale is the last part of an output block: a second residual block, or a convolution.
    inside = [n for n in shapes if n.startswith("output_blocks.") and n.split(".")[2] != "0"]
    by_block = sum(n.endswith(".in_layers.0.weight") for n in inside)
    by_layer = sum(n.endswith(".conv.weight") for n in inside)
    scales = 1 + by_block + by_layer
    if count % scales or count // scales < 2 or (by_block and by_layer):
        raise ValueError(
            f"The checkpoint has {count} output blocks for {scales} scales, which no guided-diffusion model has; download it again."
        )
    blocks = count // scales - 1
    first = [1 + scale * (blocks + 1) for scale in range(scales)]
    widths = tuple(shape_of(shapes, f"input_blocks.{i}.0.out_layers.3.weight")[0] for i in first)
    check_widths(widths)
    attention = tuple(
        scale for scale, i in enumerate(first) if f"input_blocks.{i}.1.qkv.weight" in shapes
    )
    if head_channels is None:
        head_channels = KNOWN_HEADS.get((channels, widths, blocks, attention))
    if head_channels is None:
        raise ValueError(
            "The checkpoint is of no known model, and its tensors do not tell the width of an attention head; give it with --head-channels."
        )
    if head_channels < 1 or any(widths[scale] % head_channels for scale in (*attention, -1)):
        raise ValueError(
            f"{head_channels} channels of a head do not divide the {widths[-1]} channels of the attention; give another --head-channels."
        )
    film = shape_of(shapes, "input_blocks.1.0.emb_layers.1.weight")[0]
    return AdmConfig(
        channels,
        embedding,
        widths,
        blocks,
        attention,
        head_channels,
        outputs,
        film == 2 * widths[0],
        not by_layer,
        new_order,
    )
