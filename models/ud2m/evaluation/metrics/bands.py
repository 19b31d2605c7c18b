"""Bands of an image by frequency and by colour: what is fine, what is coarse, what is chroma.

Tensors are [...,C,H,W].
"""

import torch
import torch.nn.functional as F

LAPLACIAN = 3  # bands; the Gaussians that part them have stds of 1, 2 and 4 pixels
REACH = 4  # stds to which a Gaussian goes
HAAR = 3  # levels
LUMA = (0.299, 0.587, 0.114)  # of ITU-R BT.601


def luma_chroma(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Y [...,1,H,W], and B-Y and R-Y [...,2,H,W], of an RGB image."""
    weights = torch.tensor(LUMA, dtype=x.dtype)[:, None, None]
    y = (weights * x).sum(-3, keepdim=True)
    return y, x[..., [2, 0], :, :] - y


def blurred(x: torch.Tensor, std: float) -> torch.Tensor:
    """Convolved with a Gaussian of `std` pixels; the image is mirrored beyond its edges."""
    reach = int(REACH * std)
    line = torch.exp(-(torch.arange(-reach, reach + 1, dtype=x.dtype) ** 2) / (2 * std**2))
    line = (line / line.sum())[None, None]
    planes = x.reshape(-1, 1, *x.shape[-2:])
    planes = F.conv2d(F.pad(planes, (reach, reach, 0, 0), "reflect"), line[:, :, None])
    planes = F.conv2d(F.pad(planes, (0, 0, reach, reach), "reflect"), line[..., None])
    return planes.reshape(x.shape)


def laplacian(x: torch.Tensor) -> list[torch.Tensor]:
    """The bands of x, each [...,C,H,W], the finest first; what is coarser is left out."""
    out = []
    for i in range(LAPLACIAN):
        low = blurred(x, 2.0**i)
        out.append(x - low)
        x = low
    return out


def haar(x: torch.Tensor) -> list[torch.Tensor]:
    """Orthonormal Haar coefficients [...,n]: the details of each level, finest first, and the rest.

    What is left over of sides that are no multiple of 8 is cut.
    """
    side = 2**HAAR
    x = x[..., : x.shape[-2] // side * side, : x.shape[-1] // side * side]
    out = []
    for _ in range(HAAR):
        a, b = x[..., ::2, ::2], x[..., ::2, 1::2]
        c, d = x[..., 1::2, ::2], x[..., 1::2, 1::2]
        details = [a - b + c - d, a + b - c - d, a - b - c + d]
        out.append(torch.stack(details, -3).flatten(-4) / 2)
        x = (a + b + c + d) / 2
    return [*out, x.flatten(-3)]


def grid(x: torch.Tensor, scale: int) -> torch.Tensor:
    """How unequal the phases of a grid of scale × scale pixels are in the finest luma [...].

    The std of their powers over the mean of them: 0 where they are equal.
    """
    fine = laplacian(luma_chroma(x)[0])[0][..., 0, :, :]
    h, w = (n // scale * scale for n in fine.shape[-2:])
    phases = fine[..., :h, :w].unflatten(-2, (-1, scale)).unflatten(-1, (-1, scale))
    powers = phases.square().mean((-4, -2)).flatten(-2)
    return powers.std(-1, correction=0) / powers.mean(-1).clamp_min(1e-12)
