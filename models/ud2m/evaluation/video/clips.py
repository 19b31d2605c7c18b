"""Degraded clips, restored by the element: each frame by itself against temporal=warm-start.

Clips are decoded by OpenCV, reduced and cut to a common size, degraded frame by frame, rounded to 8
bits, and sent through gst-launch-1.0. Flicker is the mean absolute difference of successive frames
less that of the clean clip, in codes of 8 bits: above zero, the restored clip moves more than the
clean one; below, less, which may be blur too.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from ud2m.evaluation import metrics, tables
from ud2m.evaluation.cases import CASES
from ud2m.evaluation.video.pipelines import environment

SIZE = (176, 144)  # pixels of every clip
# A clip is reduced to this width before it is cut, or as far as its height allows, so that
# something moves in the cut.
LARGEST = 320
PROPERTIES = {
    "deblur-gaussian": "task=deblur kernel=gaussian kernel-size=5 noise-sigma=0.01",
    "jpeg-q10": "task=jpeg jpeg-quality=10",
    "denoise-15": "task=denoise noise-sigma=0.0588",
    "super-resolve-x4": "task=super-resolve scale=4 noise-sigma=0.01",
}
MODES = {"off": "temporal=off", "warm-start": "temporal=warm-start"}
CODES = 127.5  # 8-bit codes in one unit of [-1, 1]
Rows = dict[tuple[str, str], dict[str, dict[str, float]]]  # by case and clip: mode, score


@dataclass
class Clip:
    """name: the file's; frames: clean, each [3,H,W] in [-1, 1]."""

    name: str
    frames: list[torch.Tensor]


def decoded(path: Path, count: int, first: int) -> Clip:
    """The middle of `count` frames of a clip, the frames before `first` left out."""
    video, frames = cv2.VideoCapture(str(path)), []
    for i in range(first + count):
        found, bgr = video.read()
        if not found:
            raise SystemExit(
                f"{path} has less than {first + count} frames; choose fewer with --frames."
            )
        if i >= first:
            rgb = middle(bgr, path)[..., ::-1].astype(np.float32)
            frames.append(torch.from_numpy(rgb.transpose(2, 0, 1) / CODES - 1))
    return Clip(path.stem, frames)


def middle(image: np.ndarray, path: Path) -> np.ndarray:
    """SIZE pixels of an image [H,W,3], reduced before."""
    height, width = image.shape[:2]
    if width < SIZE[0] or height < SIZE[1]:
        raise SystemExit(
            f"{path} has {width}x{height} pixels; name clips of at least {SIZE[0]}x{SIZE[1]}."
        )
    share = max(LARGEST / width, SIZE[1] / height)
    if share < 1:
        width, height = round(width * share), round(height * share)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    left, top = (width - SIZE[0]) // 2, (height - SIZE[1]) // 2
    return image[top : top + SIZE[1], left : left + SIZE[0]]


def cut(first: Clip, last: Clip) -> Clip:
    """One clip of the first half of one and the second half of the other."""
    half = len(first.frames) // 2
    return Clip("a cut", first.frames[:half] + last.frames[half:])


def measured(plugin: Path, case: str, clip: Clip, mode: str) -> dict[str, float]:
    """PSNR in dB, flicker in codes, and evaluations for each frame.

    The border that the case leaves out is not scored.
    """
    rng, border = np.random.default_rng(7), CASES[case].border
    degraded = [CASES[case].degrade(x, rng)[0] for x in clip.frames]
    properties, size = f"{PROPERTIES[case]} {MODES[mode]}", clip.frames[0].shape[1:]
    restored, evaluations = through_the_element(plugin, degraded, properties, size)
    pairs = zip(restored, clip.frames, strict=True)
    return {
        "psnr": float(np.mean([metrics.psnr(x, y, border) for x, y in pairs])),
        "flicker": movement(restored, border) - movement(clip.frames, border),
        "evaluations": evaluations / len(restored),
    }


def movement(frames: list[torch.Tensor], border: int) -> float:
    """Mean absolute difference of successive frames, in codes of 8 bits."""
    inner = [metrics.inner(x, border) for x in frames]
    changes = [float((b - a).abs().mean()) for a, b in zip(inner, inner[1:], strict=False)]
    return float(np.mean(changes)) * CODES


def through_the_element(
    plugin: Path, frames: list[torch.Tensor], properties: str, size: tuple[int, int]
) -> tuple[list[torch.Tensor], int]:
    """The frames [3,H,W] after ud2mrestore, and the network evaluations they took.

    size: rows and columns of what comes out.
    """
    height, width = frames[0].shape[1:]
    with tempfile.TemporaryDirectory() as folder:
        source, sink = Path(folder, "in.rgb"), Path(folder, "out.rgb")
        codes = [((x + 1) * CODES).round().clamp(0, 255).byte().permute(1, 2, 0) for x in frames]
        source.write_bytes(b"".join(c.numpy().tobytes() for c in codes))
        pipeline = (
            f"filesrc location={source} blocksize={3 * height * width}"
            f" ! rawvideoparse format=rgb width={width} height={height} framerate=25/1"
            f" ! ud2mrestore stats-interval=1 {properties} ! filesink location={sink}"
        )
        env = environment(plugin) | {"GST_REGISTRY": str(Path(folder, "registry.bin"))}
        command = ["gst-launch-1.0", "-m", *pipeline.split()]
        run = subprocess.run(command, env=env, capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(
                f"gst-launch-1.0 failed; mend what it says: {run.stderr.strip()[-500:]}"
            )
        counts = re.findall(r"ud2mrestore-stats.*?evaluations=\(guint64\)(\d+)", run.stdout)
        out = np.frombuffer(sink.read_bytes(), np.uint8).reshape(-1, *size, 3)
    if len(out) != len(frames) or not counts:
        raise SystemExit(
            f"{len(out)} of {len(frames)} frames came out, "
            f"with {len(counts)} messages of statistics; report it."
        )
    images = out.astype(np.float32).transpose(0, 3, 1, 2) / np.float32(CODES) - 1
    return [torch.from_numpy(image) for image in images], int(counts[-1])


def table(rows: Rows) -> str:
    """One row for a case and clip: PSNR, flicker and evaluations, alone and from a warm start."""
    head = ["PSNR alone", "PSNR warm", "flicker alone", "flicker warm", "evaluations"]
    body = []
    for (case, clip), found in rows.items():
        off, warm = found["off"], found["warm-start"]
        psnr = [f"{f['psnr']:.2f}" for f in (off, warm)]
        flicker = [f"{f['flicker']:+.2f}" for f in (off, warm)]
        evaluations = f"{off['evaluations']:.2f}, {warm['evaluations']:.2f}"
        body.append([case, clip, *psnr, *flicker, evaluations])
    return tables.markdown(["case", "clip", *head], body)
