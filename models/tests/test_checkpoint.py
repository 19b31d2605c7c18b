"""The verb on step files: means of two, larger ones, and what they draw."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from toys import network

from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.nn.weights import provenance
from ud2m.step.model import UnfoldedModel, add_realism, average, load_model, save_model
from ud2m.step.scalars import ScalarValues

VERB = Path(__file__).parents[1] / "checkpoint.py"


def step(seed, channels=(8, 16)):
    torch.manual_seed(seed)
    denoiser = Denoiser(DenoiserConfig(2, channels, (1, 1), 16))
    torch.nn.init.normal_(denoiser.tail.weight, std=0.1)
    return UnfoldedModel(denoiser, None, {"denoise": ScalarValues(min_sigma=0.01 * (seed + 1))}, 2)


def test_the_verb_moves_every_weight_by_the_share_and_tells_of_both(tmp_path):
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
    for seed, path in enumerate(paths[:2]):
        save_model(step(seed), path, {"seed": seed})
    command = [
        sys.executable,
        VERB,
        "average",
        "--first",
        paths[0],
        "--second",
        paths[1],
        "--share",
        "0.25",
        "--out",
        paths[2],
    ]
    subprocess.run(command, check=True)
    a, b, c = (dict(load_model(p).named_parameters()) for p in paths)
    for name, mean in c.items():
        assert torch.allclose(mean, 0.75 * a[name] + 0.25 * b[name], atol=2e-3), name
    assert any(not torch.equal(a[n], b[n]) for n in a)
    about = provenance(paths[2])["average"]
    assert about == {"share": 0.25, "ensemble": False, "first": {"seed": 0}, "second": {"seed": 1}}


@pytest.mark.parametrize(
    "before,asked,after", [(False, [], False), (False, ["--ensemble"], True), (True, [], True)]
)
def test_the_mean_of_ensembles_is_one_and_others_become_one_when_asked(
    tmp_path, before, asked, after
):
    net, path, out = step(0), tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    net.ensemble = before
    save_model(net, path, {})
    command = [sys.executable, VERB, "average", "--first", path, "--second", path, "--out", out]
    subprocess.run([*command, *asked], check=True)
    mean = load_model(out)
    assert mean.ensemble is after and all(s.ensemble is after for s in mean.steps().values())


def test_steps_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        average(step(0), step(1, (8, 24)), 0.5)


def test_a_share_beyond_the_second_is_refused(tmp_path):
    command = [sys.executable, VERB, "average", "--share", "1.5"]
    command += [f"--{name}={tmp_path / name}" for name in ("first", "second", "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "--share 1.5 must be between 0 and 1" in done.stderr


def test_the_sheet_has_a_row_for_each_image_and_a_column_for_each_step(tmp_path):
    for i in range(2):
        codes = np.full((48, 64, 3), 100 + 50 * i, np.uint8)
        Image.fromarray(codes).save(tmp_path / f"{i}.png")
    models = [tmp_path / f"{name}.safetensors" for name in "ab"]
    for seed, path in enumerate(models):
        save_model(step(seed), path, {})
    command = [sys.executable, VERB, "show", "--model", *models, "--images", tmp_path]
    command += ["--cases", "denoise-15", "--crop", "32", "--out", tmp_path / "sheet.png"]
    subprocess.run(command, check=True)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 32, 4 * 32, 3)
    assert (sheet[:32, -32:] == 100).all() and (sheet[32:, -32:] == 150).all(), "the truth is last"
    assert not np.array_equal(sheet[:, 32:64], sheet[:, 64:96]), "the steps differ"


def test_samples_and_their_spread_follow_the_mean_of_a_model_that_has_them(tmp_path):
    Image.fromarray(np.full((48, 64, 3), 100, np.uint8)).save(tmp_path / "0.png")
    models = [tmp_path / f"{name}.safetensors" for name in "ab"]
    save_model(step(0), models[0], {})
    save_model(add_realism(network(["denoise"])), models[1], {})
    command = [sys.executable, VERB, "show", "--model", *models, "--images", tmp_path]
    command += ["--cases", "denoise-15", "--crop", "32", "--places", "0", "--steps", "1"]
    command += ["--samples", "2", "--out", tmp_path / "sheet.png"]
    subprocess.run(command, check=True)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    # Input, a, b, two samples of b, their spread, truth.
    assert sheet.shape == (32, 7 * 32, 3)
    columns = np.split(sheet, 7, 1)
    assert not np.array_equal(columns[3], columns[4])
    assert (columns[5] == columns[5][..., :1]).all(), "the spread is gray"
