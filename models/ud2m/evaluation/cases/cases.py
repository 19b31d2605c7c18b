"""The cases that are scored: a degradation, and the classical method that fits it.

Images are [3,H,W] in [-1, 1]. A degradation is a function of the image's place in the folder alone,
so that every method sees the same observation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ud2m.evaluation.cases import baselines
from ud2m.evaluation.metrics import psnr
from ud2m.physics.generators import degradations
from ud2m.physics.observation import Observation, observe
from ud2m.physics.operators import Downscale, Operator, Parameters, operator_of

SIDE = 48  # sides of whole images become multiples of this: all scales and block sizes divide it
SIDE_CROP = 16  # the same for crops, which need not suit a scale of 3
GAUSSIAN, BOX = degradations.gaussian(3**0.5, 5), degradations.uniform(9)
MOTION = degradations.trajectory(19, np.random.default_rng(5))
NOISE_TO_SIGNAL = 10.0 ** np.arange(-4.5, -0.9, 0.5)  # what the Wiener filter is tried with

Degrade = Callable[[torch.Tensor, np.random.Generator], tuple[torch.Tensor, Parameters]]


@dataclass
class Degraded:
    """One image of a case: clean, as observed, and as the step wants it."""

    clean: torch.Tensor  # [3,H,W]
    y: torch.Tensor  # [3,H/s,W/s]
    parameters: Parameters  # of the degradation, see `Operator.observe`
    observation: Observation


@dataclass(frozen=True)
class Case:
    """A degradation of known strength. JPEG has no noise: its sigma is what the samplers get."""

    family: str
    sigma: float  # noise std of full scale 1
    degrade: Degrade  # (image, generator) -> observation, its parameters
    classical: Callable[["Case", list[Degraded]], list[torch.Tensor]]
    # Pixels at each edge that are not scored, where the kernel reaches beyond the image.
    border: int = 0


def upscaled(operator: Operator, degraded: list[Degraded]) -> list[torch.Tensor]:
    """The observations, upscaled by bicubic where they are smaller."""
    return [baselines.bicubic(d.y, operator.scale) if operator.scale > 1 else d.y for d in degraded]


def input_itself(case: Case, degraded: list[Degraded]) -> list[torch.Tensor]:
    """As `upscaled`, where no classical method fits better."""
    return upscaled(operator_of(case.family), degraded)


def wiener(case: Case, degraded: list[Degraded]) -> list[torch.Tensor]:
    """The Wiener filter, tuned by an oracle on these very images."""

    def run(noise_to_signal: float) -> list[torch.Tensor]:
        return [
            baselines.wiener(d.y, d.parameters["psf"].numpy(), noise_to_signal) for d in degraded
        ]

    def score(noise_to_signal: float) -> float:
        pairs = zip(run(noise_to_signal), degraded, strict=True)
        return float(np.mean([psnr(z, d.clean, case.border) for z, d in pairs]))

    return run(max(NOISE_TO_SIGNAL, key=score))


def telea(case: Case, degraded: list[Degraded]) -> list[torch.Tensor]:
    """Fast-marching inpainting."""
    return [baselines.telea(d.y, d.parameters["mask"]) for d in degraded]


def non_local_means(case: Case, degraded: list[Degraded]) -> list[torch.Tensor]:
    """Colour non-local means, which know the noise."""
    return [baselines.non_local_means(d.y, case.sigma) for d in degraded]


def _noise(sigma: float) -> Case:
    return Case("denoise", sigma, lambda x, r: degradations.denoise(x, sigma, r), non_local_means)


def _blur(psf: np.ndarray) -> Case:
    return Case("blur", 0.01, lambda x, r: degradations.blur(x, psf, 0.01, r), wiener, 16)


def _holes(draw: Callable[[int, int, np.random.Generator], np.ndarray]) -> Case:
    def degrade(x: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, Parameters]:
        return degradations.mask(x, draw(x.shape[1], x.shape[2], rng), 0.01, rng)

    return Case("mask", 0.01, degrade, telea)


def _small(scale: int) -> Case:
    family = Downscale(scale).family
    return Case(family, 0.01, lambda x, r: degradations.downscale(x, scale, 0.01, r), input_itself)


def _jpeg(quality: int) -> Case:
    return Case("jpeg", 0.01, lambda x, r: degradations.jpeg(x, quality), input_itself)


CASES = {
    "denoise-15": _noise(15 / 255),
    "denoise-50": _noise(50 / 255),
    "deblur-gaussian": _blur(GAUSSIAN),
    "deblur-uniform": _blur(BOX),
    "deblur-motion": _blur(MOTION),
    "inpaint-random70": _holes(lambda h, w, r: degradations.random_mask(h, w, 0.3, r)),
    "inpaint-box": _holes(lambda h, w, r: degradations.box_mask(h, w)),
    "super-resolve-x2": _small(2),
    "super-resolve-x4": _small(4),
    "jpeg-q10": _jpeg(10),
    "jpeg-q30": _jpeg(30),
}


def load_images(folder: Path, limit: int, crop: int = 0) -> list[torch.Tensor]:
    """The first `limit` (0: all) PNG images of a folder by name, each [3,H,W].

    crop: pixels of each side's middle that are kept, 0 for the whole image. Sides are cut to
    multiples of 48, of a crop to multiples of 16. SystemExit where one is missing or small.
    """
    out, side = [], SIDE_CROP if crop else SIDE
    for path in sorted(folder.glob("*.png"))[: limit or None]:
        x = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1) / 127.5 - 1
        h, w = ((min(n, crop) if crop else n) // side * side for n in x.shape[1:])
        top, left = ((n - m) // 2 if crop else 0 for n, m in zip(x.shape[1:], (h, w), strict=True))
        out.append(torch.from_numpy(x[:, top : top + h, left : left + w].copy()))
    if not out:
        raise SystemExit(f"{folder} holds no PNG images; name a folder of clean ones.")
    if any(x.numel() == 0 for x in out):
        raise SystemExit(f"An image or the crop is smaller than {side} pixels; name larger ones.")
    return out


def degrade_images(
    case: Case, clean: list[torch.Tensor], multiple: int
) -> tuple[Operator, list[Degraded]]:
    """The case's operator, and what it makes of each image, on canvases of `multiple` pixels."""
    operator, out = operator_of(case.family), []
    for i, x in enumerate(clean):
        y, parameters = case.degrade(x, np.random.default_rng((7, i)))
        out.append(Degraded(x, y, parameters, observe(operator, y[None], parameters, multiple)))
    return operator, out
