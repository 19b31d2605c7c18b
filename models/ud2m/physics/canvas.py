"""The padded frame on which a step works, and how it is made to suit transforms that wrap.

A frame's borders are unknown, not periodic: it is padded on a canvas whose sides suit the step
graph. Tensors are […,H,W]; images are in [-1, 1].
"""

from dataclasses import dataclass
from enum import Enum

import torch


class Border(Enum):
    """How an image continues beyond its edge."""

    MIRROR = "mirror"  # the edge pixel once: c b a b c
    SYMMETRIC = "symmetric"  # the edge pixel twice: b a a b


@dataclass(frozen=True)
class Canvas:
    """The output frame inside a larger image: sides of the canvas, and the rows and columns of the
    frame, in pixels.
    """

    height: int
    width: int
    rows: slice
    columns: slice

    @classmethod
    def around(cls, height: int, width: int, margin: int, multiple: int) -> "Canvas":
        """`margin` pixels on all sides, and what is missing to multiples of `multiple` below and on
        the right.
        """
        full = [up_to_multiple(n + 2 * margin, multiple) for n in (height, width)]
        frame = slice(margin, margin + height), slice(margin, margin + width)
        return cls(full[0], full[1], *frame)

    def pad(self, x: torch.Tensor, border: Border, scale: int = 1) -> torch.Tensor:
        """The frame x [B,C,h,w], `scale` times smaller than the output, on a canvas of its size."""
        top, left = self.rows.start // scale, self.columns.start // scale
        return pad(x, top, left, self.height // scale, self.width // scale, border)

    def frame_mask(self) -> torch.Tensor:
        """[1,1,H,W]: 1 in the frame, 0 around it."""
        mask = torch.zeros(1, 1, self.height, self.width)
        mask[..., self.rows, self.columns] = 1
        return mask


def up_to_multiple(n: float, step: int) -> int:
    """The least multiple of `step` that is not less than n."""
    return -int(-n // step) * step


def reflected(n: int, before: int, after: int, border: Border) -> torch.Tensor:
    """[before + n + after] source index of each position of a line of n pixels that continues
    beyond its ends.
    """
    i = torch.arange(-before, n + after)
    if border is Border.SYMMETRIC:
        i = i % (2 * n)
        return torch.where(i < n, i, 2 * n - 1 - i)
    period = max(2 * n - 2, 1)
    i = i % period
    return torch.where(i < n, i, period - i) if n > 1 else torch.zeros_like(i)


def pad(
    x: torch.Tensor, top: int, left: int, height: int, width: int, border: Border
) -> torch.Tensor:
    """x at (top, left) of an image of height × width, continued into the rest."""
    rows = reflected(x.shape[-2], top, height - top - x.shape[-2], border)
    columns = reflected(x.shape[-1], left, width - left - x.shape[-1], border)
    return x[..., rows, :][..., columns]


def crossfade(y: torch.Tensor, band: int) -> torch.Tensor:
    """y with the outer `band` pixels blended with the opposite side's, so that it is smooth across
    its wrap.

    At least one pixel and at most a quarter of a side are blended, equally at the edge itself.
    """
    for axis in (-2, -1):
        n = y.shape[axis]
        b = max(min(band, n // 4), 1)
        w = 0.75 - 0.25 * torch.cos(
            torch.pi * torch.arange(b) / b
        )  # 0.5 at the edge, 1 at the band's end
        shape = [1] * y.dim()
        shape[axis] = b
        near, far = y.narrow(axis, 0, b), y.narrow(axis, n - b, b).flip(axis)
        w = w.reshape(shape)
        left, right = w * near + (1 - w) * far, (w * far + (1 - w) * near).flip(axis)
        y = torch.cat([left, y.narrow(axis, b, n - 2 * b), right], axis)
    return y
