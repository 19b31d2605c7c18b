"""The network that tells the element the noise of a frame, and what it sees."""

import numpy as np
import pytest
import torch

from ud2m.physics.noise_features import LEAST_BLOCKS, QUIET, RANKS, features
from ud2m.physics.noise_model import NoiseModel
from ud2m.training.noise_estimator import Draws, Estimator, draw, errors, fit, save
from ud2m.training.noise_estimator.draws import OFFSET, targets


def smooth(side: int) -> np.ndarray:
    """[3,side,side] in [0, 1]: slopes and slow waves."""
    y, x = np.mgrid[:side, :side] / side
    return np.stack([0.3 + 0.4 * x + 0.04 * np.sin(7 * y + c) for c in range(3)])


@pytest.mark.parametrize("std", [0.01, 0.05])
def test_quiet_blocks_show_the_power_of_white_noise(std):
    noisy = smooth(160) + std * np.random.default_rng(1).standard_normal((3, 160, 160))
    found = features(noisy)
    first = len(RANKS) * 3
    by_band = np.exp(found[first : first + 24]).reshape(3, 8)
    assert by_band[:, 2:] == pytest.approx(std**2, rel=0.15)
    kurtosis = np.exp(found[first + 24 : first + 48])
    assert kurtosis.mean() == pytest.approx(3, rel=0.15)  # of normal numbers
    assert np.abs(found[first + 48 : first + 51]).max() < 0.1  # the axes do not correlate


def test_noise_that_channels_share_is_along_one_axis():
    noise = 0.03 * np.random.default_rng(2).standard_normal((1, 120, 120))
    found = features(smooth(120) + noise)
    first = len(RANKS) * 3 + 51 * (len(QUIET) - 1)
    luma, blue, _ = np.exp(found[first : first + 24]).reshape(3, 8)
    assert luma[3:] == pytest.approx(3 * 0.03**2, rel=0.2)
    assert blue[3:].max() < 0.01 * luma[3:].min()


def test_an_image_without_blocks_that_vary_tells_nothing():
    assert features(np.full((3, 64, 64), 0.4)) is None
    few = np.random.default_rng(3).random((3, 8, 8 + 2 * (LEAST_BLOCKS - 2)))
    assert features(few) is None


def test_targets_are_stds_and_correlations_of_the_axes():
    gray = targets(NoiseModel(np.full((3, 3), 0.02**2), 0.5, 0.1, -0.3))
    assert np.exp(gray[:3]) - OFFSET == pytest.approx([3**0.5 * 0.02, 0, 0], abs=1e-4)
    assert gray[3:] == pytest.approx([0.5, 0.1])
    white = targets(NoiseModel.white(0.05))
    assert np.exp(white[:3]) - OFFSET == pytest.approx(0.05)


def test_a_draw_depends_on_its_generator_alone():
    image = np.rint(255 * smooth(128)).astype(np.uint8).transpose(1, 2, 0)
    first, again = (draw(image, np.random.default_rng(4)) for _ in range(2))
    other = draw(image, np.random.default_rng(5))
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[0], other[0])


def test_draws_go_on_where_they_stopped(tmp_path):
    pixels = np.stack([smooth(256)] * 99)
    np.save(tmp_path / "pixels.npy", np.rint(255 * pixels).astype(np.uint8).transpose(0, 2, 3, 1))
    np.save(tmp_path / "sizes.npy", np.full(99, 256, np.int32))
    whole = Draws(tmp_path / "whole.npz", tmp_path, 7)
    whole.grow(4)
    for count in (2, 4):
        parts = Draws(tmp_path / "parts.npz", tmp_path, 7)
        parts.grow(count)
    assert torch.equal(whole.tensors()[0], parts.tensors()[0])
    assert torch.equal(whole.tensors()[1], parts.tensors()[1])


def test_an_estimator_learns_and_is_written_as_the_element_reads_it(tmp_path):
    inputs = torch.randn(640, 12)
    wanted = torch.tanh(inputs[:, :5])
    estimator = fit(inputs, wanted, epochs=40)
    found = errors(estimator, inputs, wanted)
    untrained = errors(Estimator(inputs.numpy()).eval(), inputs, wanted)
    assert max(found["rms"]) < 0.5 * min(untrained["rms"])
    save(estimator, tmp_path / "network.bin")
    numbers = np.fromfile(tmp_path / "network.bin", "<f4")
    assert len(numbers) == 2 * 12 + 12 * 96 + 96 + 96 * 64 + 64 + 64 * 5 + 5
    assert numbers[:12] == pytest.approx(inputs.mean(0).numpy(), abs=1e-6)
