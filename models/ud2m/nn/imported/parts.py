"""What the published U-Nets share: sinusoids of the time, attention over pixels, doubling.

Tensors are [B,C,H,W] where not said otherwise. Everything is written with operations whose shapes
follow the input's, so that an exported graph takes any size and any batch.
"""

import math

import torch
import torch.nn.functional as F

GROUPS = 32  # of every group normalisation in these layouts
LONGEST = 10000.0  # period of the slowest sinusoid, over 2 pi


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


def doubled(x: torch.Tensor) -> torch.Tensor:
    """Twice the height and width, by repetition."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
