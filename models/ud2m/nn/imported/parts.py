"""What the published U-Nets share: sinusoids of the time, attention over pixels, doubling of an image.

Tensors are [B,C,H,W] where not said otherwise. Everything is written with operations whose shapes follow the input's, so
that an exported graph takes any size and any batch.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F

GROUPS = 32  # of every group normalisation in these layouts
LONGEST = 10000.0  # period of the slowest sinusoid, over 2 pi
Shapes = Mapping[str, torch.Size]


def sinusoids(
    t: torch.Tensor, channels: int, ends_at_longest: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sines and cosines [B, channels/2] of t [B], which need not be whole: frequencies fall from 1 towards 1/LONGEST.

    ends_at_longest: whether the last frequency is 1/LONGEST (Ho et al. 2020) or one ratio short of it (Dhariwal & Nichol 2021).
    """
    half = channels // 2
    ratio = math.log(LONGEST) / (half - 1 if ends_at_longest else half)
    angle = t[:, None] * torch.exp(
        -ratio * torch.arange(half, dtype=torch.float32, device=t.device)
    )
    return angle.sin(), angle.cos()


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Softmax attention of q, k, v [..., D, T] over their T places; the answer is [..., D, T] too."""
    scale = (
        q.shape[-2] ** -0.25
    )  # half of 1/sqrt(D) to each factor: their product stays small in half precision
    weights = torch.softmax((q * scale).transpose(-1, -2) @ (k * scale), -1)
    return v @ weights.transpose(-1, -2)


def doubled(x: torch.Tensor) -> torch.Tensor:
    """Twice the height and width, by repetition."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def shape_of(shapes: Shapes, name: str) -> torch.Size:
    """Shape of a tensor that the layout cannot do without; raises ValueError when the checkpoint lacks it."""
    if name not in shapes:
        raise ValueError(
            f"The checkpoint lacks the tensor {name}; download it again or save the whole network's state_dict."
        )
    return shapes[name]


def check_image_channels(name: str, found: int, allowed: tuple[int, ...]) -> None:
    """Raises ValueError when a network does not read or write RGB images."""
    if found not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise ValueError(
            f"{name} has {found} image channels where {wanted} are needed; choose a checkpoint of an unconditional RGB model."
        )


def check_widths(widths: tuple[int, ...]) -> None:
    """Raises ValueError when the group normalisation of the layout does not divide the channels."""
    for width in widths:
        if width % GROUPS:
            raise ValueError(
                f"A scale of the checkpoint has {width} channels, which {GROUPS} normalisation groups do not divide; it is not of this layout."
            )
