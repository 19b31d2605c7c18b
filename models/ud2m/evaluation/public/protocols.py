"""How papers degrade whole pictures, and what they score of the answer.

Pictures are [3,H,W] in [-1, 1]. Independent of the operators' own code, as the generators are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from ud2m.evaluation.metrics import psnr
from ud2m.physics.generators import degradations
from ud2m.physics.operators import Parameters

# (picture, level, generator) -> clean and degraded picture, and the operator's parameters
Degraded = tuple[torch.Tensor, torch.Tensor, Parameters]
Degrade = Callable[[torch.Tensor, float, np.random.Generator], Degraded]
Score = Callable[[torch.Tensor, torch.Tensor, float], float]  # (answer, clean, level) -> dB
# Y of R, G and B of 0 … 1, in codes above 16, as MATLAB's rgb2ycbcr has it.
STUDIO_LUMA = (65.481, 128.553, 24.966)


@dataclass(frozen=True)
class Protocol:
    """A table. family and sigma (noise std of full scale) follow from the level."""

    title: str
    sets: tuple[str, ...]
    levels: tuple[float, ...]
    family: Callable[[float], str]
    sigma: Callable[[float], float]
    degrade: Degrade
    score: Score
    note: str


def eight_bits(x: torch.Tensor) -> torch.Tensor:
    """Rounded and clipped to 8-bit codes, still in [-1, 1]."""
    return (127.5 * (x + 1)).round().clamp(0, 255) / 127.5 - 1


def rgb(answer: torch.Tensor, clean: torch.Tensor, level: float) -> float:
    """PSNR of all channels; of gray pictures, whose three are alike, that of their mean."""
    if bool((clean == clean[:1]).all()):
        answer, clean = answer.mean(0, keepdim=True), clean[:1]
    return psnr(eight_bits(answer), clean)


def luma(answer: torch.Tensor, clean: torch.Tensor, level: float) -> float:
    """PSNR of Y without a border as wide as the scale."""
    weights = torch.tensor(STUDIO_LUMA).double()[:, None, None]
    y, truth = ((weights * (eight_bits(x) + 1)).sum(0) / 255 for x in (answer, clean))
    return psnr(y, truth, int(level))


def noise(x: torch.Tensor, level: float, rng: np.random.Generator) -> Degraded:
    """Noise of level/255, neither rounded nor clipped."""
    n = torch.from_numpy(rng.standard_normal(x.shape)).float()
    return x, x + 2 * level / 255 * n, {}


def jpeg(x: torch.Tensor, level: float, rng: np.random.Generator) -> Degraded:
    """libjpeg at a quality of `level`, 4:2:0. Luma of a gray picture is that of a gray file."""
    return x, *degradations.jpeg(x, int(level))


def bicubic(x: torch.Tensor, level: float, rng: np.random.Generator) -> Degraded:
    """Reduced as MATLAB's imresize does it, and rounded to 8 bits; sides are cut to the scale."""
    s = int(level)
    x = x[:, : x.shape[1] // s * s, : x.shape[2] // s * s]
    y = x.double().numpy()
    rows, columns = _reduction(x.shape[1], s), _reduction(x.shape[2], s)
    return x, eight_bits(torch.from_numpy(rows @ y @ columns.T).float()), {}


def _reduction(n: int, scale: int) -> np.ndarray:
    """[n/s,n]: Keys' kernel (a = -1/2) stretched by s, over a line that is mirrored at its ends."""
    centre = (np.arange(n // scale) + 0.5) * scale - 0.5
    taps = np.floor(centre)[:, None] + np.arange(-2 * scale, 2 * scale + 2)
    d = np.abs(taps - centre[:, None]) / scale
    weight = np.where(
        d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0)
    )
    weight /= weight.sum(1, keepdims=True)
    place = taps.astype(int) % (2 * n)
    place = np.where(place < n, place, 2 * n - 1 - place)
    out = np.zeros((n // scale, n))
    np.add.at(out, (np.arange(n // scale)[:, None], place), weight)
    return out


class Levin:
    """Blur by the eight kernels of Levin et al. 2009, level 1 … 8, and noise of 2.55/255.

    The picture wraps at its edges, as in papers; the noise is neither rounded nor clipped.
    """

    def __init__(self, kernels: dict[int, np.ndarray]):
        self.kernels = kernels

    def __call__(self, x: torch.Tensor, level: float, rng: np.random.Generator) -> Degraded:
        k = self.kernels[int(level)].astype(np.float64)
        k /= k.sum()
        channels = x.double().numpy()
        y = np.stack([ndimage.convolve(c, k, mode="wrap") for c in channels])
        y += 2 * 2.55 / 255 * rng.standard_normal(y.shape)
        return x, torch.from_numpy(y).float(), {"psf": torch.from_numpy(k).float()}


def load_kernels(file: Path) -> dict[int, np.ndarray]:
    """The kernels of an .npz file, from 1 on; SystemExit without it."""
    if not file.is_file():
        raise SystemExit(f"{file} is missing; name the kernels of Levin et al. with --kernels.")
    with np.load(file) as held:
        return {i: held[name] for i, name in enumerate(sorted(held.files), 1)}


def _always(value: Any) -> Callable[[float], Any]:
    return lambda level: value


PROTOCOLS = {
    "noise": Protocol(
        "Colour noise 15 / 25 / 50",
        ("cbsd68", "mcmaster18"),
        (15, 25, 50),
        _always("denoise"),
        lambda level: level / 255,
        noise,
        rgb,
        "PSNR of RGB; the noise is neither clipped nor rounded, its level is told.",
    ),
    "jpeg": Protocol(
        "JPEG 10 / 20 / 30 / 40",
        ("classic5", "mcmaster18"),
        (10, 20, 30, 40),
        _always("jpeg"),
        _always(0.0),
        jpeg,
        rgb,
        "Classic5 is gray; McMaster in colour, 4:2:0, PSNR of RGB. The quality is told.",
    ),
    "bicubic": Protocol(
        "Bicubic ×2 / ×3 / ×4",
        ("set5",),
        (2, 3, 4),
        lambda level: f"downscale{int(level)}",
        _always(0.0),
        bicubic,
        luma,
        "PSNR of Y without a border as wide as the scale; no noise.",
    ),
}


def levin(kernels: Path) -> Protocol:
    """The table of blurs, with the kernels of a file."""
    held = load_kernels(kernels)
    return Protocol(
        "Kernels of Levin et al., noise 2.55",
        ("set5",),
        tuple(held),
        _always("blur"),
        _always(2.55 / 255),
        Levin(held),
        rgb,
        "PSNR of RGB, whole pictures. The blur wraps at their edges, as in papers; the networks "
        "are not told so and take what lies beyond as unknown, as in a camera's picture.",
    )


def pictures(folders: list[Path], name: str) -> list[Path]:
    """The pictures of a set, in order; SystemExit where it is in none of the folders."""
    for folder in folders:
        if found := sorted((folder / name).glob("*.png")):
            return found
    where = ", ".join(map(str, folders))
    raise SystemExit(f"{where} holds no pictures in {name}; name its folder with --data.")


def load(path: Path) -> torch.Tensor:
    """A whole picture; a gray one has three equal channels."""
    codes = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1)
    return torch.from_numpy(codes.copy()) / 127.5 - 1
