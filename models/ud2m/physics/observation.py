"""From a degraded frame to the tensors of a step: borders, initial estimate, physics. What the element does in Rust, in one place.

A frame is padded on a canvas (its borders are unknown, not periodic), the outer band is made circularly smooth, and the
initial estimate z0 is a plain inverse. Images are [1,3,H,W] in [-1, 1].
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ud2m.physics.operators import Blur, Downscale, Identity, Jpeg, Mask, Operator
from ud2m.physics.operators.downscale import bicubic, gram
from ud2m.physics.operators.fft import otf
from ud2m.physics.operators.jpeg import quantisation


@dataclass
class Observation:
    """One frame, ready for the step: crop the result to `rows`, `columns`."""

    y: torch.Tensor
    z0: torch.Tensor
    physics: tuple[torch.Tensor, ...]
    rows: slice
    columns: slice


def mirrored(n: int, before: int, after: int, repeat_edge: bool) -> torch.Tensor:
    """Source index of each position of a line of n pixels that is reflected beyond its ends."""
    i = torch.arange(-before, n + after)
    if repeat_edge:
        i = i % (2 * n)
        return torch.where(i < n, i, 2 * n - 1 - i)
    period = max(2 * n - 2, 1)
    i = i % period
    return torch.where(i < n, i, period - i) if n > 1 else torch.zeros_like(i)


def pad(
    x: torch.Tensor, top: int, left: int, height: int, width: int, repeat_edge: bool
) -> torch.Tensor:
    """x at (top, left) of an image of height × width, reflected into the rest."""
    rows = mirrored(x.shape[-2], top, height - top - x.shape[-2], repeat_edge)
    return x[..., rows, :][
        ..., mirrored(x.shape[-1], left, width - left - x.shape[-1], repeat_edge)
    ]


def crossfade(y: torch.Tensor, band: int) -> torch.Tensor:
    """Blends the outer band with its opposite side, so that the image is smooth across its wrap."""
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


def fill(y: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Observed pixels as they are, holes from ever coarser means (push-pull)."""
    if min(y.shape[-2:]) < 2 or bool((mask > 0).all()):
        return y
    h, w = y.shape[-2:]
    odd = (0, w % 2, 0, h % 2)
    weight = F.avg_pool2d(F.pad(mask, odd), 2)
    mean = F.avg_pool2d(F.pad(y * mask, odd), 2) / weight.clamp_min(1e-8)
    coarse = fill(mean, (weight > 0).float())
    up = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)[..., :h, :w]
    return mask * y + (1 - mask) * up


def frame_mask(height: int, width: int, rows: slice, columns: slice) -> torch.Tensor:
    """[1,1,H,W] 1 in `rows` and `columns` of a canvas, 0 around them."""
    mask = torch.zeros(1, 1, height, width)
    mask[..., rows, columns] = 1
    return mask


def observe(operator: Operator, y: torch.Tensor, physics: dict, multiple: int) -> Observation:
    """Canvas, initial estimate and tensors. physics: `psf` [h,w] for blur, `mask` [1,1,H,W], `quality` for jpeg; nothing for the others."""
    s, margin, repeat = operator.scale, 0, False
    if isinstance(operator, Blur):
        radius = max(physics["psf"].shape) // 2
        margin = max(16, 2 * radius + 8)
    elif isinstance(operator, Downscale):
        margin, repeat = 8 * s, True
    elif isinstance(operator, Jpeg):
        repeat = True
    step = torch.lcm(torch.tensor(multiple), torch.tensor(operator.multiple)).item()
    height, width = (-(-(n * s + 2 * margin) // step) * step for n in y.shape[-2:])
    inside = slice(margin, margin + s * y.shape[-2]), slice(margin, margin + s * y.shape[-1])
    y = pad(y, margin // s, margin // s, height // s, width // s, repeat)
    if isinstance(operator, Blur):
        band = min(margin, min(height, width) // 8)
        return Observation(
            crossfade(y, band),
            y,
            (otf(physics["psf"], height, width), frame_mask(height, width, *inside)),
            *inside,
        )
    if isinstance(operator, Downscale):
        kernel = bicubic(s)
        initial = F.interpolate(
            y, scale_factor=s, mode="bicubic", align_corners=False, antialias=True
        )  # Keys with a = -1/2
        return Observation(
            crossfade(y, 2), initial, (kernel, gram(kernel, s, height // s, width // s)), *inside
        )
    if isinstance(operator, Jpeg):
        return Observation(y, y, quantisation(physics["quality"]), *inside)
    if isinstance(operator, Mask):
        mask = pad(physics["mask"], 0, 0, height, width, repeat)
        return Observation(y * mask, fill(y, mask), (mask,), *inside)
    return Observation(y, y, (), *inside)


def operator_of(family: str) -> Operator:
    """The operator whose step graph is FAMILY.onnx."""
    if family.startswith("downscale"):
        return Downscale(int(family[-1]))
    if family.startswith("jpeg"):
        return Jpeg({"jpeg": "4:2:0", "jpeg422": "4:2:2", "jpeg444": "4:4:4"}[family])
    return {"blur": Blur, "mask": Mask, "denoise": Identity}[family]()


def graphs_of(family: str) -> tuple[str, ...]:
    """The step graphs that a family's scalars serve: one, but for JPEG, whose chroma comes at three sizes."""
    return ("jpeg", "jpeg422", "jpeg444") if family == "jpeg" else (family,)


FAMILIES = ("blur", "mask", "denoise", "downscale2", "downscale3", "downscale4", "jpeg")
