# SPDX-License-Identifier: MPL-2.0
"""Runs each measurement in a process of its own, one after the other."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cells import TASKS, Cell

WARMING = 1  # frames that are left out of the figures
LEAST, MOST = 3, 60  # frames that are measured
STAGES = ("unpack", "model", "sampling", "pack")
TICK = os.sysconf("SC_CLK_TCK")
LIMIT = 1800  # s after which a measurement is given up


class Failed(RuntimeError):
    """A measurement that gave no figures; the text says why."""


@dataclass(frozen=True)
class Host:
    """How programs are started on this machine."""

    gst_launch: str  # the program
    network: str  # the program that network.rs becomes
    environment: dict[str, str]
    provider: str  # of the element
    seconds: float  # that a cell is measured, at least


def pipeline(host: Host, cell: Cell, mask: Path) -> dict:
    """What a frame takes in the element, by its own `stats`.

    frames: milliseconds of each frame after the first; its share where frames are restored side by
    side. Means of these frames: stages (ms by name, shares too) and cpu (s). peak: MiB of the
    process. tiles, tile: their number, their width and height.
    """
    width, height = cell.size_in
    properties = TASKS[cell.task].properties.format(mask=mask)
    command = [
        *(host.gst_launch, "-m", "videotestsrc", "!"),
        *(f"video/x-raw,format=RGB,width={width},height={height}", "!", "ud2mrestore"),
        *properties.split(),
        *(f"model={cell.graph.parent}", f"steps={cell.steps}"),
        *(f"execution-provider={host.provider}", "stats-interval=1", "!", "fakesink"),
    ]
    snapshots: list[dict] = []
    begun = None
    for line, process in _lines(command, host):
        found = re.search(r"ud2mrestore-stats, (.*);", line)
        if not found:
            if line.startswith("ERROR"):
                raise Failed(line.partition(": ")[2])
            continue
        stats = _structure(found[1])
        if snapshots and stats["frames"] == snapshots[-1]["frames"]:
            continue
        snapshots.append(stats | _usage(process.pid))
        if stats["frames"] <= WARMING:
            begun = time.monotonic()
        done = stats["frames"] - WARMING
        if done >= MOST or (done >= LEAST and time.monotonic() - begun >= host.seconds):
            break
    return _figures([s for s in snapshots if s["frames"] >= WARMING])


def _figures(snapshots: list[dict]) -> dict:
    if len(snapshots) < 2:
        raise Failed("the pipeline ended before its frames could be measured")
    first, last = snapshots[0], snapshots[-1]
    frames = last["frames"] - first["frames"]

    def spent(a: dict, b: dict, stage: str) -> float:
        """ms a frame from a to b, out of the means since the start."""
        sums = [s[f"{stage}-ms"] * s["frames"] for s in (a, b)]
        return (sums[1] - sums[0]) / (b["frames"] - a["frames"]) / last["in-flight"]

    pairs = zip(snapshots, snapshots[1:], strict=False)
    return {
        "frames": [spent(a, b, "frame") for a, b in pairs],
        "stages": {stage: spent(first, last, stage) for stage in STAGES},
        "cpu": (last["cpu"] - first["cpu"]) / frames,
        "peak": last["peak"],
        "tiles": last["tiles"],
        "tile": (last["tile-width"], last["tile-height"]),
        "provider": last["provider"],
    }


def network(host: Host, graph: Path, size: tuple[int, int], *options: str) -> dict:
    """Bare calls of a graph: ms of each, and the file of the profile where one was asked for."""
    width, height = size
    command = [host.network, str(graph), str(height), str(width), *options]
    return json_of([*command, "--seconds", str(host.seconds)], host)


def json_of(command: list[str], host: Host) -> dict:
    """What a program prints as its last line. Failed where it ends with an error."""
    done = subprocess.run(
        command, env=host.environment, capture_output=True, text=True, timeout=LIMIT
    )
    if done.returncode or not done.stdout.strip():
        said = (done.stderr.strip() or "no word").splitlines()[-1]
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return json.loads(done.stdout.splitlines()[-1])


def _lines(command: list[str], host: Host) -> Iterator[tuple[str, subprocess.Popen]]:
    """The lines that a program prints, while it runs; it is ended when nobody wants more."""
    process = subprocess.Popen(
        command,
        env=host.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        for line in process.stdout:
            yield line.strip(), process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _structure(text: str) -> dict:
    """Numbers and words of a GstStructure as it is printed."""
    found: dict = {}
    for name, kind, value in re.findall(r"([\w-]+)=\((\w+)\)([^,]*)", text):
        found[name] = value if kind == "string" else float(value)
        if kind in ("uint", "guint64"):
            found[name] = int(value)
    return found


def _usage(pid: int) -> dict:
    """CPU seconds of a process so far, and the most memory that it had, in MiB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = re.search(r"VmHWM:\s*(\d+)", status)
    return {
        "cpu": (int(fields[11]) + int(fields[12])) / TICK,
        "peak": int(peak[1]) / 1024 if peak else 0.0,
    }
