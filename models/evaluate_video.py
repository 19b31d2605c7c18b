"""Scores the element on degraded clips, each frame by itself against temporal=warm-start.

    python models/evaluate_video.py --clips FOLDER --plugin-path target/release --cut --report docs/results.md video

Clips are decoded by OpenCV, reduced and cut to a common size, degraded frame by frame, rounded to 8 bits, and sent through
gst-launch-1.0. Flicker is the mean absolute difference of successive frames less that of the clean clip, in codes of 8
bits: above zero, the restored clip moves more than the clean one; below, less, which may be blur too.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from ud2m.evaluation import metrics, tables
from ud2m.evaluation.cases import CASES

SIZE = (176, 144)  # pixels of every clip
LARGEST = 320  # a clip is reduced to this width before it is cut, or as far as its height allows, so that something moves in the cut
PROPERTIES = {
    "deblur-gaussian": "task=deblur kernel=gaussian kernel-size=5 noise-sigma=0.01",
    "jpeg-q10": "task=jpeg jpeg-quality=10",
    "denoise-15": "task=denoise noise-sigma=0.0588",
    "super-resolve-x4": "task=super-resolve scale=4 noise-sigma=0.01",
}
MODES = {"off": "temporal=off", "warm-start": "temporal=warm-start"}
CODES = 127.5  # 8-bit codes in one unit of [-1, 1]


@dataclass
class Clip:
    """name: the file's; frames: clean, each [3,H,W] in [-1, 1]."""

    name: str
    frames: list[torch.Tensor]


def main() -> None:
    a = arguments()
    clips = [decoded(path, a.frames, a.first) for path in sorted(a.clips.glob(a.pattern))]
    if not clips:
        raise SystemExit(f"{a.clips} holds no {a.pattern}; name a folder of clean clips.")
    if a.cut:
        clips.append(
            Clip("a cut", clips[0].frames[: a.frames // 2] + clips[-1].frames[a.frames // 2 :])
        )
    rows = {}
    for case in a.cases:
        for clip in clips:
            rows[case, clip.name] = {
                mode: measured(a.plugin_path, case, clip, mode) for mode in MODES
            }
            print(case, clip.name, rows[case, clip.name], flush=True)
    what = f"{a.frames} frames of each clip, {SIZE[0]}x{SIZE[1]}, through the element."
    text = f"{table(rows)}\n{tables.footnote(what, sys.argv[1:], Path(__file__).name)}"
    print("\n" + text)
    if a.report:
        tables.replace_section(Path(a.report[0]), a.report[1], text)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--clips", type=Path, required=True)
    p.add_argument("--pattern", default="*.mp4")
    p.add_argument("--plugin-path", type=Path, required=True, help="folder of libgstud2m.so")
    p.add_argument("--frames", type=int, default=24)
    p.add_argument("--first", type=int, default=10, help="frames left out at the beginning")
    p.add_argument(
        "--cut", action="store_true", help="one more clip: half of the first, half of the last"
    )
    p.add_argument(
        "--cases", nargs="+", default=["deblur-gaussian", "jpeg-q10"], choices=PROPERTIES
    )
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))
    return p.parse_args()


def decoded(path: Path, count: int, first: int) -> Clip:
    """The middle of `count` frames of a clip."""
    video, frames = cv2.VideoCapture(str(path)), []
    for i in range(first + count):
        found, bgr = video.read()
        if not found:
            raise SystemExit(
                f"{path} has less than {first + count} frames; choose fewer with --frames."
            )
        if i < first:
            continue
        width, height = bgr.shape[1], bgr.shape[0]
        if width < SIZE[0] or height < SIZE[1]:
            raise SystemExit(
                f"{path} has {width}x{height} pixels; name clips of at least {SIZE[0]}x{SIZE[1]}."
            )
        share = max(LARGEST / width, SIZE[1] / height)
        if share < 1:
            width, height = round(width * share), round(height * share)
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        left, top = (width - SIZE[0]) // 2, (height - SIZE[1]) // 2
        rgb = bgr[top : top + SIZE[1], left : left + SIZE[0], ::-1]
        frames.append(torch.from_numpy(rgb.astype(np.float32).transpose(2, 0, 1) / CODES - 1))
    return Clip(path.stem, frames)


def measured(plugin: Path, case: str, clip: Clip, mode: str) -> dict[str, float]:
    """PSNR and flicker without the border that the case leaves out, and evaluations for each frame."""
    rng = np.random.default_rng(7)
    degraded = [CASES[case].degrade(x, rng)[0] for x in clip.frames]
    restored, evaluations = through_the_element(
        plugin, degraded, f"{PROPERTIES[case]} {MODES[mode]}", clip.frames[0].shape[1:]
    )
    inner = lambda x: metrics.inner(x, CASES[case].border)
    moves = lambda frames: (
        float(
            np.mean([float((inner(b) - inner(a)).abs().mean()) for a, b in zip(frames, frames[1:])])
        )
        * CODES
    )
    return {
        "psnr": float(
            np.mean([metrics.psnr(x, y, CASES[case].border) for x, y in zip(restored, clip.frames)])
        ),
        "flicker": moves(restored) - moves(clip.frames),
        "evaluations": evaluations / len(restored),
    }


def through_the_element(
    plugin: Path, frames: list[torch.Tensor], properties: str, size: tuple[int, int]
) -> tuple[list[torch.Tensor], int]:
    """The frames [3,H,W] after ud2mrestore, each of `size` (rows, columns), and the network evaluations they took."""
    height, width = frames[0].shape[1:]
    with tempfile.TemporaryDirectory() as folder:
        source, sink = Path(folder, "in.rgb"), Path(folder, "out.rgb")
        codes = [
            ((x + 1) * CODES).round().clamp(0, 255).byte().permute(1, 2, 0).numpy() for x in frames
        ]
        source.write_bytes(b"".join(c.tobytes() for c in codes))
        pipeline = (
            f"filesrc location={source} blocksize={3 * height * width} ! rawvideoparse format=rgb width={width} height={height} framerate=25/1"
            f" ! ud2mrestore stats-interval=1 {properties} ! filesink location={sink}"
        )
        env = dict(
            os.environ,
            GST_PLUGIN_PATH=str(plugin.resolve()),
            GST_REGISTRY=str(Path(folder, "registry.bin")),
        )
        run = subprocess.run(
            ["gst-launch-1.0", "-m", *pipeline.split()], env=env, capture_output=True, text=True
        )
        if run.returncode:
            raise SystemExit(
                f"gst-launch-1.0 failed; mend what it says: {run.stderr.strip()[-500:]}"
            )
        counts = re.findall(r"ud2mrestore-stats.*?evaluations=\(guint64\)(\d+)", run.stdout)
        out = np.frombuffer(sink.read_bytes(), np.uint8).reshape(-1, *size, 3)
    if len(out) != len(frames) or not counts:
        raise SystemExit(
            f"{len(out)} of {len(frames)} frames came out, with {len(counts)} messages of statistics; report it."
        )
    return [
        torch.from_numpy(o.astype(np.float32).transpose(2, 0, 1) / CODES - 1) for o in out
    ], int(counts[-1])


def table(rows: dict) -> str:
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


if __name__ == "__main__":
    main()
