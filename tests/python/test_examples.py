# SPDX-License-Identifier: MPL-2.0
"""The example in Python runs with the system's PyGObject."""

import re
import shutil
import subprocess

import pytest
from packed import ROOT, release, run

PYTHON = "/usr/bin/python3"  # for which distributions pack PyGObject
NEEDED = "import gi, numpy; gi.require_version('GstApp', '1.0'); from gi.repository import GstApp"
MISSING = (
    "PyGObject, NumPy or the description of GstApp is missing: apt install python3-gi "
    "python3-numpy gir1.2-gst-plugins-base-1.0"
)


def test_a_python_program_restores_frames_and_reads_their_meta(tmp_path):
    if not shutil.which(PYTHON) or subprocess.run([PYTHON, "-c", NEEDED]).returncode:
        pytest.skip(MISSING)
    data = ROOT / "examples/data"
    done = run(
        *(PYTHON, ROOT / "examples/restore_numpy.py", data / "noisy.png"),
        *("task=denoise", "noise-sigma=-1", "steps=1", "stats-interval=1000"),
        f"original={data}/scene.png",
        folder=tmp_path,
        GST_PLUGIN_PATH=str(release()),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"residual ([\d.]+), ([\d.]+) dB became ([\d.]+)", done.stdout)
    assert told and 0.5 < float(told[1]) < 1.5 and float(told[3]) > float(told[2]) + 5, done.stdout
    assert "1 frames" in done.stdout
