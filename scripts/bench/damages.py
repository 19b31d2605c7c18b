# SPDX-License-Identifier: MPL-2.0
"""Pictures with damage of known size."""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

Picture = np.ndarray  # [H,W,3], codes of 8 bits
FINE = 15  # samples of a kernel along a pixel's side


@dataclass(frozen=True)
class Damage:
    """A damage: its name, what `ud2m inspect` is to find, and the numbers it is to tell."""

    name: str
    finding: str
    write: Callable[[Picture, Path, np.random.Generator], Path]
    # By the pointer into the command's object: the true number, and how far it may be off.
    numbers: dict[str, tuple[float, float]] = field(default_factory=dict)
    kind: str = ""  # of a blur


def codes(picture: np.ndarray) -> Picture:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def png(picture: np.ndarray, folder: Path) -> Path:
    path = folder / "picture.png"
    Image.fromarray(codes(picture)).save(path)
    return path


def kernel(density: Callable[[np.ndarray, np.ndarray], np.ndarray], side: int) -> np.ndarray:
    """A density over the plane as a kernel of sum 1; rows grow downwards."""
    place = (np.arange(side * FINE) + 0.5) / FINE - side / 2
    x, y = np.meshgrid(place, place)
    sums = density(x, y).astype(float).reshape(side, FINE, side, FINE).sum((1, 3))
    return sums / sums.sum()


def disk(radius: float) -> np.ndarray:
    return kernel(lambda x, y: x * x + y * y < radius * radius, 2 * int(np.ceil(radius)) + 1)


def gaussian(sigma: float) -> np.ndarray:
    side = 2 * int(np.ceil(4 * sigma)) + 1
    return kernel(lambda x, y: np.exp(-(x * x + y * y) / (2 * sigma * sigma)), side)


def line(length: float, angle: float) -> np.ndarray:
    """At `angle` degrees, counter-clockwise from the right."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    side = 2 * int(np.ceil(length / 2)) + 1
    along = lambda x, y: abs(x * cos - y * sin) < length / 2  # noqa: E731
    return kernel(lambda x, y: along(x, y) & (abs(x * sin + y * cos) < 0.5), side)


def blurred(picture: Picture, psf: np.ndarray) -> np.ndarray:
    """Convolved, where the kernel lies within the picture."""
    height, width = picture.shape[:2]
    spectrum = np.fft.rfft2(psf, (height, width))[..., None]
    whole = np.fft.irfft2(np.fft.rfft2(picture, axes=(0, 1)) * spectrum, (height, width), (0, 1))
    return whole[psf.shape[0] - 1 :, psf.shape[1] - 1 :]


def jpeg(quality: int, as_png: bool = False) -> Callable:
    def write(picture: Picture, folder: Path, _: np.random.Generator) -> Path:
        path = folder / "picture.jpg"
        Image.fromarray(picture).save(path, quality=quality)
        return png(np.asarray(Image.open(path)), folder) if as_png else path

    return write


def with_kernel(psf: np.ndarray) -> Callable:
    return lambda picture, folder, _: png(blurred(picture, psf), folder)


def barred(picture: Picture, folder: Path, _: np.random.Generator) -> Path:
    """Letterboxed: an eighth of the height black above and below."""
    out = picture.copy()
    rows = len(out) // 8
    out[:rows] = out[len(out) - rows :] = 16
    return png(out, folder)


def combed(picture: Picture, folder: Path, _: np.random.Generator) -> Path:
    """Every second row six pixels further, as of a scene that moved between two fields."""
    out = picture[:, :-6].copy()
    out[1::2] = picture[1::2, 6:]
    return png(out, folder)


def noise(level: float) -> Callable:
    def write(picture: Picture, folder: Path, random: np.random.Generator) -> Path:
        return png(picture + random.normal(0, 255 * level, picture.shape), folder)

    return write


QUALITY = "/jpeg/quality/median"
DAMAGES = (
    Damage("clean", "", lambda picture, folder, _: png(picture, folder)),
    Damage("noise 0.03", "noise", noise(0.03), {"/noise/sigma/median": (0.03, 0.0045)}),
    Damage("JPEG 20", "jpeg", jpeg(20), {QUALITY: (20, 2)}),
    Damage("JPEG 20 as PNG", "jpeg", jpeg(20, True), {QUALITY: (20, 2)}),
    Damage("disk 4 px", "blur", with_kernel(disk(4)), {"/blur/radius": (4, 0.3)}, "disk"),
    Damage(
        "Gaussian 2 px", "blur", with_kernel(gaussian(2)), {"/blur/sigma": (2, 0.2)}, "gaussian"
    ),
    Damage(
        "line 15 px at 30°",
        "blur",
        with_kernel(line(15, 30)),
        {"/blur/length": (15, 1.5), "/blur/angle": (30, 5)},
        "line",
    ),
    Damage("letterbox", "bars", barred),
    Damage("two fields", "combing", combed),
)


def random_of(picture: Path, damage: Damage) -> np.random.Generator:
    """The same for a picture and a damage each time."""
    return np.random.default_rng(zlib.crc32(f"{picture.stem} {damage.name}".encode()))


def read(path: Path) -> Picture:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))
