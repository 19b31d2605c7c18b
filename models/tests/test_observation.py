"""Borders, initial estimates and degradations."""

import numpy as np
import pytest
import torch

from ud2m.physics.canvas import Border, crossfade, pad, reflected
from ud2m.physics.generators import degradations
from ud2m.physics.observation import observe
from ud2m.physics.operators import KINDS, context, operator_of
from ud2m.physics.operators.mask import fill

BLACK = torch.tensor(-1.0)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(
    "border,mode", [(Border.MIRROR, "reflect"), (Border.SYMMETRIC, "symmetric")]
)
def test_reflection_is_that_of_numpy_whatever_the_length(n, border, mode):
    line = np.arange(n)
    assert line[reflected(n, 7, 9, border).numpy()].tolist() == np.pad(line, (7, 9), mode).tolist()


def test_padding_keeps_the_image_where_it_says():
    x = torch.randn(1, 3, 5, 7)
    assert torch.equal(pad(x, 2, 4, 16, 24, Border.MIRROR)[..., 2:7, 4:11], x)


def test_the_crossfade_closes_the_wrap_and_leaves_the_inside():
    y = torch.randn(1, 3, 40, 40)
    z = crossfade(y, 6)
    assert torch.equal(z[..., 6:-6, 6:-6], y[..., 6:-6, 6:-6])
    assert torch.allclose(z[..., 0, :], z[..., -1, :], atol=1e-6) and torch.allclose(
        z[..., 0], z[..., -1], atol=1e-6
    )


def test_filling_keeps_what_was_observed_and_invents_nothing_brighter():
    mask = (torch.rand(1, 1, 37, 31) < 0.2).float()
    x = torch.rand(1, 3, 37, 31)
    z = fill(x * mask + BLACK * (1 - mask), mask)
    assert torch.equal(z[mask.expand_as(z) > 0], x[mask.expand_as(x) > 0])
    observed = x[mask.expand_as(x) > 0]
    assert z.min() >= observed.min() - 1e-5 and z.max() <= observed.max() + 1e-5


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("height,width", [(36, 60), (13, 1)])
def test_every_family_observes_frames_of_any_size(family, height, width):
    operator = operator_of(family)
    physics = {
        "psf": torch.full((3, 3), 1 / 9),
        "mask": torch.ones(1, 1, height, width),
        "quality": 10,
    }
    c = observe(operator, torch.randn(1, 3, height, width), physics, 8)
    assert c.z0.shape[-2] % 8 == 0 and c.z0.shape[-1] % 8 == 0
    assert c.z0[..., c.rows, c.columns].shape[-2:] == (
        height * operator.scale,
        width * operator.scale,
    )
    assert torch.isfinite(c.z0).all() and torch.isfinite(c.y).all()


def test_kernels_weigh_one():
    rng = np.random.default_rng(0)
    for k in (
        degradations.gaussian(1.7),
        degradations.uniform(9),
        degradations.trajectory(19, rng),
    ):
        assert abs(k.sum() - 1) < 1e-9 and (k >= 0).all()


def test_a_degradation_is_rounded_as_video_is():
    x = torch.rand(3, 16, 16) * 2 - 1
    y, _ = degradations.denoise(x, 0.1, np.random.default_rng(0))
    codes = (y + 1) * 127.5
    assert (codes - codes.round()).abs().max() < 1e-3 and y.min() >= -1 and y.max() <= 1


def test_lost_pixels_are_black():
    x = torch.rand(3, 16, 16)
    y, physics = degradations.mask(x, degradations.box_mask(16, 16), 0.01, np.random.default_rng(0))
    assert (y[(physics["mask"][0] == 0).expand_as(y)] == -1).all()


def test_networks_see_the_kinds_in_the_order_that_they_were_trained_with():
    order = ("denoise", "mask", "blur", "downscale", "jpeg")
    mask = torch.ones(1, 1, 24, 24)
    parameters = {"psf": torch.full((3, 3), 1 / 9), "mask": mask, "quality": 10}
    for graph in KINDS:
        operator = operator_of(graph)
        c = observe(operator, torch.zeros(1, 3, 24, 24), parameters, 8)
        numbers = context(operator, *c.physics)[0, : len(order)].tolist()
        assert numbers == [float(operator.kind == kind) for kind in order], graph
