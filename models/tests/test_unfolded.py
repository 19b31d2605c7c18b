"""Laws of the schedule, the unfolded step and the outer sampler."""

import pytest
import torch

from ud2m.diffusion.sampler import sample
from ud2m.diffusion.schedule import alpha_bar, sigmas, time_grid
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.physics.operators import Blur, Identity, Mask
from ud2m.physics.operators.fft import otf
from ud2m.step.mirror import Mirror, in_order
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.unfolded import UnfoldedStep

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)


def test_levels_rise_from_clean_to_noise():
    s = sigmas()
    assert (s.diff() > 0).all() and abs(s[0] - 0.01) < 1e-4 and abs(s[999] - 157.4) < 0.1
    assert abs(alpha_bar()[0] - 0.9999) < 1e-9


@pytest.mark.parametrize(
    "steps,grid", [(1, [999]), (2, [999, 250]), (3, [999, 444, 111]), (5, [999, 640, 360, 160, 40])]
)
def test_the_time_grid_is_quadratic(steps, grid):
    assert time_grid(steps) == grid


@pytest.mark.parametrize("steps", [0, 101])
def test_an_impossible_number_of_steps_is_refused(steps):
    with pytest.raises(ValueError, match="choose 1 to 100"):
        time_grid(steps)


def test_an_exact_denoiser_is_returned_unchanged_whatever_the_noise():
    truth = torch.randn(1, 3, 7, 5)

    def noise(i):
        return torch.randn(1, 3, 3, 7, 5)

    got = sample(
        lambda xt, z, n, t: truth,
        torch.zeros_like(truth),
        torch.randn_like(truth),
        4,
        noise,
        lambda i: torch.randn_like(truth),
        0.5,
    )
    assert torch.equal(got, truth)


def test_each_step_starts_from_the_last_estimate_at_the_next_level():
    states = []

    def step(xt, z, n, t):
        states.append((float(z.mean()), float(t[0])))
        return z + 1

    sample(step, torch.zeros(1, 3, 4, 4), torch.randn(1, 3, 4, 4), 3, lambda i: None)
    assert states == [(0.0, 999.0), (1.0, 444.0), (2.0, 111.0)]


@pytest.mark.parametrize("steps,want", [(1, 1.0), (2, 5 / 3), (3, 14 / 6), (4, 3.0)])
def test_the_mean_weighs_each_estimate_by_its_place(steps, want):
    zeros = torch.zeros(1, 3, 4, 4)
    got = sample(
        lambda xt, z, n, t: z + 1, zeros, torch.randn_like(zeros), steps, lambda i: None, mean=True
    )
    assert torch.allclose(got, torch.full_like(zeros, want))


class Perfect(torch.nn.Module):
    """A denoiser that knows the answer."""

    def __init__(self, truth):
        super().__init__()
        self.truth = truth

    def forward(self, x, sigma):
        return self.truth


class Blind(torch.nn.Module):
    """A denoiser that returns its input."""

    def forward(self, x, sigma):
        return x


def arguments(h=16, w=24, b=1):
    return (
        torch.randn(b, 3, h, w),
        torch.randn(b, 3, h, w),
        torch.randn(b, 3, h, w),
        torch.randn(b, 3, 3, h, w),
        torch.tensor([444.0]),
        torch.tensor([0.05]),
    )


def test_the_step_returns_what_its_denoiser_says():
    truth = torch.randn(1, 3, 16, 24)
    assert torch.equal(UnfoldedStep(Perfect(truth), Identity(), Scalars())(*arguments()), truth)


class Shift(torch.nn.Module):
    """A denoiser that sees where up and left are: it moves the image one pixel down and two to the
    right.
    """

    def forward(self, x, sigma):
        return x.roll((1, 2), (-2, -1))


@pytest.mark.parametrize(
    "t,move", [(999.0, (1, 2)), (444.0, (1, -2)), (250.0, (-1, -2)), (111.0, (-1, 2))]
)
def test_an_ensemble_sees_the_image_mirrored_and_answers_upright(t, move):
    values = ScalarValues(
        fresh_first=1e-9, fresh_last=1e-9, rho_ratio=1e-6
    )  # each step starts where the one before ended
    step = UnfoldedStep(Shift(), Mask(), Scalars(values), 1, ensemble=True)
    xt, z0, y, noise, _, sigma_y = arguments()
    got = step(xt, z0, y, noise[:, :1], torch.tensor([t]), sigma_y, torch.zeros(1, 1, 16, 24))
    assert (got - z0.roll(move, (-2, -1))).abs().max() < 1e-4


def test_a_batch_may_hold_levels_that_are_mirrored_differently():
    x, t = torch.randn(4, 3, 6, 5), torch.tensor([999.0, 444.0, 250.0, 111.0])
    mirrored = Mirror(t)
    flipped = mirrored(x)
    for i, axes in enumerate([[], [-1], [-2, -1], [-2]]):
        assert torch.equal(flipped[i], x[i].flip(axes))
    assert torch.equal(mirrored(flipped), x)


@pytest.mark.parametrize("level", [999.0, 700.0, 444.0, 400.0, 250.0, 200.0, 111.0])
def test_the_order_that_a_graph_is_told_is_the_mirror(level):
    x, mirror = torch.randn(2, 3, 6, 5), Mirror(torch.tensor([level]))
    assert torch.equal(in_order(x, *mirror.order().split(2)), mirror(x))


def test_the_anchor_minimises_the_three_quadratics():
    """u of the design's section 2, for a mask: the closed form against the normal equation of the
    three terms.
    """
    xt, z0, y, noise, t, sigma_y = arguments()
    mask = (torch.rand(1, 1, 16, 24) < 0.5).float()
    values = ScalarValues(noise_trust=0.7, state_weight=1.0, fresh_first=1e-6, fresh_last=1e-6)
    u = UnfoldedStep(Blind(), Mask(), Scalars(values), 1)(xt, z0, y, noise[:, :1], t, sigma_y, mask)
    st = sigmas()[444].float()
    rho = (
        values.rho_ratio
        * Scalars(values).level(st.reshape(1, 1, 1, 1), sigma_y.reshape(1, 1, 1, 1), 1.0).detach()
    )
    root = torch.rsqrt(1 + st**2)
    data = mask / (values.noise_trust * sigma_y**2)
    want = (data * y + xt / root / st**2 + z0 / rho**2) / (data + 1 / st**2 + 1 / rho**2)
    assert (u - want).abs().max() < 1e-3


def test_inner_levels_fall_and_stay_above_the_floor():
    scalars = Scalars(ScalarValues(max_sigma=0.5, sigma_ratio=0.4, min_sigma=0.03, noise_ratio=1.0))

    def one(v):
        return torch.tensor(v).reshape(1, 1, 1, 1)

    levels = [float(scalars.level(one(157.4), one(0.02), s).detach()) for s in (0.0, 0.5, 1.0)]
    assert (
        levels == sorted(levels, reverse=True) and abs(levels[0] - 0.5) < 1e-6 and levels[2] >= 0.03
    )


def test_every_scalar_receives_a_gradient():
    psf = torch.full((3, 3), 1 / 9)
    step = UnfoldedStep(
        Denoiser(TOY), Blur(), Scalars(ScalarValues(max_sigma=5.0, sigma_ratio=0.4))
    )
    torch.nn.init.normal_(step.denoiser.tail.weight, std=0.1)
    xt, z0, y, noise, _, sigma_y = arguments()
    for t in (999.0, 444.0):
        step(
            xt, z0, y, noise, torch.tensor([t]), sigma_y, otf(psf, 16, 24), torch.ones(1, 1, 16, 24)
        ).square().mean().backward()
    missing = [
        n for n, p in step.scalars.named_parameters() if p.grad is None or float(p.grad.abs()) == 0
    ]
    assert missing == []


def test_the_answer_for_a_pixel_does_not_depend_on_far_pixels():
    net = Denoiser(TOY)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    x = torch.randn(1, 3, 128, 128)
    other = x.clone()
    other[..., 64:] = torch.randn(1, 3, 128, 64)
    with torch.no_grad():
        a, b = net(x, torch.tensor([0.1])), net(other, torch.tensor([0.1]))
    assert torch.equal(a[..., :32], b[..., :32]) and not torch.equal(a[..., 60:], b[..., 60:])
