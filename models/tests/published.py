"""Names and shapes of the tensors of published checkpoints, written down apart from the networks
that load them.

Nothing here knows those networks, so that a name that one of them got wrong is seen.
"""

import numpy as np
import torch


def layer(name, outputs, inputs, *kernel):
    return {f"{name}.weight": (outputs, inputs, *kernel), f"{name}.bias": (outputs,)}


def norm(name, channels):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def guided(channels, multipliers, blocks, attention, outputs=6):
    """Names and shapes of guided-diffusion with resblock_updown and use_scale_shift_norm, as its
    published files have them.
    """
    time, shapes = 4 * channels, {}

    def res(at, a, b):
        shapes.update(
            norm(f"{at}.in_layers.0", a)
            | layer(f"{at}.in_layers.2", b, a, 3, 3)
            | layer(f"{at}.emb_layers.1", 2 * b, time)
        )
        shapes.update(norm(f"{at}.out_layers.0", b) | layer(f"{at}.out_layers.3", b, b, 3, 3))
        shapes.update(layer(f"{at}.skip_connection", b, a, 1, 1) if a != b else {})

    def attend(at, c):
        shapes.update(
            norm(f"{at}.norm", c)
            | layer(f"{at}.qkv", 3 * c, c, 1)
            | layer(f"{at}.proj_out", c, c, 1)
        )

    widths = [channels * m for m in multipliers]
    shapes.update(
        layer("time_embed.0", time, channels)
        | layer("time_embed.2", time, time)
        | layer("input_blocks.0.0", widths[0], 3, 3, 3)
    )
    now, stack, n = widths[0], [widths[0]], 1
    for s, width in enumerate(widths):
        for k in range(blocks + (s < len(widths) - 1)):  # the last one of a scale halves
            res(f"input_blocks.{n}.0", now, width)
            if s in attention and k < blocks:
                attend(f"input_blocks.{n}.1", width)
            now = width
            stack.append(now)
            n += 1
    res("middle_block.0", now, now)
    attend("middle_block.1", now)
    res("middle_block.2", now, now)
    for n in range(len(widths) * (blocks + 1)):
        s = len(widths) - 1 - n // (blocks + 1)
        res(f"output_blocks.{n}.0", now + stack.pop(), widths[s])
        now = widths[s]
        if s in attention:
            attend(f"output_blocks.{n}.1", now)
        if s and n % (blocks + 1) == blocks:
            res(f"output_blocks.{n}.{2 if s in attention else 1}", now, now)
    return shapes | norm("out.0", now) | layer("out.2", outputs, now, 3, 3)


def lsun(channels, multipliers, blocks, attention):
    """Names and shapes of pytorch_diffusion, as its published files have them."""
    time, shapes = 4 * channels, {}

    def res(at, a, b):
        shapes.update(
            norm(f"{at}.norm1", a)
            | layer(f"{at}.conv1", b, a, 3, 3)
            | layer(f"{at}.temb_proj", b, time)
        )
        shapes.update(
            norm(f"{at}.norm2", b)
            | layer(f"{at}.conv2", b, b, 3, 3)
            | (layer(f"{at}.nin_shortcut", b, a, 1, 1) if a != b else {})
        )

    def attend(at, c):
        shapes.update(norm(f"{at}.norm", c))
        for part in ("q", "k", "v", "proj_out"):
            shapes.update(layer(f"{at}.{part}", c, c, 1, 1))

    widths = [channels * m for m in multipliers]
    shapes.update(
        layer("temb.dense.0", time, channels)
        | layer("temb.dense.1", time, time)
        | layer("conv_in", channels, 3, 3, 3)
    )
    now, stack = channels, [channels]
    for s, width in enumerate(widths):
        for i in range(blocks):
            res(f"down.{s}.block.{i}", now, width)
            now = width
            stack.append(now)
            if s in attention:
                attend(f"down.{s}.attn.{i}", now)
        if s < len(widths) - 1:
            shapes.update(layer(f"down.{s}.downsample.conv", now, now, 3, 3))
            stack.append(now)
    res("mid.block_1", now, now)
    attend("mid.attn_1", now)
    res("mid.block_2", now, now)
    for s in reversed(range(len(widths))):
        for i in range(blocks + 1):
            res(f"up.{s}.block.{i}", now + stack.pop(), widths[s])
            now = widths[s]
            if s in attention:
                attend(f"up.{s}.attn.{i}", now)
        if s:
            shapes.update(layer(f"up.{s}.upsample.conv", now, now, 3, 3))
    return shapes | norm("norm_out", now) | layer("conv_out", 3, now, 3, 3)


def random(shapes, seed=0):
    """A state dict whose layers keep the size of what they are given."""
    draw = torch.Generator().manual_seed(seed)

    def normal(shape):
        return torch.randn(shape, generator=draw)

    def fan(shape):
        return np.prod(shape[1:]) ** -0.5

    state = {n: normal(s) * fan(s) if len(s) > 1 else 0.1 * normal(s) for n, s in shapes.items()}
    return {n: v + 1 if v.dim() == 1 and n.endswith("weight") else v for n, v in state.items()}
