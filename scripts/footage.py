#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Deblurs photographs with what real footage has over them, and writes a table of what that costs.

    scripts/footage.py --images FOLDER --plugin-path target/release --out table.md

Bars, lights beyond the range, subtitles and dead pixels come after the blur, as they do in a camera
and a studio. PSNR is that against the clean picture, where the case says; peak 255.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from demo import Host, png_source

SIDE, BAR, NOISE = 160, 24, 2.55
LIGHTS = ((50, 60, 5, 1500), (110, 110, 8, 900))  # row, column, radius, codes
TEXT = "and then a subtitle"


def gaussian(sigma: float, size: int) -> np.ndarray:
    x = np.arange(size) - size // 2
    line = np.exp(-(x**2) / (2 * sigma**2))
    return np.outer(line, line) / line.sum() ** 2


KERNELS = {
    "Gaussian 1.7": (gaussian(1.7, 11), "kernel-size=11 kernel-sigma=1.7"),
    "box of 9": (np.full((9, 9), 1 / 81), "kernel=uniform kernel-size=9"),
}


def blurred(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A picture [H,W,3], mirrored at its edges, convolved with a symmetric kernel."""
    r = len(kernel) // 2
    wide = np.pad(x, ((r, r), (r, r), (0, 0)), mode="reflect")
    h, w = x.shape[:2]
    shifts = [(i, j) for i in range(2 * r + 1) for j in range(2 * r + 1)]
    return sum(kernel[i, j] * wide[i : i + h, j : j + w] for i, j in shifts)


def codes(x: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def subtitle() -> np.ndarray:
    """True where text stands over the picture."""
    image = Image.new("1", (SIDE, SIDE))
    ImageDraw.Draw(image).text((8, SIDE - 24), TEXT, 1, ImageFont.load_default(15))
    return np.asarray(image)


def distance_to_lights() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.min([np.hypot(y - r, x - c) - radius for r, c, radius, _ in LIGHTS], axis=0)


def psnr(a: np.ndarray, b: np.ndarray, where) -> float:
    return 10 * np.log10(255**2 / np.square(a.astype(float) - b)[where].mean())


class Table:
    """Pictures, and a row for each thing that may lie over them."""

    def __init__(self, host: Host, images: list[np.ndarray], work: Path):
        self.host, self.images, self.work, self.rows = host, images, work, []
        self.rng = np.random.default_rng(3)

    def restored(self, frames: list[np.ndarray], properties: str) -> list[np.ndarray]:
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            for i, frame in enumerate(frames):
                Image.fromarray(frame).save(f"{folder}/{i:04d}.png")
            self.host.launch(
                f"{png_source(Path(folder), len(frames))} ! videoconvert "
                f"! video/x-raw,format=RGB ! ud2mrestore task=deblur noise-sigma=0.01 {properties} "
                f"! pngenc ! multifilesink location={folder}/out-%04d.png"
            )
            out = [f"{folder}/out-{i:04d}.png" for i in range(len(frames))]
            return [np.asarray(Image.open(path).convert("RGB")) for path in out]

    def add(self, name: str, frames, plain, properties: str, told: str, where) -> None:
        """`plain`: the answers where nothing lies over the picture."""
        of = [
            plain,
            self.restored(frames, f"{properties} detect-unobserved=false"),
            self.restored(frames, f"{properties} {told}"),
        ]
        means = [
            np.mean([psnr(*pair, where) for pair in zip(a, self.images, strict=True)]) for a in of
        ]
        self.rows.append(f"| {name} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")

    def measure(self, kernel_name: str) -> None:
        kernel, properties = KERNELS[kernel_name]
        reach = len(kernel) // 2
        noise = [self.rng.normal(0, NOISE, x.shape) for x in self.images]
        camera = [blurred(x, kernel) + n for x, n in zip(self.images, noise, strict=True)]
        clean = [codes(y) for y in camera]
        plain = self.restored(clean, properties)
        far, text = distance_to_lights(), subtitle()
        bars, lit, titled, dead = ([y.copy() for y in clean] for _ in range(4))
        for i, x in enumerate(self.images):
            bars[i][:BAR] = bars[i][-BAR:] = 0
            scene = x.copy()
            y, column = np.mgrid[:SIDE, :SIDE]
            for row, col, radius, value in LIGHTS:
                scene[np.hypot(y - row, column - col) < radius] = value
            lit[i] = codes(blurred(scene, kernel) + noise[i])
            titled[i][text] = 255
            for n, (row, col) in enumerate(self.rng.integers(4, SIDE - 4, (12, 2))):
                dead[i][row, col] = 255 * (n % 2)
        mask = self.work / "mask.png"
        Image.fromarray(codes(255.0 * ~text)).save(mask)
        inside = np.s_[BAR:-BAR]
        told = f"mask-file={mask}"
        for name, frames, more, where in (
            (f"{kernel_name}, bars of {BAR} rows", bars, "", inside),
            (f"{kernel_name}, two lights, beyond their reach", lit, "", far > 2 * reach + 2),
            (f"{kernel_name}, a subtitle, beside it", titled, told, ~text),
            (f"{kernel_name}, twelve dead pixels", dead, "", np.s_[:]),
        ):
            self.add(name, frames, plain, properties, more, where)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="a folder of PNG photographs")
    parser.add_argument("--plugin-path", type=Path, required=True, help="the plugin's folder")
    parser.add_argument("--limit", type=int, default=4, help="how many of them, evenly spread")
    parser.add_argument("--out", type=Path, help="the file of the table")
    options = parser.parse_args()
    files = sorted(options.images.glob("*.png"))
    files = files[:: max(1, len(files) // options.limit)][: options.limit]
    images = []
    for file in files:
        x = np.asarray(Image.open(file).convert("RGB"), float)
        top, left = (x.shape[0] - SIDE) // 2, (x.shape[1] - SIDE) // 2
        images.append(x[top : top + SIDE, left : left + SIDE])
    with tempfile.TemporaryDirectory() as work:
        table = Table(Host(options.plugin_path, Path(work)), images, Path(work))
        for kernel in KERNELS:
            table.measure(kernel)
    head = "| PSNR in dB | without | not told | found or told |\n| --- | --- | --- | --- |\n"
    text = head + "\n".join(table.rows) + "\n"
    print(text, end="")
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
