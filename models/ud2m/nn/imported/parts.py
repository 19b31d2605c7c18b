"""What the published U-Nets share: sinusoids of the time, attention over pixels, doubling.

Tensors are [B,C,H,W] where not said otherwise. Everything is written with operations whose shapes
follow the input's, so that an exported graph takes any size and any batch.
"""

import math
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import nn

GROUPS = 32  # of every group normalisation in these layouts
LONGEST = 10000.0  # period of the slowest sinusoid, over 2 pi


@dataclass(frozen=True)
class UNetConfig:
    """Shape of a network. Scale 0 is the full image; each further one halves it."""

    layout: ClassVar[str]  # whose names the tensors have

    channels: int  # of the time's sinusoids
    embedding: int  # of the time
    widths: tuple[int, ...]  # channels of each scale
    blocks: int  # residual blocks of a scale, on the way down
    attention: tuple[int, ...]  # scales with attention; the middle has it always

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 2 ** (len(self.widths) - 1)

    def to_dict(self) -> dict:
        return {"layout": self.layout, **asdict(self)}


class NoisePredictor(nn.Module):
    """eps(x, t): the noise [B,3,H,W] in x [B,3,H,W], t [B] in levels 0 … 999.

    H and W are multiples of `config.multiple`.
    """

    lora_targets: str  # regular expression of the layers that adapters go on
    last_layer: str  # name of the layer that is trained whole beside them

    def __init__(self, config: UNetConfig):
        super().__init__()
        self.config = config


def sinusoids(
    t: torch.Tensor, channels: int, ends_at_longest: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sines and cosines [B, channels/2] of times t [B], which need not be whole.

    The frequencies fall from 1 towards 1/LONGEST. ends_at_longest: whether the last one is that (Ho
    et al. 2020) or one ratio short of it (Dhariwal & Nichol 2021).
    """
    half = channels // 2
    ratio = math.log(LONGEST) / (half - 1 if ends_at_longest else half)
    places = torch.arange(half, dtype=torch.float32, device=t.device)
    angle = t[:, None] * torch.exp(-ratio * places)
    return angle.sin(), angle.cos()


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Softmax attention of q, k, v [..., D, T] over their T places, [..., D, T]."""
    # Half of 1/sqrt(D) to each factor: their product stays small in half precision.
    scale = q.shape[-2] ** -0.25
    weights = torch.softmax((q * scale).transpose(-1, -2) @ (k * scale), -1)
    return v @ weights.transpose(-1, -2)


def double(x: torch.Tensor) -> torch.Tensor:
    """Twice the height and width, by repetition."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
