"""The noise model: what each kind of noise is like, and what a step is told of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from ud2m.physics.generators import camera, codec, in_camera
from ud2m.physics.generators import noise as draws
from ud2m.physics.noise_model import (
    FACTS,
    LEAST_STD,
    OPPONENT,
    RGB_OF_YCC,
    YCC_OF_RGB,
    NoiseModel,
    facts,
    level,
    neighbour_correlation,
    rotate,
    tensors,
    white_tensors,
)


def picture(side=192, low=0.25, high=0.75):
    """Smooth, in colour, and far enough from black and white that little is clipped."""
    coarse = np.random.default_rng(8).random((3, side // 16, side // 16))
    return low + (high - low) * ndimage.zoom(coarse, (1, 16, 16), order=1).clip(0, 1)


def noise_of(kind, sigma=0.04, seed=0, **options):
    o = draws.observe(picture(**options), kind, sigma, np.random.default_rng(seed))
    return o.y - o.clean, o


def covariance(n):
    return n.reshape(3, -1) @ n.reshape(3, -1).T / n[0].size


def test_opponent_axes_are_orthonormal_and_noise_of_y_lies_on_the_first():
    assert np.allclose(OPPONENT @ OPPONENT.T, np.eye(3))
    assert np.allclose(OPPONENT[1:] @ RGB_OF_YCC[:, 0], 0)
    assert np.allclose(YCC_OF_RGB[0], (0.299, 0.587, 0.114), atol=1e-6)


@pytest.mark.parametrize("kind", draws.KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_model_of_a_kind_is_what_its_noise_measures(kind, seed):
    n, o = noise_of(kind, seed=seed)
    scale = np.trace(o.model.covariance) / 3
    # What a camera filtered is told by its flat parts; busy ones keep more of the noise.
    more = kind == "filtered"
    near = 0.4 if more else 0.12
    assert np.allclose(covariance(n) / scale, o.model.covariance / scale, atol=near)
    found = draws.measured(n, o.clean)
    assert found.sigma == pytest.approx(o.model.sigma, rel=0.15 if more else 0.06)
    assert o.model.luma_correlation == pytest.approx(found.luma_correlation, abs=0.07)
    assert o.model.chroma_correlation == pytest.approx(found.chroma_correlation, abs=0.07)
    assert o.model.clipped == (kind != "unclipped")


def test_gray_noise_is_one_for_three_channels():
    n, _ = noise_of("gray")
    assert np.abs(n[0] - n[1]).max() <= 1.01 / 255 and n[0].std() == pytest.approx(0.04, rel=0.03)


@pytest.mark.parametrize("kind", draws.SEEN_GRAY)
def test_a_gray_version_has_one_noise_and_is_told_its_power(kind):
    _, o = noise_of(kind)
    gray = draws.grayed(o)
    n = gray.y - gray.clean
    assert np.array_equal(gray.y[0], gray.y[1]) and np.array_equal(gray.clean[0], gray.clean[2])
    assert np.allclose(255 * gray.y, np.rint(255 * gray.y))
    assert np.linalg.matrix_rank(gray.model.covariance) == 1
    assert gray.model.sigma == pytest.approx(n.std(), rel=0.1)
    assert gray.model.chroma_correlation == 0 and gray.model.growth == o.model.growth
    assert gray.model.luma_correlation == o.model.luma_correlation


def test_noise_of_chroma_leaves_luma_alone():
    n, _ = noise_of("chroma")
    y, cb, cr = np.tensordot(YCC_OF_RGB, n, 1)
    assert y.std() < 0.002 and cb.std() == pytest.approx(0.04, rel=0.05) == pytest.approx(
        cr.std(), rel=0.05
    )


def test_levels_of_y_and_of_chroma_are_apart():
    n, model = draws.ycc(0.05, 0.02).sample(picture(), np.random.default_rng(1))
    stds = np.tensordot(YCC_OF_RGB, n, 1).std((1, 2))
    assert stds == pytest.approx([0.05, 0.02, 0.02], rel=0.03)
    assert np.allclose(model.covariance, NoiseModel.ycc(0.05, 0.02).covariance)


def test_what_is_not_clipped_goes_beyond_white_and_black():
    bright = np.full((3, 64, 64), 0.99)
    rng = np.random.default_rng(0)
    free = draws.observe(bright, "unclipped", 0.2, rng).y
    cut = draws.observe(bright, "white", 0.2, rng).y
    assert free.max() > 1.3 and free.mean() == pytest.approx(0.99, abs=0.01)
    assert cut.max() == 1.0 and cut.mean() < 0.95
    assert np.allclose(255 * cut, np.rint(255 * cut)) and not np.allclose(
        255 * free, np.rint(255 * free)
    )


@pytest.mark.parametrize("length", (0.4, 0.7, 1.2))
def test_correlated_noise_keeps_its_variance_and_has_the_length_asked_for(length):
    field = draws.unit_field((512, 512), length, np.random.default_rng(2))
    assert field.std() == pytest.approx(1, rel=0.03)
    rho = np.mean(field[:, 1:] * field[:, :-1])
    assert rho == pytest.approx(neighbour_correlation(length), abs=0.02)
    if (
        length > 0.6
    ):  # where pixels sample the Gaussian finely enough for the formula of continuous noise
        assert rho == pytest.approx(np.exp(-1 / (4 * length**2)), abs=0.02)


@pytest.mark.parametrize("growth", (-0.8, 0.5, 1.0))
def test_growth_is_the_slope_of_the_variance(growth):
    clean = np.broadcast_to(np.linspace(0, 1, 512), (3, 512, 512))
    sources = draws.Sources(0.05 * np.eye(3), growth=growth)
    n, model = sources.sample(clean, np.random.default_rng(3))
    for low in (0.05, 0.4, 0.85):
        columns = slice(int(512 * low), int(512 * (low + 0.1)))
        expected = 0.05**2 * max(1 + growth * (2 * low + 0.1 - 1), draws.LEAST_SHARE)
        assert np.mean(n[:, :, columns] ** 2) == pytest.approx(expected, rel=0.08)
    assert draws.measured(n, clean).growth == pytest.approx(growth, abs=0.1)
    assert model.sigma == pytest.approx(n.std(), rel=0.02)


def test_a_cameras_noise_is_correlated_and_of_unequal_channels():
    n = camera.camera_noise(picture(), 0.03, np.random.default_rng(5))
    assert np.sqrt(np.mean(n**2)) == pytest.approx(0.03)
    assert draws.measured(n, picture()).luma_correlation > 0.2
    stds = n.std((1, 2))
    assert stds[0] > stds[1] and stds[2] > stds[1]  # white balance amplifies red and blue


@pytest.mark.parametrize("patch", (1, 3))
def test_a_cameras_filter_keeps_edges_and_cleans_flat_parts_most(patch):
    rng = np.random.default_rng(6)
    clean = np.full((3, 64, 128), 0.5)
    clean[:, :, 64:] += 0.15 * rng.choice([-1, 1], (64, 64))
    own = in_camera.NoiseFilter(2, patch, 1.2, 1.0, 1.0)
    noise = 0.03 * np.broadcast_to(rng.standard_normal((64, 128)), clean.shape)
    signal, left = own.apply(clean, noise, 0.03)
    flat, busy = (left[:, 8:-8, part].std() for part in (slice(8, 56), slice(72, 120)))
    assert flat < 0.6 * 0.03 and busy > 1.1 * flat
    assert np.abs(signal - clean).mean() < 0.02
    assert np.allclose(own.apply(clean, 0 * noise, 0.03)[1], 0)


def test_a_cameras_filter_takes_apart_what_it_makes_of_the_sum():
    rng = np.random.default_rng(7)
    clean, noise = picture(64), 0.03 * rng.standard_normal((3, 64, 64))
    own = in_camera.NoiseFilter(2, 3, 1.0, 0.7, 0.9, length=1.0, sharpening=0.5)
    parts = own.apply(clean, noise, 0.03)
    whole = own.apply(clean + noise, 0 * noise, 0.03)
    assert np.allclose(sum(parts), sum(whole)) and np.allclose(whole[1], 0)


def test_filtered_noise_is_told_as_flat_parts_show_it():
    busy = picture(96) + 0.2 * np.random.default_rng(8).choice([-0.5, 0.5], (96, 96))
    more = []
    for seed in range(12):
        o = draws.observe(busy.clip(0, 1), "filtered", 0.05, np.random.default_rng(seed))
        more.append(draws.measured(o.y - o.clean, o.clean).sigma / o.model.sigma)
    assert np.median(more) > 1.1


def test_demosaicing_keeps_a_flat_picture_flat():
    flat = np.full((3, 16, 16), 0.3)
    assert np.allclose(camera.demosaic(flat * camera.bayer(flat.shape)), flat)


def test_halved_chroma_keeps_luma_and_flat_colour():
    x = picture(64)
    for smooth in (False, True):
        y = codec.halved_chroma(x, smooth)
        assert np.allclose(np.tensordot(YCC_OF_RGB[0], y - x, 1), 0, atol=1e-9)
    flat = np.broadcast_to(np.array([0.2, 0.5, 0.7])[:, None, None], (3, 8, 8))
    assert np.allclose(codec.halved_chroma(flat, True), flat)


def test_the_same_seed_draws_the_same_picture():
    for kind in draws.KINDS:
        assert np.array_equal(noise_of(kind, side=64)[1].y, noise_of(kind, side=64)[1].y)


def test_shares_of_kinds_sum_to_one():
    assert sum(share for share, _ in draws.KINDS.values()) == pytest.approx(1)


def test_white_noise_is_told_as_nothing_but_its_level():
    mine, short = tensors([NoiseModel.white(0.05)]), white_tensors(torch.tensor([0.1]))
    assert torch.equal(facts(*short), torch.zeros(1, FACTS))
    assert torch.allclose(facts(*mine), torch.zeros(1, FACTS), atol=1e-6)
    assert float(level(mine[1])) == pytest.approx(0.1) == pytest.approx(float(level(short[1])))


def test_what_is_told_does_not_depend_on_the_eigenvectors():
    basis, std, shape = tensors([NoiseModel.ycc(0.04, 0.01)])
    order = [2, 0, 1]
    again = facts(-basis[:, order], std[:, order], shape)
    assert torch.allclose(facts(basis, std, shape), again, atol=1e-5)
    assert not torch.allclose(again, facts(*tensors([NoiseModel.ycc(0.04, 0.02)])), atol=0.02)


def test_no_level_is_below_rounding_and_a_rotation_goes_both_ways():
    basis, std, _ = tensors([NoiseModel.ycc(0.05, 0.0)])
    assert float(std.min()) == pytest.approx(LEAST_STD) and float(std.max()) == pytest.approx(
        0.1 * 3**0.5, rel=1e-4
    )
    x = torch.randn(1, 3, 5, 7)
    assert torch.allclose(rotate(rotate(x, basis), basis.transpose(1, 2)), x, atol=1e-5)
    along = rotate(torch.ones(1, 3, 4, 4), basis)[0, :, 0, 0].abs()
    assert torch.allclose(along, torch.tensor([0.0, 0.0, 3**0.5]), atol=1e-5)  # the noise of Y


def test_the_file_for_the_element_holds_what_is_told():
    """It is written by tests/data/make_noise.py."""
    stored = np.load(Path(__file__).parents[2] / "tests/data/noise.npz")
    models = [
        NoiseModel(covariance.astype(float), *map(float, shape[:3]), estimated=bool(shape[4]))
        for covariance, shape in zip(stored["covariance"], stored["noise_shape"], strict=True)
    ]
    basis, std, shape = tensors(models)
    power = basis.transpose(1, 2) @ (std.square()[:, :, None] * basis)
    kept, axes = (torch.from_numpy(stored[name]) for name in ("noise_std", "noise_basis"))
    wanted = axes.transpose(1, 2) @ (kept.square()[:, :, None] * axes)
    assert torch.allclose(power, wanted, atol=1e-5)
    assert np.allclose(std, stored["noise_std"], atol=1e-4)
    assert np.allclose(shape, stored["noise_shape"])
    assert np.allclose(level(std), stored["sigma_y"], atol=1e-5)
