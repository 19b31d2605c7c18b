"""The other samplers on a world with a known answer: pixels x ~ N(0, s²), for which denoiser and
posterior are in closed form.
"""

import pytest
import torch

from ud2m.evaluation.samplers import SAMPLERS, NotDefined, Restoration
from ud2m.evaluation.samplers.ddrm import basis
from ud2m.evaluation.samplers.dps import differentiable_residual, guidance
from ud2m.evaluation.samplers.settings import SETTINGS, of
from ud2m.physics.observation import Observation
from ud2m.physics.operators import Blur, Downscale, Identity, Jpeg, Mask
from ud2m.physics.operators.downscale import bicubic, gram
from ud2m.physics.operators.fft import otf
from ud2m.physics.operators.jpeg import quantisation

S, SIGMA = 0.3, 0.1  # std of the pixels; noise of the observation
H, W = 16, 24
COUNTS = {"dps": 1000, "diffpir": 100, "ddrm": 20, "dpir": 8, "latino": 8}


class Gaussian(torch.nn.Module):
    """The exact denoiser of x ~ N(0, S²); counts its calls."""

    calls = 0

    def forward(self, x, sigma):
        self.calls += 1
        return x * (S**2 / (S**2 + sigma[:, None, None, None] ** 2))


def physics_of(operator):
    if isinstance(operator, Blur):
        return otf(torch.full((3, 3), 1 / 9), H, W), torch.ones(1, 1, H, W)
    if isinstance(operator, Downscale):
        kernel = bicubic(operator.scale)
        return kernel, gram(kernel, operator.scale, H // operator.scale, W // operator.scale)
    if isinstance(operator, Jpeg):
        return quantisation(50)
    return ((torch.rand(1, 1, H, W) < 0.5).float(),) if isinstance(operator, Mask) else ()


def world(operator):
    """Truth, observe, and the mean of the posterior [1,3,H,W]."""
    physics, x = physics_of(operator), S * torch.randn(1, 3, H, W)
    clean = operator.A(x, *physics)
    y = clean + SIGMA * torch.randn_like(clean)
    y = y * physics[0] if isinstance(operator, Mask) else y
    start = (
        torch.nn.functional.interpolate(y, scale_factor=operator.scale) if operator.scale > 1 else y
    )
    c = Observation(y, start, physics, slice(0, H), slice(0, W))
    mean = operator.prox_l2(
        torch.zeros_like(x), y, torch.full((1, 1, 1, 1), S**2 / SIGMA**2), *physics
    )
    return x, c, mean


def given(operator, c, seed=0, denoiser=None):
    generator = torch.Generator().manual_seed(seed)
    return Restoration(denoiser or Gaussian(), operator, c, SIGMA, generator)


def run(name, operator, c, seed=0, **settings):
    return SAMPLERS[name](given(operator, c, seed), **settings)


EXACT = {
    "diffpir": {"lambda_": 4.0, "zeta": 0.5},
    "dpir": {"lambda_": 0.23},
    "latino": {},
    "ddrm": {},
}
CASES = [(n, o) for o in (Identity(), Mask(), Blur(), Downscale(2)) for n in EXACT]


@pytest.mark.parametrize("name,operator", CASES, ids=[f"{n}-{o.family}" for n, o in CASES])
def test_a_sampler_with_the_exact_denoiser_is_no_worse_than_a_posterior_sample(name, operator):
    x, c, mean = world(operator)
    error = float((run(name, operator, c, **EXACT[name]) - x).square().mean().sqrt())
    best = float((mean - x).square().mean().sqrt())
    # The root of two for an exact sample. LATINO and DDRM are a little noisier, DPIR aims at the
    # mean.
    assert error < 1.6 * best


@pytest.mark.parametrize("name", ["diffpir", "ddrm", "dpir", "latino"])
def test_the_count_of_evaluations_is_the_papers(name):
    for operator, count in (
        (Identity(), COUNTS[name]),
        (Mask(), 24 if name == "dpir" else COUNTS[name]),
    ):
        denoiser = Gaussian()
        SAMPLERS[name](given(operator, world(operator)[1], denoiser=denoiser))
        assert denoiser.calls == count


@pytest.mark.parametrize("name", ["diffpir", "ddrm", "dpir", "latino"])
def test_a_seed_is_a_sample(name):
    _, c, _ = world(Mask())
    assert torch.equal(run(name, Mask(), c, 3), run(name, Mask(), c, 3))
    assert name == "dpir" or not torch.equal(run(name, Mask(), c, 3), run(name, Mask(), c, 4))


@pytest.mark.parametrize(
    "operator", [Identity(), Mask(), Blur(), Downscale(2), Downscale(3)], ids=lambda o: o.family
)
def test_the_singular_basis_is_orthonormal_and_gives_back_the_operator(operator):
    physics = physics_of(operator)
    x = torch.randn(1, 3, H, W)
    y = operator.A(x, *physics)
    b = basis(operator, y, *physics)
    row = b.back(b.to(x))
    assert (b.back(b.to(row)) - row).abs().max() < 1e-4  # a projection
    assert (operator.A(row, *physics) - y).abs().max() < 1e-4  # that loses nothing A sees
    observed = b.gain > 1e-2
    assert (
        (b.to(x) - b.target) * observed
    ).abs().max() < 1e-2  # y over the gain is the coefficient


def test_ddrm_says_why_jpeg_is_not_defined():
    with pytest.raises(NotDefined, match="not linear"):
        run("ddrm", Jpeg(), world_of_jpeg())


def world_of_jpeg():
    y = torch.zeros(1, 3, 16, 16)
    return Observation(y, y, quantisation(50), slice(0, 16), slice(0, 16))


def test_the_gradient_through_jpeg_is_that_of_its_averaging():
    x = (0.3 * torch.randn(1, 3, 16, 16)).requires_grad_()
    y = -differentiable_residual(Jpeg(), x, torch.zeros_like(x), *quantisation(50))
    assert torch.allclose(y, Jpeg().A(x, *quantisation(50)), atol=1e-6)
    (g,) = torch.autograd.grad(y.square().sum(), x)
    assert float(g.abs().mean()) > 0.01


def test_every_sampler_has_settings_and_refuses_others():
    assert set(SETTINGS) == set(SAMPLERS)
    with pytest.raises(ValueError, match="has no setting colour; it has zeta"):
        of("dps", Identity(), {"colour": 1.0})


class Wrapped(torch.nn.Module):
    """Our denoiser as deepinv wants it: images in [0, 1] and their noise."""

    def __init__(self, range_one: bool):
        super().__init__()
        self.denoiser, self.range_one = Gaussian(), range_one

    def forward(self, x, sigma, *args, **kwargs):
        sigma = torch.as_tensor(sigma, dtype=x.dtype).reshape(-1)[:1].expand(x.shape[0])
        return (
            (self.denoiser(2 * x - 1, 2 * sigma) + 1) / 2
            if self.range_one
            else self.denoiser(x, sigma)
        )


def test_diffpir_agrees_with_deepinv():
    deepinv = pytest.importorskip("deepinv")
    x, c, _ = world(Mask())
    physics = deepinv.physics.Inpainting(
        (3, H, W),
        mask=c.physics[0][0].expand(3, H, W),
        noise_model=deepinv.physics.GaussianNoise(SIGMA / 2),
    )
    theirs = deepinv.sampling.DiffPIR(
        Wrapped(True), deepinv.optim.data_fidelity.L2(), sigma=SIGMA / 2, zeta=0.5, lambda_=2.0
    )
    start = (c.y + 1) / 2 * c.physics[0]
    errors = [
        float((2 * theirs(start, physics, seed=i + 1) - 1 - x).square().mean()) for i in range(4)
    ]
    own = [
        float((run("diffpir", Mask(), c, i, zeta=0.5, lambda_=4.0) - x).square().mean())
        for i in range(4)
    ]
    assert abs(10 * torch.tensor([sum(errors) / sum(own)]).log10()) < 0.5  # dB


@pytest.mark.parametrize("abar", [0.01, 0.6, 0.999])
def test_the_guidance_of_dps_agrees_with_deepinv(abar):
    deepinv = pytest.importorskip("deepinv")
    x, c, _ = world(Mask())
    physics = deepinv.physics.Inpainting((3, H, W), mask=c.physics[0][0].expand(3, H, W))
    xt = abar**0.5 * x + (1 - abar) ** 0.5 * torch.randn_like(x)
    x0, gradient = guidance(given(Mask(), c), xt, abar)
    fidelity = deepinv.sampling.DPSDataFidelity(Wrapped(False), clip=(-1, 1))
    sigma = torch.tensor([((1 - abar) / abar) ** 0.5])
    theirs, denoised = fidelity.grad(xt / abar**0.5, c.y, physics, sigma, get_model_outputs=True)
    assert torch.allclose(x0, denoised, atol=1e-5)
    assert torch.allclose(gradient, theirs / abar**0.5, atol=1e-6)


def test_dps_without_guidance_samples_unconditionally_in_1000_evaluations():
    denoiser, (_, c, _) = Gaussian(), world(Mask())
    x0 = SAMPLERS["dps"](given(Mask(), c, denoiser=denoiser), zeta=0.0)
    assert denoiser.calls == COUNTS["dps"] and float(x0.std()) == pytest.approx(S, rel=0.08)


def test_dps_with_guidance_is_little_worse_than_a_posterior_sample():
    x, c, mean = world(Blur())
    error = float((run("dps", Blur(), c, zeta=3.0) - x).square().mean().sqrt())
    assert error < 1.6 * float((mean - x).square().mean().sqrt())
