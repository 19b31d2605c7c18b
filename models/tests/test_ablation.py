"""What parts are worth: departures of the step are measured, variants of a training tabulated."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ud2m.evaluation.ablation import distillation
from ud2m.evaluation.ablation.distillation import BASE, VARIANTS
from ud2m.evaluation.ablation.step import COLUMNS, departures
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.nn.weights import save_denoiser
from ud2m.physics.operators import blur
from ud2m.step.scalars import ScalarValues
from ud2m.training.problems import WEIGHTS

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)
VERB = Path(__file__).parents[1] / "ablate.py"


@pytest.fixture
def undistilled(tmp_path):
    """Options that name a denoiser, its scalars and a cache of images."""
    torch.manual_seed(0)
    save_denoiser(Denoiser(TOY), tmp_path / "d.safetensors", {})
    scalars = {"denoise": {"values": ScalarValues().to_dict()}}
    (tmp_path / "scalars.json").write_text(json.dumps(scalars))
    pixels = np.random.default_rng(0).integers(0, 256, (98, 256, 256, 3), np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    np.save(tmp_path / "sizes.npy", np.full(98, 128, np.int32))
    options = {"denoiser": "d.safetensors", "scalars": "scalars.json", "cache": ""}
    return [f"--{name}={tmp_path / file}" for name, file in options.items()]


def test_departures_of_the_step_are_told_by_family(undistilled):
    command = [sys.executable, VERB, "step", *undistilled, "--families", "denoise"]
    done = subprocess.run([*command, "--images", "1"], check=True, capture_output=True, text=True)
    head, row = done.stdout.splitlines()
    assert head.split() == ["family", *COLUMNS, "dB"]
    name, *values = row.split()
    assert name == "denoise" and len([float(v) for v in values]) == 5


@pytest.mark.parametrize(("family", "has_border"), [("blur", True), ("denoise", False)])
def test_only_what_a_border_reaches_changes_where_the_frame_wraps(family, has_border):
    net, clean = Denoiser(TOY).eval(), 2 * torch.rand(1, 3, 64, 64) - 1
    crossfade = blur.crossfade
    found = departures(family, clean, net, ScalarValues(), 0)
    assert blur.crossfade is crossfade
    assert (found["wrapped"] != found["shipped"]) == has_border
    assert found["paper"] != found["shipped"] != found["restart"]


def row(**changes):
    scores = {f: 30.0 for f in WEIGHTS} | {f"one_{f}": 29.5 for f in WEIGHTS}
    return scores | {"distance": 0.25, "images": 2400} | changes


def test_variants_are_told_against_the_first(tmp_path):
    other, special = "LoRA rank 4", "for masks alone"
    assert {other, special} < set(VARIANTS)
    rows = {BASE: row(), other: row(blur=31.0, distance=0.2)}
    rows[special] = {"mask": 30.5, "one_mask": 30.5, "distance": 0.1, "images": 2400}
    for name, scores in rows.items():
        folder = tmp_path / distillation.folder(name)
        folder.mkdir()
        (folder / "step.safetensors").touch()
        (folder / "stats.jsonl").write_text("{}\n" + json.dumps(scores) + "\n")
    report, plot = tmp_path / "report.md", tmp_path / "plot.png"
    command = [sys.executable, VERB, "distillation", "--shards", "a.tar", "--denoiser", "d"]
    command += ["--scalars", "s", "--out", tmp_path, "--variants", other, special]
    subprocess.run([*command, "--report", report, "ablation", "--plot", plot], check=True)
    text = report.read_text()
    assert f"| {BASE} | 30.00 |" in text and f"| {other} | +1.00 | +0.00 |" in text
    assert f"| {special} | – | +0.50 | – |" in text
    assert f"| {other} | -0.050 | -0.64 | 2,400 |" in text
    assert f"| {special} | – | +0.00 | 2,400 |" in text
    assert "python models/ablate.py distillation" in text and plot.stat().st_size > 0


def test_folders_of_variants_are_plain_and_differ():
    names = [distillation.folder(name) for name in VARIANTS]
    assert len(set(names)) == len(names) and not any(c in n for n in names for c in " ,:†")
