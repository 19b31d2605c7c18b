# SPDX-License-Identifier: MPL-2.0
"""What the tests of packages share: a shell that knows nothing of the checkout, and a picture."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300  # a limit for a program that hangs, not a measure of speed
NO_PLUGIN = "GST_PLUGIN_PATH is not set: run `make test`, which builds the plugin"
# Of the checkout and of the shell that runs the tests.
OURS = re.compile("GST_|ORT_|UD2M_|XDG_|MAKE|MFLAGS|PYTHONPATH")


def release() -> Path:
    """The folder of plugin, command and ONNX Runtime."""
    assert "GST_PLUGIN_PATH" in os.environ, NO_PLUGIN
    return Path(os.environ["GST_PLUGIN_PATH"])


def environment(home: Path, **more: str) -> dict[str, str]:
    """A shell that knows nothing of the checkout, and has a registry of plugins of its own."""
    kept = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    own = {"HOME": str(home), "XDG_DATA_DIRS": str(home), "GST_REGISTRY": str(home / "registry")}
    return kept | own | more


def run(*command: str | Path, folder: Path, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def make(target: str, folder: Path, *variables: str) -> str:
    """Runs a target of the Makefile on what is built, and gives what it prints."""
    done = run(
        *("make", "-s", "-C", ROOT, "-o", "build", target),
        *(f"STAGE={folder}/stage", f"OUT={folder}/dist", *variables),
        folder=folder,
        CARGO_TARGET_DIR=str(release().parent),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def noisy(folder: Path) -> Path:
    """A small picture of slopes, with noise of 0.1 of full scale."""
    slopes = np.add.outer(np.linspace(60, 120, 40), np.linspace(0, 80, 56))[..., None]
    noise = np.random.default_rng(0).normal(0, 25.5, (40, 56, 3))
    file = folder / "noisy.png"
    Image.fromarray((slopes + noise).clip(0, 255).astype(np.uint8)).save(file)
    return file


def roughness(file: Path) -> float:
    """How neighbours in a row differ, on average: what is left of the noise."""
    return float(np.abs(np.diff(np.asarray(Image.open(file).convert("RGB"), float), axis=1)).mean())


def assert_restores(command: Path, folder: Path, **more: str) -> None:
    picture, out = noisy(folder), folder / "restored.png"
    options = ("--task", "denoise", "--noise-sigma", "0.1", "--steps", "1", "--overwrite")
    done = run(command, "restore", picture, out, *options, folder=folder, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert roughness(out) < 0.3 * roughness(picture)
