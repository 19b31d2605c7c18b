#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Compresses clips or pictures as Motion JPEG, restores them by task=jpeg, and tells what the estimate and the gain were.

    scripts/mjpeg.py --clips FOLDER --plugin-path target/release
    scripts/mjpeg.py --clips FOLDER --formats Y42B Y444 --qualities 30 --report docs/results.md mjpeg

Each frame goes through jpegenc and a decoder, and from there to ud2mrestore once as it was decoded and once as 8-bit RGB.
The quality is not told. Scores are against the planes that were compressed, all as RGB that is not rounded.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHROMA = {"I420": (2, 2), "Y42B": (2, 1), "Y444": (1, 1)}  # pixels to a sample, across and down
NAMES = {"I420": "4:2:0", "Y42B": "4:2:2", "Y444": "4:4:4"}
# jpegdec's usual transform is a faster, less exact one. Up to GStreamer 1.22 it hands out nothing finer than 4:2:0.
DECODERS = {
    "I420": "jpegdec idct-method=islow",
    "Y42B": "jpegparse ! avdec_mjpeg",
    "Y444": "jpegparse ! avdec_mjpeg",
}
CLIPS = (".mp4", ".avi", ".mkv", ".webm", ".png")


@dataclass
class Format:
    """Frames of one size and format in a file, one after the other."""

    name: str
    width: int
    height: int

    def frames(self, path: Path) -> list[np.ndarray]:
        """Each frame's R'G'B' [3,h,w] in codes, not rounded, chroma interpolated."""
        (across, down), size = CHROMA.get(self.name, (1, 1)), self.width * self.height
        small = size // (across * down)
        data = np.fromfile(path, np.uint8).astype(np.float64)
        if self.name == "RGB":
            return list(data.reshape(-1, self.height, self.width, 3).transpose(0, 3, 1, 2))
        out = []
        for frame in data.reshape(-1, size + 2 * small):
            luma = frame[:size].reshape(self.height, self.width)
            planes = frame[size:].reshape(2, self.height // down, self.width // across) - 128
            cb, cr = (
                _doubled(_doubled(p, 0) if down == 2 else p, 1) if across == 2 else p
                for p in planes
            )
            out.append(
                np.stack(
                    [
                        luma + 1.402 * cr,
                        luma - 0.344136286 * cb - 0.714136286 * cr,
                        luma + 1.772 * cb,
                    ]
                )
            )
        return out


def _doubled(plane: np.ndarray, axis: int) -> np.ndarray:
    """Twice as long: each new sample is three parts of the nearest and one of the next old one."""
    n = plane.shape[axis]
    before, after = (np.take(plane, np.clip(np.arange(n) + d, 0, n - 1), axis) for d in (-1, 1))
    pair = np.stack([0.75 * plane + 0.25 * before, 0.75 * plane + 0.25 * after], axis + 1)
    return pair.reshape([2 * s if i == axis else s for i, s in enumerate(plane.shape)])


def scores(found: list[np.ndarray], clean: list[np.ndarray]) -> tuple[float, float]:
    """Mean PSNR in dB of luma, and of R'G'B' cut to the codes."""
    psnr = lambda a, b: 10 * np.log10(255**2 / max(np.square(a - b).mean(), 1e-6))
    luma = lambda x: np.tensordot((0.299, 0.587, 0.114), x, 1)
    cut = lambda x: x.clip(0, 255)
    if len(found) != len(clean):
        raise SystemExit(
            f"{len(clean)} frames went in and {len(found)} came out: look at the pipeline's errors."
        )
    pairs = list(zip(found, clean))
    return float(np.mean([psnr(luma(a), luma(b)) for a, b in pairs])), float(
        np.mean([psnr(cut(a), cut(b)) for a, b in pairs])
    )


class Bench:
    """Runs pipelines in a folder of their own."""

    def __init__(self, options: argparse.Namespace, folder: Path):
        self.options, self.folder, self.log = options, folder, folder / "log"
        self.environment = os.environ | {
            "GST_DEBUG": "ud2mrestore:6",
            "GST_DEBUG_FILE": str(self.log),
            "GST_DEBUG_NO_COLOR": "1",
        }
        if options.plugin_path:
            self.environment["GST_PLUGIN_PATH"] = str(options.plugin_path.resolve())

    def run(self, pipeline: str, name: str) -> Path:
        """The file that the pipeline's frames were written to."""
        out = self.folder / name
        command = ["gst-launch-1.0", "-q", *pipeline.split(), "!", "filesink", f"location={out}"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr.strip()}")
        return out

    def clean(self, clip: Path, format: Format) -> Path:
        """The first frames of a clip at the size and in the format that are compressed."""
        caps = f"video/x-raw,format={format.name},width={format.width},height={format.height},colorimetry=1:4:0:0"
        decode = f"filesrc location={clip} ! decodebin ! videoconvert ! videoscale add-borders=false ! videoconvert ! {caps}"
        out = self.run(decode, "all.raw")
        (across, down), size = CHROMA[format.name], format.width * format.height
        frame = size + 2 * size // (across * down)
        kept = self.folder / "clean.raw"
        with out.open("rb") as f:
            f.seek(
                self.options.skip * frame
                if out.stat().st_size >= (self.options.skip + self.options.frames) * frame
                else 0
            )
            kept.write_bytes(f.read(self.options.frames * frame))
        out.unlink()
        return kept

    def row(self, clip: Path, format: Format, quality: int) -> dict[str, float]:
        """One line of the table."""
        raw = self.clean(clip, format)
        size = f"format={format.name.lower()} width={format.width} height={format.height} framerate=25/1"
        decoded = f"filesrc location={raw} ! rawvideoparse {size} ! jpegenc quality={quality} ! {DECODERS[format.name]}"
        restore = f"ud2mrestore task=jpeg model={self.options.model} {self.options.properties}"
        rgb = Format("RGB", format.width, format.height)
        clean, row = format.frames(raw), {}
        row["input"] = scores(format.frames(self.run(decoded, "in.raw")), clean)
        # RGB frames do not show how coarse the chroma was: it is told.
        told = f"jpeg-subsampling={NAMES[format.name].replace(':', '')}"
        for path, seen, between, more in (
            ("planes", format, "", ""),
            ("rgb", rgb, "videoconvert ! video/x-raw,format=RGB !", told),
        ):
            self.log.write_text("")
            row[path] = scores(
                seen.frames(self.run(f"{decoded} ! {between} {restore} {more}", "out.raw")), clean
            )
            estimates = [int(q) for q in re.findall(r"jpeg_quality: (\d+)", self.log.read_text())]
            row[f"{path}_quality"] = (min(estimates, default=0), max(estimates, default=0))
        return row


def means(rows: dict[tuple[str, str, int], dict]) -> dict[tuple[str, str, int], dict]:
    """One row for each chroma and quality: scores are means, estimates the extremes."""
    out = {}
    for format, quality in dict.fromkeys((f, q) for _, f, q in rows):
        alike = [r for (_, f, q), r in rows.items() if (f, q) == (format, quality)]
        row = {k: tuple(np.mean([r[k] for r in alike], 0)) for k in ("input", "planes", "rgb")}
        for k in ("planes_quality", "rgb_quality"):
            row[k] = (min(r[k][0] for r in alike), max(r[k][1] for r in alike))
        out[f"mean of {len(alike)}", format, quality] = row
    return out


def table(rows: dict[tuple[str, str, int], dict], about: str) -> str:
    """Markdown."""
    said = lambda q: str(q[0]) if q[0] == q[1] else f"{q[0]} to {q[1]}"
    both = lambda v: f"{v[0]:.2f} / {v[1]:.2f}"
    lines = [
        "| clip | chroma | quality | estimate, planes | estimate, RGB | input | planes | RGB | gain, planes | gain, RGB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    gains = {"planes": [], "rgb": []}
    for (clip, format, quality), r in rows.items():
        gain = {p: (r[p][0] - r["input"][0], r[p][1] - r["input"][1]) for p in gains}
        for p, g in gain.items():
            gains[p].append(g)
        cells = [clip, NAMES[format], quality, said(r["planes_quality"]), said(r["rgb_quality"])]
        cells += [both(r[k]) for k in ("input", "planes", "rgb")] + [both(gain[p]) for p in gains]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    mean = [both(np.mean(g, 0)) for g in gains.values()]
    lines.append(f"| mean | | | | | | | | {mean[0]} | {mean[1]} |")
    return "\n".join([*lines, "", about])


def report(path: Path, section: str, text: str) -> None:
    """Replaces what stands between the section's two markers, or adds the section."""
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    old = path.read_text() if path.exists() else ""
    if begin in old:
        before, rest = old.split(begin, 1)
        old, after = before, rest.split(end, 1)[1]
    else:
        old, after = old + "\n", "\n"
    path.write_text(f"{old}{begin}\n{text}\n{end}{after}")


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--clips", type=Path, required=True, help="a clip or picture, or a folder of them"
    )
    p.add_argument(
        "--formats",
        nargs="+",
        choices=list(CHROMA),
        default=["I420"],
        help="what is compressed: 4:2:0, 4:2:2, 4:4:4",
    )
    p.add_argument("--qualities", nargs="+", type=int, default=[10, 30])
    p.add_argument("--size", default="320x240", help="multiples of 8, to which frames are scaled")
    p.add_argument("--frames", type=int, default=12, help="of each clip")
    p.add_argument(
        "--skip", type=int, default=0, help="frames of a clip that are left out at its start"
    )
    p.add_argument("--limit", type=int, default=0, help="clips")
    p.add_argument("--means", action="store_true", help="tells no clip apart in the table")
    p.add_argument("--model", default="lite")
    p.add_argument("--properties", default="", help="of ud2mrestore, such as steps=1")
    p.add_argument("--plugin-path", type=Path)
    p.add_argument(
        "--report",
        nargs=2,
        metavar=("FILE", "SECTION"),
        help="replaces a section of a Markdown file",
    )
    a = p.parse_args()
    width, height = map(int, a.size.split("x"))
    if width % 8 or height % 8:
        p.error(f"--size {a.size} has a side that is no multiple of 8.")
    clips = [
        c
        for c in (sorted(a.clips.iterdir()) if a.clips.is_dir() else [a.clips])
        if c.suffix in CLIPS
    ]
    if not clips:
        p.error(f"{a.clips} holds no clip or picture ({', '.join(CLIPS)}).")
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(a, Path(folder))
        for clip in clips[: a.limit or None]:
            for format in a.formats:
                for quality in a.qualities:
                    rows[clip.stem, format, quality] = row = bench.row(
                        clip, Format(format, width, height), quality
                    )
                    print(clip.stem, format, quality, row, flush=True)
    words = [w if not w.startswith("/") else Path(w).name for w in sys.argv[1:]]
    about = f"PSNR in dB of luma / of RGB; {width}×{height}, up to {a.frames} frames of each. The estimate is the lowest and the highest of the frames.\n\n"
    text = table(
        means(rows) if a.means else rows, about + f"```\nscripts/mjpeg.py {' '.join(words)}\n```"
    )
    print(text)
    if a.report:
        report(Path(a.report[0]), a.report[1], text)


if __name__ == "__main__":
    main()
