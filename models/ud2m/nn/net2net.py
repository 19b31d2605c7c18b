"""Widens and deepens a network so that it computes what it computed before.

Old channels keep their weights and get nothing from the new ones: those weights are zero until they
are trained. New channels read everything through fresh weights, so that, unlike copies of the old
ones, no two of them learn the same (in the spirit of Net2Net, Chen et al. 2016). A large network
thus starts where a small one's training ended.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from ud2m.nn.conditioning import Conditioning, ConditioningConfig
from ud2m.nn.denoiser import Block, Denoiser, DenoiserConfig


def grow(
    denoiser: Denoiser, conditioning: Conditioning | None, config: DenoiserConfig
) -> tuple[Denoiser, Conditioning | None]:
    """Networks of shape `config` that compute what the given ones do.

    Raises ValueError where `config` is smaller anywhere.
    """
    if not _fits(denoiser.config, config):
        raise ValueError(
            f"A network of {denoiser.config} cannot grow to {config}; "
            "name a shape with as many scales that is nowhere smaller."
        )
    large = Denoiser(config)
    _embed(denoiser, large)
    if conditioning is None:
        return large, None
    large_conditioning = Conditioning(config, conditioning.config)
    _embed(conditioning, large_conditioning)
    return large, large_conditioning


def add_noise_model(conditioning: Conditioning, denoiser: DenoiserConfig) -> Conditioning:
    """A conditioning that is told the model of the noise, and heeds it once it is trained."""
    return _told(conditioning, denoiser, replace(conditioning.config, noise_model=True))


def add_realism(conditioning: Conditioning, denoiser: DenoiserConfig) -> Conditioning:
    """A conditioning that can also be asked for samples; for the mean it is as before."""
    wide = _told(conditioning, denoiser, replace(conditioning.config, realism=True))
    for part in (wide, wide.initial):
        if part is not None:
            part.inject.draw_texture()
    return wide


def _told(
    conditioning: Conditioning, denoiser: DenoiserConfig, config: ConditioningConfig
) -> Conditioning:
    """A conditioning of shape `config` that takes more and does what the given one does."""
    wide = Conditioning(denoiser, config)
    _embed(conditioning, wide)
    return wide


def _fits(small: DenoiserConfig, large: DenoiserConfig) -> bool:
    if small.unshuffle != large.unshuffle or len(small.channels) != len(large.channels):
        return False
    pairs = zip(small.channels + small.blocks, large.channels + large.blocks, strict=True)
    return small.embedding <= large.embedding and all(a <= b for a, b in pairs)


@torch.no_grad()
def _embed(small: nn.Module, large: nn.Module) -> None:
    """Puts the weights of `small` into the corners of those of `large`.

    Zeroes what reaches old channels from new ones.
    """
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
            for key, value in layer.named_parameters(recurse=False):
                _corner([_rows_first(old, old.get_parameter(key))], [_rows_first(layer, value)])


def _rows_first(layer: nn.Module, value: torch.Tensor) -> torch.Tensor:
    """A weight as [out, in, …]; a transposed convolution keeps it as [in, out, …]."""
    turned = isinstance(layer, nn.ConvTranspose2d) and value.ndim > 1
    return value.transpose(0, 1) if turned else value


def _corner(olds: Sequence[torch.Tensor], news: Sequence[torch.Tensor]) -> None:
    """Each old weight [out, in, …] or bias [out] into the corner of the new one.

    The new one's rows there get nothing else.
    """
    for old, new in zip(olds, news, strict=True):
        new[: len(old)] = 0
        new[tuple(slice(n) for n in old.shape)] = old


def _width(net: nn.Module, block: str) -> int:
    """Channels of the scale of `net` that a block of this name, such as encoder.0.1, belongs to."""
    side, scale, *_ = block.split(".")
    channels = net.config.channels
    return channels[-1] if side == "bottom" else channels[int(scale)]
