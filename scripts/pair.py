#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Restores a clip that another codec distorted, in several ways, and scores each against the clip before it.

    scripts/pair.py --distorted low.mp4 --pristine clean.mp4 --plugin-path target/release \\
        --ways "task=denoise noise-sigma=0.02" "task=denoise noise-sigma=-1" "task=jpeg"
"""

import argparse
import tempfile
from pathlib import Path

from mjpeg import Bench, Format, scores


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--distorted", type=Path, required=True)
    p.add_argument("--pristine", type=Path, required=True, help="of the same size, frame for frame")
    p.add_argument("--ways", nargs="+", required=True, help="properties of ud2mrestore")
    p.add_argument("--size", default="352x288", help="of the clips; sides are multiples of 8")
    p.add_argument("--frames", type=int, default=12)
    p.add_argument("--skip", type=int, default=0, help="frames that are left out at the start")
    p.add_argument("--model", default="lite")
    p.add_argument("--plugin-path", type=Path)
    a = p.parse_args()
    width, height = map(int, a.size.split("x"))
    if width % 8 or height % 8:
        p.error(f"--size {a.size} has a side that is no multiple of 8.")
    format = Format("I420", width, height)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(a, Path(folder))
        clean = format.frames(bench.clean(a.pristine, format))
        raw = bench.clean(a.distorted, format)
        print("| | luma, dB | RGB, dB |\n| --- | --- | --- |")
        row = lambda name, found: print(
            f"| {name} | " + " | ".join(f"{v:.2f}" for v in scores(found, clean)) + " |", flush=True
        )
        row("as it came", format.frames(raw))
        source = f"filesrc location={raw} ! rawvideoparse format=i420 width={width} height={height} framerate=25/1 colorimetry=1:4:0:0"
        for way in a.ways:
            row(
                f"`{way}`",
                format.frames(
                    bench.run(f"{source} ! ud2mrestore model={a.model} {way}", "out.raw")
                ),
            )


if __name__ == "__main__":
    main()
