"""The degradations that are scored, the images they are applied to, and the classical method that fits each.

Images are [3,H,W] in [-1, 1]. A degradation is a function of the image's place in the folder alone, so that every method sees
the same observation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ud2m.evaluation import baselines
from ud2m.evaluation.metrics import psnr
from ud2m.physics.generators import degradations
from ud2m.physics.observation import Observation, observe, operator_of
from ud2m.physics.operators import Operator

SIDE = (
    48  # sides of whole images are cut to multiples of this: every scale and block size divides it
)
SIDE_CROP = 16  # the same for crops, which need not suit a scale of 3
GAUSSIAN, BOX = degradations.gaussian(3**0.5, 5), degradations.uniform(9)
MOTION = degradations.trajectory(19, np.random.default_rng(5))


@dataclass(frozen=True)
class Case:
    """family: operator; sigma: noise std of full scale; degrade: (image, generator) -> observation and physics; border: pixels not scored."""

    family: str
    sigma: float
    degrade: Callable[[torch.Tensor, np.random.Generator], tuple[torch.Tensor, dict]]
    border: int = 0


# A border is left out where the kernel reaches beyond the image. JPEG has no noise: its sigma is what the samplers get.
CASES = {
    "denoise-15": Case("denoise", 15 / 255, lambda x, r: degradations.denoise(x, 15 / 255, r)),
    "denoise-50": Case("denoise", 50 / 255, lambda x, r: degradations.denoise(x, 50 / 255, r)),
    "deblur-gaussian": Case("blur", 0.01, lambda x, r: degradations.blur(x, GAUSSIAN, 0.01, r), 16),
    "deblur-uniform": Case("blur", 0.01, lambda x, r: degradations.blur(x, BOX, 0.01, r), 16),
    "deblur-motion": Case("blur", 0.01, lambda x, r: degradations.blur(x, MOTION, 0.01, r), 16),
    "inpaint-random70": Case(
        "mask",
        0.01,
        lambda x, r: degradations.mask(x, degradations.random_mask(*x.shape[1:], 0.3, r), 0.01, r),
    ),
    "inpaint-box": Case(
        "mask",
        0.01,
        lambda x, r: degradations.mask(x, degradations.box_mask(*x.shape[1:]), 0.01, r),
    ),
    "super-resolve-x2": Case(
        "downscale2", 0.01, lambda x, r: degradations.downscale(x, 2, 0.01, r)
    ),
    "super-resolve-x4": Case(
        "downscale4", 0.01, lambda x, r: degradations.downscale(x, 4, 0.01, r)
    ),
    "jpeg-q10": Case("jpeg", 0.01, lambda x, r: degradations.jpeg(x, 10)),
    "jpeg-q30": Case("jpeg", 0.01, lambda x, r: degradations.jpeg(x, 30)),
}


@dataclass
class Degraded:
    """One image of a case: clean, as observed, and as the step wants it."""

    clean: torch.Tensor
    y: torch.Tensor
    physics: dict
    observation: Observation


def load_images(folder: Path, limit: int, crop: int = 0) -> list[torch.Tensor]:
    """PNG images in the order of their names; `crop` > 0 keeps that many pixels of each side's middle."""
    out, side = [], SIDE_CROP if crop else SIDE
    for path in sorted(folder.glob("*.png"))[: limit or None]:
        x = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1) / 127.5 - 1
        h, w = ((min(n, crop) if crop else n) // side * side for n in x.shape[1:])
        top, left = ((n - m) // 2 if crop else 0 for n, m in zip(x.shape[1:], (h, w)))
        out.append(torch.from_numpy(x[:, top : top + h, left : left + w].copy()))
    if not out:
        raise SystemExit(f"{folder} holds no PNG images; name a folder of clean ones.")
    if any(x.numel() == 0 for x in out):
        raise SystemExit(f"An image or the crop is smaller than {side} pixels; name larger ones.")
    return out


def degrade_images(
    case: Case, clean: list[torch.Tensor], multiple: int
) -> tuple[Operator, list[Degraded]]:
    """Applies the case to each image: the operator, and what it made of them."""
    operator, out = operator_of(case.family), []
    for i, x in enumerate(clean):
        y, physics = case.degrade(x, np.random.default_rng((7, i)))
        out.append(Degraded(x, y, physics, observe(operator, y[None], physics, multiple)))
    return operator, out


def upscaled(operator: Operator, degraded: list[Degraded]) -> list[torch.Tensor]:
    """The observation itself, upscaled where it is smaller."""
    return [baselines.bicubic(d.y, operator.scale) if operator.scale > 1 else d.y for d in degraded]


def classical(case: Case, degraded: list[Degraded]) -> list[torch.Tensor]:
    """The method that fits the family; the Wiener filter is tuned by an oracle on these very images."""
    if case.family == "blur":
        psf = degraded[0].physics["psf"].numpy()
        run = lambda nsr: [baselines.wiener(d.y, psf, nsr) for d in degraded]
        tuned = max(
            10.0 ** np.arange(-4.5, -0.9, 0.5),
            key=lambda n: np.mean(
                [psnr(z, d.clean, case.border) for z, d in zip(run(n), degraded)]
            ),
        )
        return run(tuned)
    if case.family == "mask":
        return [baselines.telea(d.y, d.physics["mask"]) for d in degraded]
    if case.family.startswith("downscale"):
        return [baselines.bicubic(d.y, int(case.family[-1])) for d in degraded]
    return [
        baselines.non_local_means(d.y, case.sigma) if case.family == "denoise" else d.y
        for d in degraded
    ]
