#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Draws the small images, the clip, the mask and the kernel of the documents and the examples.

Run it to make them anew:

    .venv/bin/python examples/data/make.py

Everything is drawn here, nothing is taken from elsewhere. The degradations are those of the
documents' pipelines, whose properties undo them.
"""

import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, FINE = 160, 120, 4  # FINE: drawn so many times larger, then reduced, for soft edges
FRAMES = 10


def scene(shift: float = 0.0) -> Image.Image:
    """A small town at a lake; `shift` moves a boat, in px."""
    picture = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE))
    pen = ImageDraw.Draw(picture)
    for y in range(HEIGHT * FINE):  # sky above, water below
        v = y / (HEIGHT * FINE)
        colour = (
            (150 + 90 * v, 180 + 50 * v, 225 - 10 * v)
            if v < 0.62
            else (70 - 20 * v, 110 - 30 * v, 140 - 20 * v)
        )
        pen.line([(0, y), (WIDTH * FINE, y)], fill=tuple(int(c) for c in colour))

    def box(x, y, w, h, fill):
        pen.rectangle([x * FINE, y * FINE, (x + w) * FINE, (y + h) * FINE], fill=fill)

    def shape(points, fill):
        pen.polygon([(x * FINE, y * FINE) for x, y in points], fill=fill)

    shape(
        [(0, 62), (30, 38), (58, 58), (92, 28), (130, 60), (160, 44), (160, 75), (0, 75)],
        (116, 128, 142),
    )
    rng = np.random.default_rng(11)
    x = 4
    while x < WIDTH - 14:  # houses with their windows
        w, h = int(rng.integers(13, 22)), int(rng.integers(20, 40))
        wall = tuple(int(c) for c in rng.integers((150, 110, 80), (235, 205, 180)))
        box(x, 74 - h, w, h, wall)
        shape(
            [(x - 1, 74 - h), (x + w / 2, 74 - h - 8), (x + w + 1, 74 - h)],
            tuple(int(c) for c in rng.integers((110, 40, 30), (170, 80, 60))),
        )
        for wy in range(74 - h + 4, 70, 8):
            for wx in range(x + 3, x + w - 3, 6):
                box(wx, wy, 3, 4, (48, 56, 70) if rng.random() < 0.7 else (250, 220, 130))
        x += w + 1
    for _ in range(90):  # ripples
        y = rng.uniform(78, 118)
        x0, w = rng.uniform(0, WIDTH), rng.uniform(3, 12)
        pen.line(
            [(x0 * FINE, y * FINE), ((x0 + w) * FINE, y * FINE)],
            fill=(120, 160, 185),
            width=FINE // 2,
        )
    bx = 84 + shift
    shape([(bx, 100), (bx + 40, 100), (bx + 34, 109), (bx + 6, 109)], (170, 40, 34))
    shape([(bx + 20, 74), (bx + 20, 98), (bx + 38, 98)], (240, 240, 232))
    shape([(bx + 18, 78), (bx + 18, 98), (bx + 5, 98)], (225, 222, 208))
    pen.text(
        (10 * FINE, 92 * FINE), "ud2m", fill=(236, 240, 244), font=ImageFont.load_default(19 * FINE)
    )
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def as_array(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, np.float64) / 255


def save(name: str, values: np.ndarray) -> None:
    Image.fromarray(np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)).save(
        HERE / name, optimize=True
    )


def convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """True convolution with mirrored borders; x is [h, w, 3]."""
    ry, rx = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(x, ((ry, ry), (rx, rx), (0, 0)), "reflect")
    out = np.zeros_like(x)
    for (j, i), weight in np.ndenumerate(kernel):
        out += (
            weight
            * padded[2 * ry - j : 2 * ry - j + x.shape[0], 2 * rx - i : 2 * rx - i + x.shape[1]]
        )
    return out


def gaussian(size: int, sigma: float) -> np.ndarray:
    taps = np.exp(-np.square(np.arange(size) - size // 2) / (2 * sigma**2))
    return np.outer(taps, taps) / taps.sum() ** 2


def shaken(size: int = 15) -> Image.Image:
    """The trace of a shaken camera: a bent line."""
    trace = Image.new("L", (size * 8, size * 8))
    points = [(0.15, 0.3), (0.35, 0.2), (0.55, 0.4), (0.6, 0.62), (0.85, 0.75)]
    ImageDraw.Draw(trace).line(
        [(x * size * 8, y * size * 8) for x, y in points], fill=255, width=9, joint="curve"
    )
    return trace.resize((size, size), Image.Resampling.BOX)


def clip() -> None:
    """A Motion-JPEG clip at quality 10, written by GStreamer."""
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(FRAMES):
            packed = io.BytesIO()
            scene(-1.5 * i).save(packed, "JPEG", quality=10, subsampling="4:2:0")
            Path(scratch, f"{i:02d}.jpg").write_bytes(packed.getvalue())
        caps = f"image/jpeg,framerate=10/1,width={WIDTH},height={HEIGHT}"
        source = f"multifilesrc location={scratch}/%02d.jpg index=0 caps={caps}"
        subprocess.run(
            [
                "gst-launch-1.0",
                "-q",
                *f"{source} ! jpegparse ! avimux ! filesink location={HERE}/clip-q10.avi".split(),
            ],
            check=True,
        )


def main() -> None:
    rng = np.random.default_rng(0)
    picture = scene()
    x = as_array(picture)

    def noisy(y: np.ndarray, sigma: float) -> np.ndarray:
        return y + sigma * rng.standard_normal(y.shape)

    picture.save(HERE / "scene.png", optimize=True)
    save("blurred.png", noisy(convolve(x, gaussian(11, 3**0.5)), 0.01))
    kernel = shaken()
    kernel.save(HERE / "kernel.png", optimize=True)
    k = np.asarray(kernel, np.float64)
    save("shaken.png", noisy(convolve(x, k / k.sum()), 0.01))
    mask = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(mask)
    for _ in range(12):
        ends = rng.uniform(0, 1, 4) * (WIDTH, HEIGHT, WIDTH, HEIGHT)
        pen.line(ends.tolist(), fill=0, width=int(rng.integers(1, 4)))
    mask.save(HERE / "mask.png", optimize=True)
    save("scratched.png", x * (np.asarray(mask)[..., None] > 0))
    picture.resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.BICUBIC).save(
        HERE / "small.png", optimize=True
    )
    save("noisy.png", noisy(x, 0.1))
    clip()


if __name__ == "__main__":
    main()
