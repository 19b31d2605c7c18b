"""Scores on images whose scores are known."""

import shlex

import numpy as np
import pytest
import torch
from PIL import Image

from ud2m.evaluation.cases import load_images
from ud2m.evaluation.metrics import inner, psnr, residual_rms, spread_against_error, ssim
from ud2m.evaluation.tables import command, comparison, replace_section
from ud2m.physics.observation import Observation
from ud2m.physics.operators import Blur, Downscale, Identity, Mask
from ud2m.physics.operators.downscale import bicubic, gram
from ud2m.physics.operators.fft import otf

H, W = 48, 64


def test_psnr_and_ssim_of_known_differences():
    a = torch.zeros(3, H, W)
    assert psnr(a, a + 0.2) == pytest.approx(20.0, abs=1e-4)  # a tenth of the width of [-1, 1]
    assert psnr(a, a) == 120 and ssim(a, a) == pytest.approx(1.0)
    edge = a.clone()
    edge[:, :4] = 1
    assert psnr(a, edge, border=4) == 120 and inner(a, 4).shape == (3, H - 8, W - 8)


@pytest.mark.parametrize(
    "operator", [Identity(), Mask(), Blur(), Downscale(2)], ids=lambda o: o.family
)
def test_the_residual_rms_of_the_truth_is_one(operator):
    physics = ()
    if isinstance(operator, Mask):
        physics = ((torch.rand(1, 1, H, W) < 0.3).float(),)
    if isinstance(operator, Blur):
        physics = otf(torch.full((3, 3), 1 / 9), H, W), torch.ones(1, 1, H, W)
    if isinstance(operator, Downscale):
        physics = bicubic(2), gram(bicubic(2), 2, H // 2, W // 2)
    x, sigma, s = torch.randn(1, 3, H, W), 0.05, operator.scale
    y = operator.A(x, *physics)
    y = y + sigma * torch.randn_like(y)
    y = y * physics[0] if isinstance(operator, Mask) else y
    y[..., : 8 // s, :] = 7.0  # outside the frame: it does not count
    c = Observation(y, x, physics, slice(8, H), slice(4, W - 4))
    assert residual_rms(operator, x, c, sigma) == pytest.approx(1.0, abs=0.06)
    assert residual_rms(operator, x + 0.1, c, sigma) > 1.5


def exact(samples: int = 8, count: int = 4000):
    """Samples and truth drawn from one posterior whose spread differs from pixel to pixel."""
    mean, std = torch.randn(count), torch.rand(count) * 0.4 + 0.01

    def draw():
        return mean + std * torch.randn(count)

    return torch.stack([draw() for _ in range(samples)]), draw()


@pytest.mark.parametrize("samples", [2, 8])
def test_exact_posterior_samples_are_calibrated(samples):
    s = spread_against_error(*exact(samples))
    assert s.ratio == pytest.approx(1.0, abs=0.06) and s.correlation > 0.2
    assert s.spread == pytest.approx(s.error, rel=0.06)


def test_many_exact_samples_are_calibrated_in_every_bin():
    s = spread_against_error(*exact(64))
    assert s.calibration_error < 0.15 and len(s.bins) == 10 and list(s.bins) == sorted(s.bins)


def test_a_collapsed_sampler_is_overconfident():
    samples, truth = exact()
    collapsed = samples.mean(0) + 0.1 * (samples - samples.mean(0))
    assert spread_against_error(collapsed, truth).ratio < 0.15
    still = spread_against_error(samples[:1].repeat(8, 1), truth)
    assert (
        still.ratio < 1e-3
        and still.calibration_error > 5
        and still.correlation == pytest.approx(0, abs=0.1)
    )


def test_a_scattered_sampler_is_underconfident():
    samples, truth = exact()
    assert spread_against_error(samples.mean(0) + 3 * (samples - samples.mean(0)), truth).ratio > 2


def test_one_sample_has_no_spread():
    with pytest.raises(ValueError, match="2 samples or more"):
        spread_against_error(torch.zeros(1, 4), torch.zeros(4))


def test_a_section_of_a_report_is_replaced_and_the_rest_stays(tmp_path):
    file = tmp_path / "results.md"
    replace_section(file, "samplers", "old\n")
    replace_section(file, "spread", "other\n")
    replace_section(file, "samplers", "new\n")
    text = file.read_text()
    assert (
        "old" not in text
        and text.index("new") < text.index("other")
        and text.count("<!-- begin samplers -->") == 1
    )
    file.write_text("<!-- begin samplers -->\n")
    with pytest.raises(SystemExit, match="does not end it"):
        replace_section(file, "samplers", "new\n")


def test_a_method_that_is_not_defined_is_reported_so():
    rows = {
        "jpeg-q10": {
            "ud2m-9": {
                "psnr": 30.0,
                "ssim": 0.9,
                "residual_rms": 1.0,
                "evaluations": 9,
                "seconds": 0.5,
            }
        }
    }
    text = comparison(rows, ["ud2m-9", "ddrm"])
    assert "| jpeg-q10 | 30.00 / 0.900 | not defined |" in text and "UD²M N·K=9" in text
    assert "| case | UD²M |" in comparison({}, ["ud2m"]).replace("PSNR in dB / SSIM", "case")


def test_the_command_names_no_place_outside_the_checkout(tmp_path):
    (tmp_path / "images").mkdir()
    assert (
        command(["--images", str(tmp_path / "images"), "--limit", "8"])
        == "python models/evaluate.py --images images --limit 8"
    )


def test_a_long_command_is_broken_before_options():
    words = [word for i in range(9) for word in (f"--option-{i}", "value", "another value")]
    lines = command(words).splitlines()
    assert len(lines) > 1 and all(len(line) <= 100 for line in lines)
    assert all(line.startswith("  --option-") for line in lines[1:])
    assert shlex.split(command(words).replace("\\\n", ""))[2:] == words


def test_a_comparison_of_five_methods_fits_into_a_document():
    found = dict(psnr=31.1, ssim=0.9, lpips=0.1, residual_rms=1.0, evaluations=1000, seconds=45)
    columns = ["ud2m-9", "diffpir", "ddrm", "dpir", "latino"]
    text = comparison({"super-resolve-x2": dict.fromkeys(columns, found)}, columns)
    assert max(map(len, text.splitlines())) <= 100 and text.count("31.10 / 0.900") == 5
    assert text.count("0.100 / 1.00") == 5 and text.count("1000 / 45.00") == 5


def test_a_crop_is_the_middle_and_a_whole_image_begins_at_its_corner(tmp_path):
    codes = np.arange(100 * 120, dtype=np.int64).reshape(100, 120) % 251
    Image.fromarray(np.repeat(codes[:, :, None], 3, 2).astype(np.uint8)).save(tmp_path / "a.png")

    def value(r, c):
        return pytest.approx(codes[r, c] / 127.5 - 1)

    (whole,), (crop,) = load_images(tmp_path, 0), load_images(tmp_path, 0, 70)
    assert whole.shape == (3, 96, 96) and float(whole[0, 0, 0]) == value(0, 0)
    assert crop.shape == (3, 64, 64) and float(crop[0, 0, 0]) == value(18, 28)
    with pytest.raises(SystemExit, match="smaller than 16"):
        load_images(tmp_path, 0, 10)
