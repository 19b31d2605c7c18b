#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What else denoises video, timed on frames of noise: prints one line of JSON.

    scripts/bench/peers.py opencv WIDTH HEIGHT SECONDS
    scripts/bench/peers.py nlmeans|bm3d|hqdn3d WIDTH HEIGHT SECONDS

OpenCV's is `fastNlMeansDenoisingColored` with its own windows and a strength of 10; the others are
filters of the program ffmpeg with their own settings, and the time of ffmpeg without a filter is
taken off.
"""

import json
import re
import shutil
import subprocess
import sys
import time

LEAST = 3  # frames, after one that is left out
PEERS = ("opencv", "nlmeans", "bm3d", "hqdn3d")


def opencv(width: int, height: int, seconds: float) -> list[float]:
    """Milliseconds of each frame."""
    try:
        import cv2
        import numpy as np
    except ImportError:
        raise SystemExit("OpenCV is not here") from None
    noise = np.random.default_rng(1).normal(0, 13, (height, width, 3))
    frame = np.clip(128 + noise, 0, 255).astype(np.uint8)
    cv2.fastNlMeansDenoisingColored(frame, None, 10, 10)
    found: list[float] = []
    while len(found) < LEAST or sum(found) < 1e3 * seconds:
        begun = time.perf_counter()
        cv2.fastNlMeansDenoisingColored(frame, None, 10, 10)
        found.append(1e3 * (time.perf_counter() - begun))
    return found


def ffmpeg(chain: str, width: int, height: int, frames: int) -> float:
    """Seconds that ffmpeg says it took."""
    source = f"testsrc2=size={width}x{height}:rate=25,noise=alls=13:allf=t,format=yuv420p"
    command = ["ffmpeg", "-hide_banner", "-benchmark", "-f", "lavfi", "-i", source, "-vf", chain]
    done = subprocess.run(
        [*command, "-frames:v", str(frames), "-f", "null", "-"], capture_output=True, text=True
    )
    found = re.search(r"rtime=([\d.]+)", done.stderr)
    if done.returncode or not found:
        raise SystemExit(f"ffmpeg has no filter {chain}")
    return float(found[1])


def filtered(name: str, width: int, height: int, seconds: float) -> list[float]:
    """Milliseconds of a frame, from three runs."""
    if shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is not here")
    once = max(ffmpeg(name, width, height, 2) / 2, 1e-3)
    frames = min(200, max(LEAST, round(seconds / once / 3)))
    plain = ffmpeg("null", width, height, frames)
    return [
        1e3 * max(0.0, ffmpeg(name, width, height, frames) - plain) / frames for _ in range(LEAST)
    ]


def main() -> None:
    name, width, height, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if name == "opencv":
        found = opencv(width, height, float(seconds))
    else:
        found = filtered(name, width, height, float(seconds))
    print(json.dumps({"ms": found}))


if __name__ == "__main__":
    main()
