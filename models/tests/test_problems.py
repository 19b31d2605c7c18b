"""Training problems: the observation is what its operator says, on every family's canvas."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ud2m.physics.generators import kernels
from ud2m.physics.operators import FAMILIES
from ud2m.training.problems import WEIGHTS, draw

DRAW = kernels.mixture([])


def source(count, side):
    coarse = torch.rand(count, 3, side // 4 + 2, side // 4 + 2)
    return F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1) * 1.6 - 0.8


def problem(family, seed):
    torch.manual_seed(seed)
    return draw(family, source, 4, 96, np.random.default_rng(seed), DRAW)


def test_every_family_is_drawn():
    assert set(WEIGHTS) == set(FAMILIES) and abs(sum(WEIGHTS.values()) - 1) < 1e-9


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "jpeg"])
@pytest.mark.parametrize("seed", range(6))
def test_what_the_operator_leaves_unexplained_is_the_noise(family, seed):
    p = problem(family, seed)
    residual = p.operator.residual(p.clean, p.y, *p.physics)
    observed = p.inside
    if family not in ("mask", "denoise"):  # beyond the reach of a kernel across borders and wraps
        observed = 1 - F.max_pool2d(1 - observed, 33, 1, 16)
    if family == "blur" and not torch.equal(
        p.inside, p.physics[1][:1]
    ):  # a tile: the image goes on around what was observed
        observed = p.physics[1]
    if p.operator.scale > 1:
        observed = -F.max_pool2d(-observed, p.operator.scale)
    observed = observed * (p.physics[0] if family == "mask" else torch.ones_like(residual[:, :1]))
    std = ((residual * observed).square().sum((1, 2, 3)) / (3 * observed.sum((1, 2, 3)))).sqrt()
    # Rounding to 8 bits adds a little, clipping takes a little away where there is much noise.
    expected = (p.sigma_y.square() + (2 / 255) ** 2 / 12).sqrt()
    assert ((std / expected - 1).abs() < 0.2).all(), (std, expected)


@pytest.mark.parametrize("seed", range(5))
def test_compressed_images_lie_in_their_cells(seed):
    p = problem("jpeg", seed)
    operator = p.operator
    *_, steps = operator.prepare(p.clean, *p.physics)
    step = steps[:, :64]
    luma, decoded = operator.planes(p.clean)[0], operator.planes(p.y)[0]
    reach = (
        step / 2 + 0.05 + 6 * p.sigma_y.reshape(-1, 1, 1, 1)
    )  # clipping and rounding of the decoder, noise
    assert ((luma - decoded).abs() <= reach).float().mean() > 0.999


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_problem_is_whole_and_a_function_of_its_seed(family, seed):
    p, again = problem(family, seed), problem(family, seed)
    for name in ("clean", "y", "z0"):
        assert torch.isfinite(getattr(p, name)).all() and torch.equal(
            getattr(p, name), getattr(again, name)
        )
    h, w = p.clean.shape[-2:]
    assert h % 16 == 0 and p.z0.shape == p.clean.shape and len(p.hardness) == len(p.clean) >= 2
    assert p.inside.shape == (1, 1, h, w) and 0.2 < p.inside.mean() <= 1
    assert p.y.shape[-1] * p.operator.scale == w


@pytest.mark.parametrize(
    "kind", [kernels.gaussian, kernels.disk, kernels.uniform, kernels.line, kernels.shake]
)
def test_drawn_kernels_are_odd_small_and_weigh_one(kind):
    rng = np.random.default_rng(3)
    for _ in range(40):
        k = kind(rng)
        assert k.shape[0] == k.shape[1] <= kernels.LARGEST and k.shape[0] % 2 == 1
        assert abs(k.sum() - 1) < 1e-9 and k.min() >= 0


def test_recorded_kernels_are_squared_made_odd_and_drawn(tmp_path):
    np.savez(tmp_path / "a.npz", k0=np.ones((4, 7), np.float32), k1=np.ones((33, 33), np.float32))
    known = kernels.recorded(tmp_path)
    assert [k.shape for k in known] == [(7, 7)] and abs(known[0].sum() - 1) < 1e-9
    draw_kernel, rng = kernels.mixture(known), np.random.default_rng(0)
    assert any(
        k.shape == (7, 7) and np.isclose(k[k > 0], 1 / 28).all()
        for k in (draw_kernel(rng) for _ in range(60))
    )
