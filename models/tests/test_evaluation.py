"""The verbs that score: on images, and through the element on clips."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ud2m.evaluation.bench import columns_of
from ud2m.evaluation.video import mjpeg
from ud2m.evaluation.video.frames import Format, luma, psnr, scores
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.nn.weights import save_denoiser
from ud2m.step.model import UnfoldedModel, load_model, save_model
from ud2m.step.scalars import ScalarValues

VERBS = Path(__file__).parents[1]
ECHO = VERBS.parent / "tests/data/echo"  # a package whose network does nothing


def smooth(height, width, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def toy(tmp_path):
    """A folder with an image, a denoiser, its scalars and a step."""
    torch.manual_seed(0)
    smooth(48, 48).save(tmp_path / "0.png")
    net = Denoiser(DenoiserConfig(2, (8, 16), (1, 1), 16))
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    save_denoiser(net, tmp_path / "denoiser.safetensors", {})
    values = {f: ScalarValues() for f in ("denoise", "mask")}
    save_model(UnfoldedModel(net, None, values, 3), tmp_path / "step.safetensors", {})
    scalars = {f: {"values": v.to_dict()} for f, v in values.items()}
    (tmp_path / "scalars.json").write_text(json.dumps(scalars))
    return tmp_path


def evaluate(toy, *words, verb="cases"):
    command = [sys.executable, VERBS / "evaluate.py", verb]
    command += ["--denoiser", toy / "denoiser.safetensors"]
    command += ["--images", toy, "--cases", "denoise-15", *words]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "model", ["--model=step.safetensors", "--model=", "--scalars=scalars.json"]
)
def test_a_step_a_folder_and_an_undistilled_step_are_scored_alike(toy, model):
    option, file = model.split("=")
    out = toy / "scores.json"
    done = evaluate(toy, option, toy / file, "--json", out, "--report", toy / "r.md", "cases")
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())["denoise-15"]
    assert found.keys() == {"input", "classical", "ud2m"}
    assert 20 < found["input"]["psnr"] < 30 and found["ud2m"]["evaluations"] == 9
    assert "| denoise-15 |" in (toy / "r.md").read_text()


def test_a_step_is_scored_with_the_iterations_it_was_trained_for(toy):
    net = load_model(toy / "step.safetensors")
    net.iterations = 2
    save_model(net, toy / "step.safetensors", {})
    out = toy / "scores.json"
    for words, evaluations in (([], 6), (["--counts", "4"], 4), (["--counts", "1"], 1)):
        done = evaluate(toy, "--model", toy, "--json", out, *words)
        assert done.returncode == 0, done.stderr
        (found,) = (v for k, v in json.loads(out.read_text())["denoise-15"].items() if "ud2m" in k)
        assert found["evaluations"] == evaluations
    done = evaluate(toy, "--model", toy, "--counts", "3")
    assert done.returncode != 0 and "--counts 3 is no N·K of denoise" in done.stderr


def test_samples_have_a_spread(toy):
    done = evaluate(toy, "--model", toy, "--samples", "2", verb="sampling")
    assert done.returncode == 0 and "calibration error" in done.stdout, done.stderr
    assert "| denoise-15 | " in done.stdout and "2 samples of each, N = 3" in done.stdout
    done = evaluate(toy, "--model", toy, "--samples", "1", verb="sampling")
    assert done.returncode == 2 and "--samples 1 has no spread" in done.stderr


def test_a_model_or_scalars_are_needed(toy):
    done = evaluate(toy)
    assert done.returncode == 2 and "either --scalars or --model" in done.stderr


def test_a_column_for_each_count():
    assert columns_of(["input", "ud2m"], [3, 9]) == ["input", "ud2m-3", "ud2m-9"]
    assert columns_of(["input", "ud2m"], []) == ["input", "ud2m"]


@pytest.mark.parametrize("name", ["I420", "Y42B", "Y444"])
def test_planes_become_rgb(tmp_path, name):
    format = Format(name, 16, 8)
    width, height = format.chroma
    planes = [np.full(16 * 8, 100), np.full(width * height, 128), np.full(width * height, 178)]
    frame = np.concatenate(planes).astype(np.uint8)
    (tmp_path / "raw").write_bytes(np.tile(frame, 2).tobytes())
    first, second = format.frames(tmp_path / "raw")
    red, green, blue = 100 + 1.402 * 50, 100 - 0.714136286 * 50, 100.0
    assert np.allclose(first, np.array([red, green, blue])[:, None, None])
    assert np.array_equal(first, second) and np.allclose(luma(first), 100, atol=1e-3)


def test_psnr_of_codes():
    a = np.zeros((3, 4, 4))
    assert psnr(a, a + 1) == pytest.approx(48.13, abs=0.01)
    assert scores([a, a], [a + 1, a + 1])[1] == pytest.approx(48.13, abs=0.01)
    with pytest.raises(SystemExit, match="2 frames went in and 1 came out"):
        scores([a], [a, a])


def test_means_over_clips_keep_the_extremes_of_the_estimate():
    row = {"input": (20.0, 19.0), "planes": (22.0, 20.0), "rgb": (21.0, 20.0)}
    rows = {
        ("a", "I420", 10): row | {"planes_quality": (10, 10), "rgb_quality": (9, 10)},
        ("b", "I420", 10): row | {"planes_quality": (10, 12), "rgb_quality": (10, 10)},
    }
    mean = mjpeg.means(rows)["mean of 2", "I420", 10]
    assert mean["planes"] == (22, 20) and mean["planes_quality"] == (10, 12)
    text = mjpeg.table(rows)
    assert "| b | 4:2:0 | 10 | 10 to 12 | 10 | 20.00 / 19.00 | 22.00 / 20.00 | 21.00" in text
    assert "| mean |  |  | 2.00 / 1.00 | 1.00 / 1.00 |" in text


def plugin():
    path = os.environ.get("GST_PLUGIN_PATH")
    if not path:
        pytest.skip("GST_PLUGIN_PATH does not say where the plugin is: run make test-models")
    return path


def evaluate_video(*words):
    command = [sys.executable, VERBS / "evaluate_video.py", *words, "--plugin-path", plugin()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_motion_jpeg_is_compressed_and_its_quality_estimated(tmp_path):
    smooth(64, 64).save(tmp_path / "a.png")
    words = ["--clips", tmp_path, "--size", "64x64", "--qualities", "30", "--model", ECHO]
    report = tmp_path / "report.md"
    evaluate_video("mjpeg", *words, "--report", report, "mjpeg")
    text = report.read_text()
    assert "| a | 4:2:0 | 30 | 30 | 30 |" in text and "models/evaluate_video.py mjpeg" in text


def test_a_pair_is_scored_as_it_came_and_in_each_way(tmp_path):
    for i, name in enumerate(("distorted", "pristine")):
        smooth(64, 64, i).save(tmp_path / f"{name}.png")
    words = [f"--{name}={tmp_path / name}.png" for name in ("distorted", "pristine")]
    words += ["--size", "64x64", "--model", str(ECHO), "--ways", "task=denoise noise-sigma=0.02"]
    out = evaluate_video("pair", *words)
    assert "| as it came |" in out and "| `task=denoise noise-sigma=0.02` |" in out


def test_a_clip_is_degraded_and_restored_alone_and_from_a_warm_start(tmp_path):
    cv2 = pytest.importorskip("cv2")
    path, code = tmp_path / "a.avi", cv2.VideoWriter.fourcc(*"MJPG")
    video = cv2.VideoWriter(str(path), code, 25, (176, 144))
    for seed in (0, 0, 1):
        video.write(np.asarray(smooth(144, 176, seed)))
    video.release()
    words = ["--clips", tmp_path, "--pattern", "*.avi", "--frames", "2", "--first", "1", "--cut"]
    out = evaluate_video("clips", *words, "--cases", "denoise-15")
    assert "| denoise-15 | a |" in out and "| denoise-15 | a cut |" in out
