"""The configuration of a published checkpoint, from the names and shapes of its tensors."""

from collections.abc import Mapping

import torch

from ud2m.nn.imported.adm import AdmConfig
from ud2m.nn.imported.ddpm import DdpmConfig
from ud2m.nn.imported.parts import GROUPS

Shapes = Mapping[str, torch.Size]
# (channels, widths, blocks, attention) -> channels of a head, which no tensor tells.
KNOWN_HEADS = {
    # 256x256_diffusion_uncond and the LSUN models of 256×256.
    (256, (256, 256, 512, 512, 1024, 1024), 2, (3, 4, 5)): 64,
    # FFHQ-10m.
    (128, (128, 128, 256, 256, 512, 512), 1, (4,)): 64,
}


def infer_adm(
    shapes: Shapes, head_channels: int | None = None, new_order: bool = False
) -> AdmConfig:
    """The configuration of a checkpoint, from the names and shapes of its tensors.

    head_channels: channels of an attention head, where no known model says it; new_order: see
    AdmConfig. Raises ValueError with a sentence when the checkpoint is of another kind, or the
    width of the heads is not known.
    """
    if "label_emb.weight" in shapes:
        raise ValueError(
            "The checkpoint is class-conditional (it has label_emb.weight); "
            "choose an unconditional one, such as 256x256_diffusion_uncond.pt."
        )
    if not any(n.startswith("output_blocks.") for n in shapes):
        raise ValueError(
            "The checkpoint has no output_blocks, so it is a classifier or cut short; "
            "choose a diffusion model's checkpoint."
        )
    embedding, channels = shape_of(shapes, "time_embed.0.weight")
    check_image_channels(
        "The input of the checkpoint", shape_of(shapes, "input_blocks.0.0.weight")[1], (3,)
    )
    outputs = shape_of(shapes, "out.2.weight")[0]
    check_image_channels("The output of the checkpoint", outputs, (3, 6))
    blocks, scales, by_block = _blocks_and_scales(shapes)
    first = [1 + scale * (blocks + 1) for scale in range(scales)]
    widths = tuple(shape_of(shapes, f"input_blocks.{i}.0.out_layers.3.weight")[0] for i in first)
    check_widths(widths)
    attention = tuple(
        scale for scale, i in enumerate(first) if f"input_blocks.{i}.1.qkv.weight" in shapes
    )
    known = KNOWN_HEADS.get((channels, widths, blocks, attention))
    heads = _checked_heads(
        known if head_channels is None else head_channels,
        [widths[scale] for scale in (*attention, -1)],
    )
    film = shape_of(shapes, "input_blocks.1.0.emb_layers.1.weight")[0]
    return AdmConfig(
        channels,
        embedding,
        widths,
        blocks,
        attention,
        heads,
        outputs,
        scale_shift=film == 2 * widths[0],
        resblock_updown=by_block,
        new_order=new_order,
    )


def _blocks_and_scales(shapes: Shapes) -> tuple[int, int, bool]:
    """Blocks of a scale, scales, and whether residual blocks change the scale."""
    count = 1 + max(int(n.split(".")[1]) for n in shapes if n.startswith("output_blocks."))
    # A change of scale is the last part of an output block: a residual block, or a convolution.
    inside = [n for n in shapes if n.startswith("output_blocks.") and n.split(".")[2] != "0"]
    by_block = sum(n.endswith(".in_layers.0.weight") for n in inside)
    by_layer = sum(n.endswith(".conv.weight") for n in inside)
    scales = 1 + by_block + by_layer
    if count % scales or count // scales < 2 or (by_block and by_layer):
        raise ValueError(
            f"The checkpoint has {count} output blocks for {scales} scales, which no "
            "guided-diffusion model has; download it again."
        )
    return count // scales - 1, scales, not by_layer


def _checked_heads(channels: int | None, widths: list[int]) -> int:
    """The channels of a head, once they divide the `widths` of the attention."""
    if channels is None:
        raise ValueError(
            "The checkpoint is of no known model, and its tensors do not tell the width of an "
            "attention head; give it with --head-channels."
        )
    if channels < 1 or any(width % channels for width in widths):
        raise ValueError(
            f"{channels} channels of a head do not divide the {widths[-1]} channels of the "
            "attention; give another --head-channels."
        )
    return channels


def infer_ddpm(shapes: Shapes) -> DdpmConfig:
    """The configuration of a checkpoint, from the names and shapes of its tensors.

    Raises ValueError with a sentence when a tensor is missing or the layout another.
    """
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


def shape_of(shapes: Shapes, name: str) -> torch.Size:
    """Shape of a tensor that the layout cannot do without; ValueError where it is missing."""
    if name not in shapes:
        raise ValueError(
            f"The checkpoint lacks the tensor {name}; "
            "download it again or save the whole network's state_dict."
        )
    return shapes[name]


def check_image_channels(name: str, found: int, allowed: tuple[int, ...]) -> None:
    """Raises ValueError when a network does not read or write RGB images."""
    if found not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise ValueError(
            f"{name} has {found} image channels where {wanted} are needed; "
            "choose a checkpoint of an unconditional RGB model."
        )


def check_widths(widths: tuple[int, ...]) -> None:
    """Raises ValueError when the group normalisation of the layout does not divide the channels."""
    for width in widths:
        if width % GROUPS:
            raise ValueError(
                f"A scale of the checkpoint has {width} channels, which {GROUPS} normalisation "
                "groups do not divide; it is not of this layout."
            )
