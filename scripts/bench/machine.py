# SPDX-License-Identifier: MPL-2.0
"""What the figures were measured on."""

import os
import platform
import re
import subprocess
from pathlib import Path

from cells import ROOT


def cores() -> int:
    """Cores that this process may use: those of its affinity, or fewer by its control group."""
    count = len(os.sched_getaffinity(0))
    for file in ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"):
        try:
            words = Path(file).read_text().split()
            period = words[1:] or [Path(file).with_name("cpu.cfs_period_us").read_text()]
            if words[0] not in ("max", "-1"):
                count = min(count, max(1, int(words[0]) // int(period[0])))
        except (OSError, ValueError):
            continue
    return count


def machine(gst_launch: str, environment: dict[str, str], runtime: str) -> list[tuple[str, str]]:
    """Rows of the table of the machine: what, and its name."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    gstreamer = _first_line([gst_launch, "--version"], environment)
    rows = [
        ("CPU", f"{cpu[1] if cpu else platform.machine()}, {cores()} cores in use"),
        ("memory", f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "unknown"),
        ("GPU", _first_line(["nvidia-smi", "-L"], environment).partition(" (UUID")[0]),
        (
            "driver",
            _first_line(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]),
        ),
        ("system", f"{platform.system()} {platform.release()}"),
        ("GStreamer", gstreamer.removeprefix("gst-launch-1.0 version ")),
        ("ONNX Runtime", runtime),
        ("this plugin", _first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])),
    ]
    return [(what, name) for what, name in rows if name]


def load() -> float:
    """Processes that wanted to run in the last minute, on average."""
    return os.getloadavg()[0]


def _first_line(command: list[str], environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""
