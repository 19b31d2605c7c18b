# SPDX-License-Identifier: MPL-2.0
"""Dust, hairs and vertical scratches over clean frames, so that it is known where they are."""

from dataclasses import dataclass

import cv2
import numpy as np

VISIBLE = 8  # codes by which a pixel must change to count as damaged
SCRATCH_FRAMES = (8, 24)  # how long a scratch lasts


@dataclass(frozen=True)
class Damaged:
    """Frames [N,H,W,3], and where dust and hairs, and scratches, changed them visibly [N,H,W]."""

    frames: np.ndarray
    dust: np.ndarray
    scratches: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        return self.dust | self.scratches


def grain(rng: np.random.Generator, side: int) -> np.ndarray:
    """How opaque an irregular grain of up to `side` pixels is, 0 to 1."""
    room = side + 6
    y, x = np.mgrid[:room, :room] - (room - 1) / 2
    turn = rng.uniform(0, np.pi)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    long, short = side / 2, side / 2 * rng.uniform(0.45, 1)
    rough = cv2.GaussianBlur(rng.normal(size=(room, room)), (0, 0), max(side / 6, 0.6))
    rough *= 0.35 / max(rough.std(), 1e-6)
    shape = (np.hypot(u / long, v / short) + rough * min(1, side / 6) < 1).astype(np.float64)
    shape[(room - 1) // 2, (room - 1) // 2] = 1
    return cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.4, 0.9))


def hair(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """How opaque a curved hair is, over a whole frame."""
    at, heading = rng.uniform((0, 0), (width, height)), rng.uniform(0, 2 * np.pi)
    bend, points = rng.normal(0, 0.05), []
    for _ in range(rng.integers(18, 60)):
        points.append(at)
        heading += bend + rng.normal(0, 0.08)
        at = at + (np.cos(heading), np.sin(heading))
    line = np.zeros((height, width), np.uint8)
    fixed = np.rint(np.array(points) * 16).astype(np.int32)
    cv2.polylines(line, [fixed], False, 255, int(rng.integers(1, 3)), cv2.LINE_AA, 4)
    return cv2.GaussianBlur(line / 255, (0, 0), rng.uniform(0.3, 0.6))


def dusty(rng: np.random.Generator, frame: np.ndarray, count: int) -> np.ndarray:
    """A frame of floats with `count` grains, and sometimes a hair, of one frame each."""
    height, width = frame.shape[:2]
    frame = frame.copy()
    for _ in range(count):
        opacity = grain(rng, int(rng.integers(2, 15))) * rng.uniform(0.65, 1)
        side = len(opacity)
        y, x = rng.integers(-3, height - side + 4), rng.integers(-3, width - side + 4)
        top, left = max(-y, 0), max(-x, 0)
        part = frame[max(y, 0) : y + side, max(x, 0) : x + side]
        cut = opacity[top : top + part.shape[0], left : left + part.shape[1], None]
        part += cut * (ink(rng) - part)
    for _ in range(rng.integers(0, 3)):
        frame += hair(rng, height, width)[..., None] * rng.uniform(0.6, 1) * (ink(rng) - frame)
    return frame


def ink(rng: np.random.Generator) -> float:
    """The code of a grain: dark dirt on a positive, or white where dust lay on a negative."""
    return rng.uniform(5, 50) if rng.random() < 0.5 else rng.uniform(205, 250)


@dataclass
class Scratch:
    """A vertical line that stays for some frames and drifts."""

    x: float
    slant: float  # columns over the height
    width: float
    change: float  # codes at its middle
    top: float  # shares of the height
    bottom: float
    left: int  # frames

    @classmethod
    def drawn(cls, rng: np.random.Generator, width: int) -> "Scratch":
        length = rng.uniform(0.4, 1)
        top = rng.uniform(0, 1 - length)
        return cls(
            x=rng.uniform(0.05, 0.95) * width,
            slant=rng.normal(0, 1.5),
            width=rng.uniform(1, 3),
            change=rng.uniform(25, 70) * rng.choice((-1, 1)),
            top=top,
            bottom=top + length,
            left=int(rng.integers(*SCRATCH_FRAMES)),
        )

    def draw(self, rng: np.random.Generator, frame: np.ndarray) -> None:
        height, width = frame.shape[:2]
        y, x = np.mgrid[:height, :width]
        wobble = cv2.GaussianBlur(rng.normal(0, 1, (height, 1)), (1, 0), 12) * 2
        middle = self.x + self.slant * (y / height - 0.5) + wobble
        edge = np.clip((self.width / 2 + 0.5) - np.abs(x - middle), 0, 1)
        inside = (y >= self.top * height) & (y < self.bottom * height)
        strength = np.clip(
            1 + 0.25 * cv2.GaussianBlur(rng.normal(0, 4, (height, 1)), (1, 0), 6), 0.5, 1.5
        )
        frame += (edge * inside * strength * self.change)[..., None]
        self.x += rng.normal(0, 0.7)
        self.left -= 1


def damaged(clean: np.ndarray, seed: int, grains: tuple[int, int], scratches: int) -> Damaged:
    """Clean frames of 8 bits [N,H,W,3] with dirt over them; `scratches` are there at once."""
    rng = np.random.default_rng(seed)
    width = clean.shape[2]
    lines = [Scratch.drawn(rng, width) for _ in range(scratches)]
    frames, dust, lined = [], [], []
    for before in clean.astype(np.float64):
        now = before.copy()
        lines = [s if s.left > 0 else Scratch.drawn(rng, width) for s in lines]
        for line in lines:
            line.draw(rng, now)
        scratched = codes(now)
        # Noise of a frame is not drawn anew where nothing covers it.
        now = dusty(rng, now, int(rng.integers(*grains)))
        frames.append(codes(now))
        lined.append(changed(scratched, codes(before)))
        dust.append(changed(frames[-1], scratched))
    return Damaged(np.array(frames), np.array(dust), np.array(lined))


def codes(x: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def changed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where a pixel changed visibly in one of its colours."""
    return np.abs(a.astype(int) - b).max(-1) > VISIBLE


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of the damaged area that is marked."""
    return float((found & truth).sum() / max(truth.sum(), 1))


def precision(found: np.ndarray, truth: np.ndarray, tolerance: int) -> float:
    """Share of the marked area that lies at most `tolerance` pixels from damage."""
    kernel = np.ones((2 * tolerance + 1,) * 2, np.uint8)
    near = np.array([cv2.dilate(t.astype(np.uint8), kernel) > 0 for t in truth])
    return float((found & near).sum() / max(found.sum(), 1))
