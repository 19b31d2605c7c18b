# SPDX-License-Identifier: MPL-2.0
"""Every pipeline that README.md shows runs as it stands, and what it restores comes nearer to the original.

Where there is neither camera nor screen, a live test source and a sink that keeps the clock's time stand in for them.

Those of the element's own documentation are run by tests/inspect.rs.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300  # a limit for a pipeline that hangs, not a measure of speed
STAND_INS = {
    "v4l2src": "videotestsrc is-live=true num-buffers=20",
    "autovideosink": "fakesink sync=true qos=true",
}
TASKS = ("deblur", "inpaint", "super-resolve", "jpeg", "denoise")


def pipelines() -> list[str]:
    """The shell blocks of README.md that begin with gst-launch-1.0."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    return [b for b in blocks if b.startswith("gst-launch-1.0")]


def name(pipeline: str) -> str:
    """What tells a pipeline from the others: what it reads, and what it writes."""
    ends = re.findall(r"\b(v4l2src|autovideosink)|location=(?:\S*/)?(\S+)", pipeline)
    return "-".join(element or file for element, file in ends)


def runnable(pipeline: str) -> str:
    for element, other in STAND_INS.items():
        pipeline = re.sub(rf"\b{element}\b", other, pipeline)
    return pipeline


def psnr(a: Path, b: Path) -> float:
    wanted = Image.open(b).convert("RGB")
    have = Image.open(a).convert("RGB").resize(wanted.size, Image.Resampling.BICUBIC)
    return -10 * np.log10(np.square((np.asarray(have, float) - np.asarray(wanted, float)) / 255).mean())


def test_every_task_is_shown():
    missing = [task for task in TASKS if not any(f"task={task}" in p for p in pipelines())]
    assert not missing, f"README.md shows no pipeline for {missing}"


def test_every_use_is_shown():
    for use in ("decodebin", "v4l2src", "jpegdec", "format=RGBA", "format=P010_10LE"):
        assert any(use in p for p in pipelines()), f"README.md shows no pipeline with {use}"


@pytest.mark.parametrize("pipeline", [pytest.param(p, id=name(p)) for p in pipelines()])
def test_pipeline_runs_and_restores(pipeline, tmp_path):
    for folder in ("examples", "tests", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    assert "GST_PLUGIN_PATH" in os.environ, "GST_PLUGIN_PATH is not set: run `make test`, which builds the plugin"
    done = subprocess.run(["bash", "-euc", runnable(pipeline)], cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
    log = done.stdout + done.stderr
    assert done.returncode == 0 and "erroneous pipeline" not in log, f"{pipeline}\n{log}"
    inputs = re.findall(r"filesrc location=(\S+)", pipeline)
    outputs = re.findall(r"filesink location=(\S+)", pipeline)
    for out in outputs:
        assert (tmp_path / out).stat().st_size > 0, f"{out} is empty\n{pipeline}\n{log}"
    if inputs and outputs and inputs[0].endswith(".png") and outputs[0].endswith(".png"):
        scene = ROOT / "examples/data/scene.png"
        before, after = psnr(tmp_path / inputs[0], scene), psnr(tmp_path / outputs[0], scene)
        assert after > before + 0.5, f"{before:.2f} dB became {after:.2f} dB\n{pipeline}"
