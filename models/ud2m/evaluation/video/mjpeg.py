"""Clips or images compressed as Motion JPEG and restored by task=jpeg: the estimate and the gain.

Each frame goes through jpegenc and a decoder, and from there to ud2mrestore once as it was decoded
and once as 8-bit RGB. The quality is not told. Scores are PSNR in dB of luma and of RGB against the
planes that were compressed, all as RGB that is not rounded.
"""

import re
from pathlib import Path

import numpy as np

from ud2m.evaluation import tables
from ud2m.evaluation.video.frames import NAMES, Format, scores
from ud2m.evaluation.video.pipelines import Pipelines

# jpegdec's usual transform is a faster, less exact one. Up to GStreamer 1.22 it hands out nothing
# finer than 4:2:0.
DECODERS = {
    "I420": "jpegdec idct-method=islow",
    "Y42B": "jpegparse ! avdec_mjpeg",
    "Y444": "jpegparse ! avdec_mjpeg",
}
CLIPS = (".mp4", ".avi", ".mkv", ".webm", ".png")
PATHS = ("planes", "rgb")  # how frames reach the element
ROW = ["clip", "chroma", "quality"]
Row = dict[str, tuple[float, float]]  # scores, and the least and the greatest estimate
Rows = dict[tuple[str, str, int], Row]  # by clip, format and quality


def row(pipelines: Pipelines, clip: Path, format: Format, quality: int, restore: str) -> Row:
    """One line of the table; restore: the element with its properties but for the chroma's."""
    raw = pipelines.clean(clip, format)
    size = f"width={format.width} height={format.height} framerate=25/1"
    decoded = (
        f"filesrc location={raw} ! rawvideoparse format={format.name.lower()} {size}"
        f" ! jpegenc quality={quality} ! {DECODERS[format.name]}"
    )
    rgb = Format("RGB", format.width, format.height)
    # RGB frames do not show how coarse the chroma was: it is told.
    told = f"jpeg-subsampling={NAMES[format.name].replace(':', '')}"
    clean = format.frames(raw)
    found: Row = {"input": scores(format.frames(pipelines.run(decoded, "in.raw")), clean)}
    for path, seen, between, more in (
        ("planes", format, "", ""),
        ("rgb", rgb, "videoconvert ! video/x-raw,format=RGB !", told),
    ):
        out = pipelines.run(f"{decoded} ! {between} {restore} {more}", "out.raw")
        found[path] = scores(seen.frames(out), clean)
        estimates = re.findall(r"jpeg_quality: (\d+)", pipelines.log.read_text())
        qualities = [int(q) for q in estimates] or [0]
        found[f"{path}_quality"] = (min(qualities), max(qualities))
    return found


def means(rows: Rows) -> Rows:
    """One row for each chroma and quality: scores are means, estimates the extremes."""
    out: Rows = {}
    for format, quality in dict.fromkeys((f, q) for _, f, q in rows):
        alike = [r for (_, f, q), r in rows.items() if (f, q) == (format, quality)]
        found: Row = {}
        for key in ("input", *PATHS):
            of_luma, of_rgb = np.mean([r[key] for r in alike], 0)
            found[key] = (float(of_luma), float(of_rgb))
        for key in (f"{p}_quality" for p in PATHS):
            found[key] = (min(r[key][0] for r in alike), max(r[key][1] for r in alike))
        out[f"mean of {len(alike)}", format, quality] = found
    return out


def table(rows: Rows) -> str:
    """Two tables: estimates and scores; gains, and their mean."""
    found, gained = [], []
    gains: dict[str, list[np.ndarray]] = {p: [] for p in PATHS}
    for (clip, format, quality), r in rows.items():
        for p in PATHS:
            gains[p].append(np.subtract(r[p], r["input"]))
        name = [clip, NAMES[format], str(quality)]
        estimates = [_range(r[f"{p}_quality"]) for p in PATHS]
        found.append([*name, *estimates, *(_both(r[k]) for k in ("input", *PATHS))])
        gained.append([*name, *(_both(gains[p][-1]) for p in PATHS)])
    gained.append(["mean", "", "", *(_both(np.mean(gains[p], 0)) for p in PATHS)])
    head = [*ROW, "est. planes", "est. RGB", "input", "planes", "RGB"]
    of_gains = tables.markdown([*ROW, "gain, planes", "gain, RGB"], gained)
    return tables.markdown(head, found) + "\n" + of_gains


def _range(quality: tuple[float, float]) -> str:
    low, high = quality
    return str(low) if low == high else f"{low} to {high}"


def _both(scores: tuple[float, float] | np.ndarray) -> str:
    return f"{scores[0]:.2f} / {scores[1]:.2f}"
