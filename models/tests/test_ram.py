"""RAM as the first estimate: its physics are our operators, and its errors say what to do.

No weights: the network is untrained.
"""

import sys
from types import SimpleNamespace

import pytest
import torch
from deepinv.models import RAM

import evaluate
from ud2m.evaluation import ram
from ud2m.evaluation.bench import Bench
from ud2m.physics.observation import Observation, observe
from ud2m.physics.operators import FAMILIES, Operator, operator_of
from ud2m.physics.operators.downscale import bicubic, gram
from ud2m.physics.operators.fft import otf
from ud2m.physics.operators.jpeg import quantisation

PSF = torch.rand(7, 5, generator=torch.Generator().manual_seed(3))  # like no mirror image of itself
PSF /= PSF.sum()


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return RAM(pretrained=False, device="cpu").eval().requires_grad_(False)


def canvas(family: str, side: int = 32) -> tuple[Operator, Observation, torch.Tensor]:
    """An operator, a observation on a canvas of about `side` pixels, and the image [1,3,H,W] that
    it shows.
    """
    operator = operator_of(family)
    s = operator.scale
    h, w = side // s * s, side // s * s
    physics = {
        "blur": lambda: (otf(PSF, h, w), torch.ones(1, 1, h, w)),
        "mask": lambda: ((torch.rand(1, 1, h, w) < 0.5).float(),),
        "denoise": lambda: (),
        "jpeg": lambda: quantisation(10),
    }.get(family, lambda: (bicubic(s), gram(bicubic(s), s, h // s, w // s)))()
    x = 2 * torch.rand(1, 3, h, w) - 1
    return (
        operator,
        Observation(
            operator.A(x, *physics), torch.zeros_like(x), physics, slice(0, h), slice(0, w)
        ),
        x,
    )


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "jpeg"])
@pytest.mark.parametrize("side", [32, 37])
def test_the_physics_are_those_of_our_operator(family, side):
    operator, c, x = canvas(family, side)
    theirs = ram.physics_of(operator, c, 0.01)
    assert (theirs.A(x) - c.y).abs().max() < 1e-4
    assert (theirs.A_adjoint(c.y) - operator.A_adjoint(c.y, *c.physics)).abs().max() < 1e-4
    assert abs(float(theirs.noise_model.sigma) - 0.01) < 1e-6


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gets_an_initial_estimate_on_its_canvas(family, net):
    operator, c, x = canvas(family)
    z0 = ram.initial(net, operator, c, 0.02)
    assert z0.shape == x.shape and z0.isfinite().all()


@pytest.mark.parametrize("family", ["blur", "mask", "downscale2"])
def test_ram_works_in_its_own_range_and_answers_in_ours(family):
    operator, c, x = canvas(family)
    asked = []

    def answers_the_truth(y, physics):
        asked.append((y, physics))
        return (x + 1) / 2

    z0 = ram.initial(answers_the_truth, operator, c, 0.02)
    assert (z0 - x).abs().max() < 1e-5
    y, physics = asked[0]
    assert (physics.A((x + 1) / 2) - y).abs().max() < 1e-4
    assert abs(float(physics.noise_model.sigma) - 0.01) < 1e-6


def test_a_frame_that_is_padded_and_not_square_gets_an_initial_estimate(net):
    operator = operator_of("mask")
    c = observe(
        operator,
        torch.rand(1, 3, 21, 30) - 0.5,
        {"mask": (torch.rand(1, 1, 21, 30) < 0.5).float()},
        8,
    )
    assert ram.initial(net, operator, c, 0.02).shape == c.z0.shape == (1, 3, 24, 32)


def test_jpeg_is_taken_as_noise_that_grows_with_the_steps():
    coarse, fine = (ram.rounding(quantisation(q)[0]) * 127.5 for q in (10, 30))
    assert 8 < coarse < 14 and 4 < fine < 9  # code values: about what photographs lose
    operator, c, x = canvas("jpeg")
    sigmas = []
    ram.initial(
        lambda y, physics: sigmas.append(float(physics.noise_model.sigma)) or y, operator, c, 0.02
    )
    assert sigmas[0] == pytest.approx(coarse / 255, rel=1e-4)


def test_an_operator_that_ram_does_not_know_is_refused():
    _, c, _ = canvas("denoise")
    with pytest.raises(ValueError, match="no physics for Operator; add it"):
        ram.physics_of(Operator(), c, 0.01)


def test_weights_come_back_from_a_file_even_without_the_optional_scalar(net, tmp_path):
    torch.save(
        {k: v for k, v in net.state_dict().items() if k != "fact_realign"}, tmp_path / "ram.pth.tar"
    )
    back = ram.load_ram(tmp_path / "ram.pth.tar").state_dict()
    assert all(torch.equal(v, back[k]) for k, v in net.state_dict().items())


def test_missing_weights_say_where_they_are(tmp_path):
    for path in (None, tmp_path / "none"):
        with pytest.raises(ValueError, match="download https://huggingface.co/mterris/ram"):
            ram.load_ram(path)


@pytest.mark.parametrize("content", [b"", b"not weights", {"other": torch.zeros(1)}, [1]])
def test_another_file_is_refused(content, tmp_path):
    path = tmp_path / "other"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match="does not hold the weights of this RAM"):
        ram.load_ram(path)


def command(monkeypatch, *words):
    usual = ["cases", "--denoiser", "p", "--scalars", "k", "--images", "i"]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *usual, *map(str, words)])
    return evaluate.arguments()


def test_the_option_needs_its_weights(monkeypatch, capsys, tmp_path):
    for words in (("--initial", "ram"), ("--ram-weights", "w")):
        with pytest.raises(SystemExit):
            command(monkeypatch, *words)
        assert "--initial ram and --ram-weights FILE go together." in capsys.readouterr().err
    assert command(monkeypatch).initial is None
    with pytest.raises(SystemExit, match="download https://huggingface.co/mterris/ram"):
        evaluate.ram_initial(
            command(monkeypatch, "--initial", "ram", "--ram-weights", tmp_path / "none").ram_weights
        )


def test_sampling_starts_from_what_ram_answered():
    operator, c, x = canvas("denoise")
    asked, begun = [], []

    def step(xt, z, y, n, t, sigma_y):
        return begun.append(z) or z + 1

    step.ensemble = step.takes_realism = False
    bench = SimpleNamespace(
        initial=lambda *given: asked.append(given) or x,
        step=lambda *_: step,
        stochasticity=0.0,
        realism=0.0,
        counts=lambda *_: (2, 3),  # outer steps, iterations of each
    )
    restored = Bench.restore(bench, "ud2m-6", operator)(
        SimpleNamespace(family="denoise", sigma=0.1),
        SimpleNamespace(observation=c),
        torch.Generator(),
    )
    assert asked == [(operator, c, 0.2)]  # once, before the first of two outer steps
    assert begun[0] is x and torch.equal(begun[1], x + 1) and torch.equal(restored, x + 2)
    assert bench.evaluations == 6
