"""Raw frames of a file as arrays, and their scores against clean ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHROMA = {"I420": (2, 2), "Y42B": (2, 1), "Y444": (1, 1)}  # pixels to a sample, across and down
NAMES = {"I420": "4:2:0", "Y42B": "4:2:2", "Y444": "4:4:4"}
PEAK = 255


@dataclass(frozen=True)
class Format:
    """Frames of one size and format in a file, one after the other; name: GStreamer's."""

    name: str
    width: int
    height: int

    @property
    def chroma(self) -> tuple[int, int]:
        """Samples of one plane of chroma, across and down."""
        across, down = CHROMA[self.name]
        return self.width // across, self.height // down

    @property
    def bytes(self) -> int:
        """Of one frame with planes of chroma."""
        width, height = self.chroma
        return self.width * self.height + 2 * width * height

    def frames(self, path: Path) -> list[np.ndarray]:
        """Each frame's R'G'B' [3,h,w] in codes, not rounded, chroma interpolated."""
        data = np.fromfile(path, np.uint8).astype(np.float64)
        if self.name == "RGB":
            return list(data.reshape(-1, self.height, self.width, 3).transpose(0, 3, 1, 2))
        return [self._rgb(frame) for frame in data.reshape(-1, self.bytes)]

    def _rgb(self, frame: np.ndarray) -> np.ndarray:
        across, down = CHROMA[self.name]
        size = self.width * self.height
        luma = frame[:size].reshape(self.height, self.width)
        planes = frame[size:].reshape(2, *self.chroma[::-1]) - 128
        rows = [_doubled(p, 0) if down == 2 else p for p in planes]
        cb, cr = (_doubled(p, 1) if across == 2 else p for p in rows)
        green = luma - 0.344136286 * cb - 0.714136286 * cr
        return np.stack([luma + 1.402 * cr, green, luma + 1.772 * cb])


def _doubled(plane: np.ndarray, axis: int) -> np.ndarray:
    """Twice as long: a new sample is three parts of the nearest and one of the next old one."""
    n = plane.shape[axis]
    before, after = (np.take(plane, np.clip(np.arange(n) + d, 0, n - 1), axis) for d in (-1, 1))
    pair = np.stack([0.75 * plane + 0.25 * before, 0.75 * plane + 0.25 * after], axis + 1)
    return pair.reshape([2 * s if i == axis else s for i, s in enumerate(plane.shape)])


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """In dB, of codes of 8 bits; 114 at most."""
    return float(10 * np.log10(PEAK**2 / max(np.square(a - b).mean(), 1e-6)))


def luma(rgb: np.ndarray) -> np.ndarray:
    """[h,w] of R'G'B' [3,h,w], as BT.601 has it."""
    return np.tensordot((0.299, 0.587, 0.114), rgb, 1)


def scores(found: list[np.ndarray], clean: list[np.ndarray]) -> tuple[float, float]:
    """Mean PSNR in dB of luma, and of R'G'B' cut to the codes."""
    if len(found) != len(clean):
        raise SystemExit(
            f"{len(clean)} frames went in and {len(found)} came out: look at the pipeline's errors."
        )
    pairs = list(zip(found, clean, strict=True))
    of_luma = [psnr(luma(a), luma(b)) for a, b in pairs]
    of_rgb = [psnr(a.clip(0, PEAK), b.clip(0, PEAK)) for a, b in pairs]
    return float(np.mean(of_luma)), float(np.mean(of_rgb))
