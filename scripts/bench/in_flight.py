#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Holds three ways of using the CPU's cores against each other: wall and CPU milliseconds a frame.

    scripts/bench/in_flight.py --sizes 320x240 640x360 --rounds 5

In each round every way runs once, so that what else the machine does falls on all of them; the
table has the medians over the rounds. The ways: one call of ONNX Runtime on all threads, tiles side
by side, frames side by side. GST_PLUGIN_PATH and ORT_DYLIB_PATH name what is measured.
"""

import argparse
import os
import re
import time
from statistics import median

from cells import TASKS
from children import Failed, Host, _lines, _structure, _usage
from machine import cores, load

WARMING = 3  # frames that are left out


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--sizes", nargs="+", default=["320x240", "640x360"])
    p.add_argument("--task", default="denoise", choices=sorted(set(TASKS) - {"inpaint"}))
    p.add_argument("--format", default="RGB", help="of the frames")
    p.add_argument("--properties", default="", help="further ones of the element")
    p.add_argument("--model", default="lite")
    p.add_argument("--steps", type=int, default=1)
    p.add_argument("--frames", type=int, default=16, help="that are measured in a run")
    p.add_argument("--rounds", type=int, default=5)
    return p.parse_args()


def ways(width: int, height: int, scale: int) -> dict[str, str]:
    """Properties by the name of a way."""
    # A tile beyond every canvas is the whole frame.
    whole = f"tile-width={2 * scale * width} tile-height={2 * scale * height}"
    return {
        "one call on all threads": f"frames-in-flight=1 {whole}",
        "tiles side by side": "frames-in-flight=1",
        "frames side by side": f"frames-in-flight={cores()}",
    }


def run(a: argparse.Namespace, width: int, height: int, more: str) -> tuple[float, float]:
    """Wall and CPU milliseconds a frame of one run."""
    host = Host("gst-launch-1.0", "", dict(os.environ), "cpu", 0)
    command = [
        *("gst-launch-1.0", "-m", "videotestsrc", "pattern=snow", "!"),
        *(f"video/x-raw,format={a.format},width={width},height={height},framerate=25/1", "!"),
        *("ud2mrestore", *TASKS[a.task].properties.split(), f"model={a.model}"),
        *(f"steps={a.steps}", "execution-provider=cpu", "stats-interval=1"),
        *(*more.split(), *a.properties.split(), "!", "fakesink"),
    ]
    begun: tuple[int, float, float] | None = None
    for line, process in _lines(command, host):
        if line.startswith("ERROR"):
            raise Failed(line.partition(": ")[2])
        found = re.search(r"ud2mrestore-stats, (.*);", line)
        if not found:
            continue
        frames = _structure(found[1])["frames"]
        now, cpu = time.monotonic(), _usage(process.pid)["cpu"]
        if begun is None and frames >= WARMING:
            begun = frames, now, cpu
        if begun and frames - begun[0] >= a.frames:
            count = frames - begun[0]
            return 1e3 * (now - begun[1]) / count, 1e3 * (cpu - begun[2]) / count
    raise Failed("the pipeline ended before its frames could be measured")


def main() -> None:
    a = arguments()
    what = f"{cores()} cores, {a.rounds} rounds of {a.frames} frames"
    print(f"load at the start {load():.1f}, {what}")
    print("| frame | way | wall ms | CPU ms | wall ratio | CPU ratio |\n" + "| --- " * 6 + "|")
    for size in a.sizes:
        width, height = map(int, size.split("x"))
        each = ways(width, height, TASKS[a.task].scale)
        seen: dict[str, list[tuple[float, float]]] = {way: [] for way in each}
        for _ in range(a.rounds):
            for way, more in each.items():
                seen[way].append(run(a, width, height, more))
        first = next(iter(seen.values()))
        for way, runs in seen.items():
            wall, cpu = (median(part) for part in zip(*runs, strict=True))
            # Within a round the machine was the same.
            pairs = [zip(f, r, strict=True) for f, r in zip(first, runs, strict=True)]
            ratios = [[before / now for before, now in pair] for pair in pairs]
            walls, cpus = (median(part) for part in zip(*ratios, strict=True))
            row = f"{wall:.0f} | {cpu:.0f} | {walls:.2f} | {cpus:.2f}"
            print(f"| {width}×{height} | {way} | {row} |", flush=True)


if __name__ == "__main__":
    main()
