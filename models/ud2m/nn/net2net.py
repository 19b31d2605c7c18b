"""Widens and deepens a network so that it computes what it computed before.

Old channels keep their weights and get nothing from the new ones: those weights are zero until they are trained. New
channels read everything through fresh weights, so that, unlike copies of the old ones, no two of them learn the same
(in the spirit of Net2Net, Chen et al. 2016). A large network thus starts where a small one's training ended.
"""

import torch
from torch import nn

from ud2m.nn.conditioning import Conditioning, ConditioningConfig
from ud2m.nn.denoiser import Block, Denoiser, DenoiserConfig


def grow(
    denoiser: Denoiser, conditioning: Conditioning | None, config: DenoiserConfig
) -> tuple[Denoiser, Conditioning | None]:
    """Networks of shape `config` that compute what the given ones do; ValueError where `config` is smaller anywhere."""
    old, wide = denoiser.config, Denoiser(config)
    fits = (
        old.unshuffle == config.unshuffle
        and len(old.channels) == len(config.channels)
        and old.embedding <= config.embedding
    )
    if not fits or any(
        a > b for a, b in zip(old.channels + old.blocks, config.channels + config.blocks)
    ):
        raise ValueError(
            f"A network of {old} cannot grow to {config}; name a shape with as many scales that is nowhere smaller."
        )
    _embed(denoiser, wide)
    if conditioning is None:
        return wide, None
    wide_conditioning = Conditioning(
        config, ConditioningConfig(conditioning.config.recurrence, conditioning.config.initial)
    )
    _embed(conditioning, wide_conditioning)
    return wide, wide_conditioning


@torch.no_grad()
def _embed(small: nn.Module, large: nn.Module) -> None:
    """Puts the weights of `small` into the corners of those of `large`, and zeroes what reaches old channels from new ones."""
    olds = dict(small.named_modules())
    for name, layer in large.named_modules():
        old = olds.get(name)
        if isinstance(layer, Block):
            if old is None:  # a block more: the old channels pass it as they are
                width = _width(small, name)
                layer.second.weight[:width] = 0
                layer.second.bias[:width] = 0
            else:  # its halves are scale and shift
                _corner(old.film.weight.chunk(2), layer.film.weight.chunk(2))
                _corner(old.film.bias.chunk(2), layer.film.bias.chunk(2))
        elif old is not None and not name.endswith("film"):
            turned = isinstance(layer, nn.ConvTranspose2d)  # [in, out, …]
            for key, value in layer._parameters.items():
                if value is not None:
                    theirs = old._parameters[key]
                    pair = (
                        (theirs.transpose(0, 1), value.transpose(0, 1))
                        if turned and value.ndim > 1
                        else (theirs, value)
                    )
                    _corner(*([v] for v in pair))


def _corner(olds, news) -> None:
    """Each old weight [out, in, …] or bias [out] into the corner of the new one; its rows get nothing else."""
    for old, new in zip(olds, news):
        new[: len(old)] = 0
        new[tuple(slice(n) for n in old.shape)] = old


def _width(net: nn.Module, block: str) -> int:
    """Channels of the scale of `net` that a block of this name, such as encoder.0.1, belongs to."""
    side, scale, *_ = block.split(".")
    channels = net.config.channels
    return channels[-1] if side == "bottom" else channels[int(scale)]
