# SPDX-License-Identifier: MPL-2.0
"""Images of the demo: scratches over a clip, frames side by side, the grid with its scores."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

BAND = 28  # px above an image, for its label
INK, PAPER = (235, 235, 235), (24, 24, 24)


def psnr(a: Image.Image, b: Image.Image) -> float:
    """dB, on 8-bit RGB of one size."""
    error = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    return 10 * np.log10(255**2 / max(np.square(error).mean(), 1e-6))


def draw_scratches(width: int, height: int, mask: Path, overlay: Path) -> None:
    """Writes the mask (white = observed, black = missing) and its strokes as an overlay."""
    strokes = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(strokes)
    pen.fontmode = "1"  # no half-tones: a pixel is missing or it is not
    rng = np.random.default_rng(3)
    for _ in range(24):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        points = [(x, y)]
        heading = rng.uniform(0, 2 * np.pi)
        for _ in range(12):
            heading += rng.normal(0, 0.35)
            x, y = x + 14 * np.cos(heading), y + 14 * np.sin(heading)
            points.append((x, y))
        pen.line(points, fill=0, width=int(rng.integers(2, 5)), joint="curve")
    pen.text(
        (width / 2, height * 0.82),
        "00:14:07:11",
        fill=0,
        font=ImageFont.load_default(height // 7),
        anchor="mm",
    )
    strokes.save(mask)
    alpha = strokes.point(lambda v: 255 - v)
    Image.merge("RGBA", (*Image.new("RGB", strokes.size).split(), alpha)).save(overlay)


def load(path: Path, size: tuple[int, int] | None = None) -> Image.Image:
    image = Image.open(path).convert("RGB")
    return (
        image
        if size is None or image.size == size
        else image.resize(size, Image.Resampling.BICUBIC)
    )


def labelled(image: Image.Image, text: str) -> Image.Image:
    out = Image.new("RGB", (image.width, image.height + BAND), PAPER)
    out.paste(image, (0, BAND))
    ImageDraw.Draw(out).text(
        (8, BAND / 2), text, fill=INK, font=ImageFont.load_default(15), anchor="lm"
    )
    return out


def beside(tiles: list[Image.Image]) -> Image.Image:
    out = Image.new("RGB", (sum(t.width for t in tiles), tiles[0].height), PAPER)
    x = 0
    for tile in tiles:
        out.paste(tile, (x, 0))
        x += tile.width
    return out


class Row:
    """A degradation: three folders of frames with the same names, and their mean PSNR in dB."""

    def __init__(self, title: str, degraded: Path, restored: Path, clean: Path):
        self.title, self.names = title, sorted(p.name for p in clean.iterdir())
        self.folders = degraded, restored, clean
        scores = np.array([self.scores(name) for name in self.names])
        self.psnr_degraded, self.psnr_restored = scores.mean(0)

    def frame(self, name: str) -> list[Image.Image]:
        """degraded, restored, original, all at the size of the original"""
        degraded, restored, clean = self.folders
        original = load(clean / name)
        return [
            load(degraded / name, original.size),
            load(restored / name, original.size),
            original,
        ]

    def scores(self, name: str) -> tuple[float, float]:
        degraded, restored, original = self.frame(name)
        return psnr(degraded, original), psnr(restored, original)

    def side_by_side(self, out: Path) -> None:
        """Writes degraded | restored of each frame."""
        out.mkdir()
        for name in self.names:
            degraded, restored, _ = self.frame(name)
            beside(
                [labelled(degraded, self.title), labelled(restored, "restored by ud2mrestore")]
            ).save(out / name, compress_level=1)

    def strip(self, index: int) -> Image.Image:
        """degraded | restored | original of one frame, with its scores."""
        name = self.names[index]
        degraded, restored = self.scores(name)
        texts = (f"{self.title}: {degraded:.1f} dB", f"restored: {restored:.1f} dB", "original")
        return beside([labelled(p, t) for p, t in zip(self.frame(name), texts, strict=True)])


def grid(rows: list[Row], index: int, path: Path) -> None:
    """Rows are degradations, columns degraded | restored | original."""
    strips = [row.strip(index) for row in rows]
    out = Image.new("RGB", (strips[0].width, sum(s.height for s in strips)), PAPER)
    y = 0
    for strip in strips:
        out.paste(strip, (0, y))
        y += strip.height
    out.save(path, optimize=True)
