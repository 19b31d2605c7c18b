"""What says whether samples are samples, on posteriors whose figures are known."""

import math

import pytest
import torch

from ud2m.evaluation.metrics.bands import grid, haar, laplacian, luma_chroma
from ud2m.evaluation.metrics.posterior import posterior
from ud2m.evaluation.metrics.sampling import CODES, coverage, crps, energy_score, figures, inside

M, SIDE = 8, 96
STD = 0.1  # of the toy posterior, in [-1, 1]


def picture():
    """Something coloured to be uncertain about."""
    return 0.3 * torch.randn(3, SIDE, SIDE)


def gaussian(truth_is_a_draw=True, std=STD, scale=1.0):
    """M samples of a Gaussian posterior of independent pixels, and the truth, one draw more."""
    mean = picture()
    samples = mean + scale * std * torch.randn(M, *mean.shape)
    return samples, mean + std * torch.randn_like(mean) if truth_is_a_draw else mean


def test_scores_of_a_perfect_gaussian_are_in_closed_form():
    samples, truth = gaussian()
    assert crps(samples, truth) == pytest.approx(STD / math.sqrt(math.pi), rel=0.02)
    # E|d| of 192 values is sqrt(2) gamma(193/2)/gamma(96) stds; half of it is left.
    norm = math.exp(math.lgamma(96.5) - math.lgamma(96)) / math.sqrt(192)
    assert energy_score(samples, truth) == pytest.approx(STD * norm, rel=0.02)
    assert norm == pytest.approx(1 / math.sqrt(2), rel=0.002)


def test_a_single_answer_is_scored_by_its_error():
    truth = picture()
    assert crps(truth[None] + 0.2, truth) == pytest.approx(0.2, rel=1e-5)
    assert energy_score(truth[None] + 0.2, truth) == pytest.approx(0.2, rel=1e-5)


@pytest.mark.parametrize("score", [crps, energy_score])
def test_scores_are_proper_and_fair(score):
    # Neither fewer samples nor more change a perfect sampler's score; any other one is worse.
    samples, truth = gaussian()
    right = score(samples, truth)
    assert score(samples[:3], truth) == pytest.approx(right, rel=0.03)
    mean = samples.mean(0)
    for scale in (0.0, 0.5, 2.0):
        assert score(mean + scale * (samples - mean), truth) > 1.02 * right


def test_scores_of_few_values_are_those_of_the_definition():
    samples, truth = torch.randn(5, 4), torch.randn(4)
    pairs = (samples[:, None] - samples).abs().sum((0, 1)).mean() / (2 * 5 * 4)
    wanted = (samples - truth).abs().mean() - pairs
    assert crps(samples, truth) == pytest.approx(float(wanted), abs=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_central_intervals_of_a_gaussian_hold_their_share(share):
    assert coverage(*gaussian(), share) == pytest.approx(share, abs=0.01)
    assert coverage(*gaussian(scale=0.3), share) < share - 0.2
    assert coverage(*gaussian(scale=3), share) > share + 0.05


def test_the_truth_is_inside_as_often_as_one_more_sample():
    assert inside(*gaussian()) == pytest.approx((M - 1) / (M + 1), abs=0.01)


def test_figures_of_a_perfect_gaussian():
    samples, truth = gaussian()
    found = figures(samples, truth, 4)
    for name, value in found.items():
        if name.startswith("cover"):
            assert value == pytest.approx(int(name[5:7]) / 100, abs=0.06), name
        if name.startswith("power_luma") or name.startswith("power_chroma"):
            assert value == pytest.approx(1, abs=0.06), name
    assert found["crps_mean"] > 1.1 * found["crps"]
    assert found["energy_mean"] > 1.1 * found["energy"]
    assert abs(found["grid"]) < 0.05


def test_figures_of_a_regressor_that_never_differs():
    mean = picture()
    truth = mean + STD * torch.randn_like(mean)
    found = figures(mean.expand(M, -1, -1, -1), truth)
    assert found["inside"] == 0 and "grid" not in found
    assert all(v == 0 for k, v in found.items() if k.startswith("cover"))
    assert found["crps"] == pytest.approx(CODES * STD * math.sqrt(2 / math.pi), rel=0.02)
    assert found["crps"] == pytest.approx(found["crps_mean"], rel=1e-4)
    assert found["energy"] == pytest.approx(found["energy_mean"], rel=1e-4)
    assert found["power_luma_1"] == pytest.approx(found["power_mean_luma_1"], rel=1e-4)
    assert found["power_luma_1"] < 0.95


def test_grain_without_colour_lacks_power_in_chroma_alone():
    mean = laplacian(picture())[2] * 4
    truth = mean + STD * torch.randn_like(mean)
    samples = mean + STD * torch.randn(M, 1, SIDE, SIDE)
    found = figures(samples, truth)
    assert found["power_chroma_1"] < 0.1 and found["power_luma_1"] > 1.2


def test_a_picture_without_colour_has_ratios():
    gray = picture()[:1].expand(3, -1, -1)
    found = figures(gray + 0 * torch.randn(M, 1, 1, 1), gray)
    assert found["power_chroma_1"] == pytest.approx(1) and found["power_luma_2"] == 1


def test_bands_add_up_and_haar_keeps_the_energy():
    x = picture()
    assert torch.allclose(sum(laplacian(x)) + (x - sum(laplacian(x))), x)
    coefficients = haar(x[None])
    assert [c.shape[-1] for c in coefficients] == [3 * 3 * 48**2, 9 * 24**2, 9 * 12**2, 3 * 12**2]
    total = sum(c.square().sum() for c in coefficients)
    assert float(total) == pytest.approx(float(x.square().sum()), rel=1e-5)
    smooth = torch.ones(3, SIDE, SIDE)
    assert all(band.abs().max() < 1e-6 for band in laplacian(smooth))
    assert all(float(c.abs().max()) < 1e-6 for c in haar(smooth)[:3])


def test_white_noise_is_mostly_fine():
    first, second, third = (float(b.var()) for b in laplacian(torch.randn(1, 256, 256)))
    # What two Gaussians leave of white noise: 1 - 2 g(1) + g(sqrt 2), with g(s) = 1/(4 pi s²).
    left = 1 - 2 / (2 * math.pi) + 1 / (4 * math.pi)
    assert first == pytest.approx(left, rel=0.03) and first > second > third


def test_colour_is_apart():
    y, c = luma_chroma(torch.ones(3, 4, 4))
    assert torch.allclose(y, torch.ones(1, 4, 4)) and float(c.abs().max()) < 1e-6


def test_a_checkerboard_of_phases_is_a_grid():
    x = picture()
    pattern = torch.zeros(SIDE, SIDE)
    pattern[::4, ::4] = 1
    assert float(grid(x, 4)) < 0.1
    assert float(grid(x + pattern, 4)) > 0.5


def test_the_tables_fit_into_a_document_and_name_what_is_right():
    found = figures(*gaussian(), 4)
    for name in ("psnr", "lpips", "residual_rms"):
        found |= {f"{name}_sample": 0.9, f"{name}_mean": 1.0}
    found |= {k: 0.1 for k in ("spread", "error", "ratio", "correlation", "calibration_error")}
    text = posterior({"inpaint-random70": {"ud2m-9": found}}, M)
    assert max(map(len, text.splitlines())) <= 100 and text.count("| perfect |") == 4
    assert "| perfect | – | 2.50 |" in text and " | 0.78 | " in text
    del found["lpips_sample"], found["lpips_mean"]
    text = posterior({"jpeg-q10": {"ud2m-3": found, "dpir": found}}, M)
    assert "LPIPS" not in text and "| jpeg-q10, DPIR | " in text
