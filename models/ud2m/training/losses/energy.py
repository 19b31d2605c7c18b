"""The patch-wise energy score of two samples: least for samples of the posterior (Gneiting and
Raftery 2007, eq. 22), with norms over patches of bands.

A score by pixel would admit white noise, one of the whole image would see its total variance only.
So a norm is taken over patches of 8×8 of each band of a Laplacian pyramid. Luma and chroma are
scores of their own: in one norm chroma, which is small, would carry the variance at no cost.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ud2m.physics.noise_model import YCC_OF_RGB

BANDS, PATCH = 4, 8
TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # of the pyramid (Burt and Adelson 1983)
TINY = 1e-4  # under a root: a norm has no gradient at 0
Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # of two images [B,…] -> [B]


class Score(NamedTuple):
    """The two parts of a score, [B] each; with a weight of 1 on the second it is proper."""

    error: torch.Tensor  # ½ [ρ(x₁ − x) + ρ(x₂ − x)]
    spread: torch.Tensor  # ½ ρ(x₁ − x₂)


def luma_and_chroma(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Y [B,1,H,W] and Cb, Cr [B,2,H,W] of BT.601, of x [B,3,H,W]."""
    matrix = torch.tensor(YCC_OF_RGB, dtype=x.dtype, device=x.device)
    ycc = F.conv2d(x, matrix[:, :, None, None])
    return ycc[:, :1], ycc[:, 1:]


def bands(x: torch.Tensor, count: int = BANDS) -> list[torch.Tensor]:
    """Laplacian bands of x [B,C,H,W], the finest first, each of half the sides of the one before.

    The last one is what is left of detail before the next halving; the mean brightness is in none.
    """
    taps = torch.tensor(TAPS, dtype=x.dtype, device=x.device)
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 5, 5)
    out = []
    for _ in range(count):
        low = F.conv2d(F.pad(x, (2, 2, 2, 2), "reflect"), kernel, groups=x.shape[1])
        out.append(x - low)
        x = low[..., ::2, ::2]
    return out


def patch_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """ρ(a − b) [B] of images [B,C,H,W]: over the bands, the mean of the norms of patches.

    A norm is a root mean square, so that no size of patch or image counts for more. Patches
    overlap by half; a band that is smaller than a patch is one.
    """
    total = torch.zeros(len(a), device=a.device)
    for band in bands((a - b).float()):
        side = min(PATCH, *band.shape[-2:])
        squares = F.avg_pool2d(band.square().sum(1, keepdim=True), side, max(1, side // 2))
        total = total + (squares + TINY**2).sqrt().mean((1, 2, 3))
    return total


def feature_distance(a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]) -> torch.Tensor:
    """The same [B] of features [B,C,h,w] of several depths: the mean of norms over channels."""
    pairs = zip(a, b, strict=True)
    norms = [((f - g).square().sum(1) + TINY**2).sqrt().mean((1, 2)) for f, g in pairs]
    return torch.stack(norms).mean(0)


def grid(samples: torch.Tensor, truth: torch.Tensor, period: int) -> torch.Tensor:
    """How unevenly texture lies on a grid of `period` pixels: a scalar, 0 where it is even.

    Variance over the phases of the logarithm of the power of the finest band, of all samples
    [N,1,H,W] over that of the truth [B,1,H,W]. The distances above do not see a pattern that stays
    in its place, and transposed convolutions and data steps for s×s pixels leave one.
    """
    powers = [_phases(bands(x.float(), 1)[0], period) for x in (samples, truth)]
    return (powers[0] / powers[1]).log().var()


def _phases(band: torch.Tensor, period: int) -> torch.Tensor:
    """[period²] mean square of a band [B,1,H,W] in each phase; a rest at the edge is left out."""
    rows, columns = (side // period for side in band.shape[-2:])
    band = band[:, 0, : rows * period, : columns * period]
    cells = band.reshape(len(band), rows, period, columns, period)
    return cells.square().mean((0, 1, 3)).flatten() + TINY**2


def score(distance: Callable, first, second, truth) -> Score:
    """The parts of the energy score of two samples under a distance."""
    error = (distance(first, truth) + distance(second, truth)) / 2
    return Score(error, distance(first, second) / 2)
