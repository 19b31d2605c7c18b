"""The U-Net of Ho et al. 2020 in PyTorch's naming (pytorch_diffusion): LSUN bedroom, cat and church of 256×256.

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

LAYOUT = "pytorch_diffusion"
EPS = 1e-6  # of the group normalisation; PyTorch's own is ten times that


@dataclass(frozen=True)
class DdpmConfig:
    """Shape of the network. Scale 0 is the full image; each further one halves it."""

    channels: int  # of the first convolution and of the time's sinusoids
    embedding: int  # of the time
    widths: tuple[int, ...]  # channels of each scale
    blocks: int  # residual blocks of a scale, on the way down
    attention: tuple[int, ...]  # scales with attention, of one head; the middle has it always

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 2 ** (len(self.widths) - 1)

    def to_dict(self) -> dict:
        return {"layout": LAYOUT, **asdict(self)}


class ResBlock(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))) + time)))."""

    def __init__(self, inputs: int, outputs: int, embedding: int):
        super().__init__()
        self.norm1, self.conv1 = (
            nn.GroupNorm(GROUPS, inputs, EPS),
            nn.Conv2d(inputs, outputs, 3, padding=1),
        )
        self.temb_proj = nn.Linear(embedding, outputs)
        self.norm2, self.conv2 = (
            nn.GroupNorm(GROUPS, outputs, EPS),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.nin_shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(
        self, x: torch.Tensor, time: torch.Tensor
    ) -> torch.Tensor:  # x [B,C,H,W]  time [B,E]
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


class DdpmUNet(nn.Module):
    """eps(x, t): the noise [B,3,H,W] in x [B,3,H,W], t [B] in levels 0 … 999; H and W multiples of `config.multiple`."""

    lora_targets = r"\.(q|k|v|proj_out)$"
    last_layer = "conv_out"

    def __init__(self, config: DdpmConfig):
        super().__init__()
        self.config = c = config
        block = lambda a, b: ResBlock(a, b, c.embedding)
        self.temb = nn.ModuleDict(
            {
                "dense": nn.ModuleList(
                    [nn.Linear(c.channels, c.embedding), nn.Linear(c.embedding, c.embedding)]
                )
            }
        )
        self.conv_in = nn.Conv2d(3, c.channels, 3, padding=1)
        now, skips, down = c.channels, [c.channels], []
        for scale, width in enumerate(c.widths):
            level = nn.ModuleDict({"block": nn.ModuleList(), "attn": nn.ModuleList()})
            for _ in range(c.blocks):
                level["block"].append(block(now, width))
                if scale in c.attention:
                    level["attn"].append(Attention(width))
                now = width
                skips.append(now)
            if scale + 1 < len(c.widths):
                level["downsample"] = nn.ModuleDict({"conv": nn.Conv2d(now, now, 3, stride=2)})
                skips.append(now)
            down.append(level)
        self.down = nn.ModuleList(down)
        self.mid = nn.ModuleDict(
            {"block_1": block(now, now), "attn_1": Attention(now), "block_2": block(now, now)}
        )
        up = []
        for scale, width in reversed(list(enumerate(c.widths))):
            level = nn.ModuleDict({"block": nn.ModuleList(), "attn": nn.ModuleList()})
            for _ in range(c.blocks + 1):
                level["block"].append(block(now + skips.pop(), width))
                if scale in c.attention:
                    level["attn"].append(Attention(width))
                now = width
            if scale:
                level["upsample"] = nn.ModuleDict({"conv": nn.Conv2d(now, now, 3, padding=1)})
            up.append(level)
        self.up = nn.ModuleList(reversed(up))  # entry 0 is the full image here too
        self.norm_out, self.conv_out = (
            nn.GroupNorm(GROUPS, now, EPS),
            nn.Conv2d(now, 3, 3, padding=1),
        )

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        first, second = self.temb["dense"]
        time = second(
            F.silu(first(torch.cat(sinusoids(t, self.config.channels, ends_at_longest=True), 1)))
        )
        h = self.conv_in(x)
        skips = [h]
        for level in self.down:
            for i, block in enumerate(level["block"]):
                h = block(h, time)
                if len(level["attn"]):
                    h = level["attn"][i](h)
                skips.append(h)
            if "downsample" in level:
                # The layout comes from TensorFlow, whose strided convolution pads behind the image only.
                h = level["downsample"]["conv"](F.pad(h, (0, 1, 0, 1)))
                skips.append(h)
        h = self.mid["block_2"](self.mid["attn_1"](self.mid["block_1"](h, time)), time)
        for level in reversed(self.up):
            for i, block in enumerate(level["block"]):
                h = block(torch.cat([h, skips.pop()], 1), time)
                if len(level["attn"]):
                    h = level["attn"][i](h)
            if "upsample" in level:
                h = level["upsample"]["conv"](doubled(h))
        return self.conv_out(F.silu(self.norm_out(h)))


def infer(shapes: Shapes) -> DdpmConfig:
    """The configuration of a checkpoint, from the names and shapes of its tensors; raises ValueError with a sentence."""
    embedding, _ = shape_of(shapes, "temb.dense.0.weight")
    channels, inputs = shape_of(shapes, "conv_in.weight")[:2]
    check_image_channels("The input of the checkpoint", inputs, (3,))
    check_image_channels(
        "The output of the checkpoint", shape_of(shapes, "conv_out.weight")[0], (3,)
    )
    scales = 1 + max((int(n.split(".")[1]) for n in shapes if n.startswith("down.")), default=-1)
    blocks = 1 + max(
        (int(n.split(".")[3]) for n in shapes if n.startswith("down.0.block.")), default=-1
    )
    if scales < 1 or blocks < 1:
        raise ValueError(
            "The checkpoint has no down.0.block, so it is cut short; download it again."
        )
    widths = tuple(
        shape_of(shapes, f"down.{scale}.block.0.conv1.weight")[0] for scale in range(scales)
    )
    check_widths((channels, *widths))
    attention = tuple(scale for scale in range(scales) if f"down.{scale}.attn.0.q.weight" in shapes)
    return DdpmConfig(channels, embedding, widths, blocks, attention)
