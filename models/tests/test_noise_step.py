"""A step that is told the model of the noise: its data step, its training problems, its files."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open
from toys import TOY, network, source

from ud2m.export.package import export
from ud2m.nn.denoiser import Denoiser
from ud2m.physics.generators.noise import KINDS
from ud2m.physics.noise_model import FACTS, INPUTS, SHAPE, NoiseModel, facts, tensors, white_tensors
from ud2m.physics.operators import Blur, Downscale, Identity, Jpeg, Mask
from ud2m.physics.operators.downscale import bicubic, gram
from ud2m.physics.operators.fft import otf
from ud2m.physics.operators.jpeg import quantisation
from ud2m.step.model import UnfoldedModel, add_noise_model, load_model, save_model
from ud2m.step.noise_axes import NoiseAxes
from ud2m.step.scalars import ScalarValues
from ud2m.training.distillation import fidelity, squared_error, trajectory
from ud2m.training.problems.real_noise import errs, kinds_held_out, real_noise
from ud2m.training.validator import ONE_STEP, Validator

LITE = Path(__file__).parents[1] / "zoo" / "lite"
VIDEO = NoiseModel.ycc(0.05, 0.02, luma_correlation=0.3)
SIDE = 8


def run(net, family="denoise", told=(), operator=None, physics=(), seed=2):
    generator = torch.Generator().manual_seed(seed)
    xt, z0, y = (torch.randn(2, 3, 16, 16, generator=generator) for _ in range(3))
    noise = torch.randn(2, net.iterations, 3, 16, 16, generator=generator)
    step = net.step(family, operator)
    sigma_y = torch.tensor([0.1, 0.2])
    return step(xt, z0, y, noise, torch.tensor([444.0]), sigma_y, *told, *physics)


def cases():
    kernel = torch.rand(3, 3, generator=torch.Generator().manual_seed(0))
    transfer = otf(kernel / kernel.sum(), SIDE, SIDE)[None, None]
    mask = (torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) > 0.4).float()
    small = gram(bicubic(2), 2, SIDE // 2, SIDE // 2)
    return [
        (Identity(), ()),
        (Mask(), (mask,)),
        (Blur(), (transfer, torch.ones(1, 1, SIDE, SIDE))),
        (Downscale(2), (bicubic(2), small)),
    ]


def matrix(operator, physics):
    """[n/s²,n] of the operator on one channel."""
    units = torch.eye(SIDE * SIDE).reshape(-1, 1, SIDE, SIDE).expand(-1, 3, -1, -1).contiguous()
    columns = [operator.A(u[None], *physics)[0, 0].flatten() for u in units]
    return torch.stack(columns, 1).double()


@pytest.mark.parametrize("operator,physics", cases(), ids=lambda v: getattr(v, "family", ""))
@pytest.mark.parametrize(
    "model",
    [
        VIDEO,
        NoiseModel.ycc(0.01, 0.06),
        NoiseModel(np.array([[9, 2, 1], [2, 3, -1], [1, -1, 6]]) * 1e-4),
    ],
)
def test_the_data_step_of_coloured_noise_is_the_dense_solution(operator, physics, model):
    z, x = torch.randn(1, 3, SIDE, SIDE), torch.randn(1, 3, SIDE, SIDE)
    y, weight = operator.A(x, *physics), torch.full((1, 1, 1, 1), 0.003)
    axes = NoiseAxes(tensors([model]), torch.full((1, 1, 1, 1), 0.1), alike=True)
    prepared = operator.prepare(axes.into(y), *physics)
    got = axes.back(operator.data_step(axes.into(z), weight, axes.std, *prepared))

    # min w/2 (Au - y)ᵀ C⁻¹ (Au - y) + 1/2 |u - z|², C of [-1, 1]: four times that of full scale
    a = matrix(operator, physics)
    precision = torch.from_numpy(np.linalg.inv(4 * model.covariance)) * weight.double().item()
    left = torch.kron(precision, a.T @ a) + torch.eye(3 * SIDE * SIDE)
    flat_y, flat_z = (v[0].reshape(3, -1).double() for v in (y, z))
    right = precision @ flat_y @ a + flat_z
    want = torch.linalg.solve(left, right.flatten()).reshape(3, SIDE, SIDE)
    assert torch.allclose(got[0].double(), want, atol=2e-4)


def test_white_noise_is_solved_as_before():
    sigma_y = torch.full((1, 1, 1, 1), 0.1)
    white, plain = (
        NoiseAxes(t, sigma_y, alike=True) for t in (white_tensors(sigma_y[:, 0, 0, 0]), ())
    )
    z, y, weight = torch.randn(1, 3, 8, 8), torch.randn(1, 3, 8, 8), torch.ones(1, 1, 1, 1)
    solved = [
        axes.back(Identity().data_step(axes.into(z), weight, axes.std, axes.into(y)))
        for axes in (white, plain)
    ]
    assert torch.equal(*solved)


@pytest.mark.parametrize("told", (False, True))
def test_a_step_that_is_to_learn_the_noise_answers_as_before_until_it_does(told):
    net = network(["denoise"])
    white = white_tensors(torch.tensor([0.1, 0.2])) if told else ()
    assert torch.allclose(run(add_noise_model(net), told=white), run(net), atol=1e-6)
    free = run(
        add_noise_model(net),
        told=(*white_tensors(torch.tensor([0.1, 0.2]))[:2], torch.ones(2, SHAPE)),
    )
    # Columns that are zero do not heed what they are told; sums may be taken in another order.
    assert torch.allclose(free, run(net), atol=1e-6)


def test_the_step_heeds_the_colours_of_the_noise_at_once_and_its_shape_when_trained():
    net = add_noise_model(network(["denoise"]))
    video = tensors([VIDEO, VIDEO])
    assert not torch.allclose(run(net, told=video), run(net), atol=1e-3)
    uncorrelated = (*video[:2], torch.zeros(2, SHAPE))
    assert torch.equal(run(net, told=video), run(net, told=uncorrelated))
    torch.nn.init.normal_(net.conditioning.context.net[0].weight)
    assert not torch.allclose(run(net, told=video), run(net, told=uncorrelated), atol=1e-3)


def test_jpeg_keeps_its_own_data_step():
    net, physics = add_noise_model(network(["jpeg"])), quantisation(20)
    operator = Jpeg()
    white = (*white_tensors(torch.tensor([0.1, 0.2]))[:2], torch.zeros(2, SHAPE))
    coloured = run(net, "jpeg", tensors([VIDEO, VIDEO]), operator, physics)
    assert torch.equal(coloured, run(net, "jpeg", white, operator, physics))


def test_without_conditioning_nothing_can_be_told():
    with pytest.raises(ValueError, match="without conditioning"):
        add_noise_model(UnfoldedModel(Denoiser(TOY), None, {"denoise": ScalarValues()}))


def test_a_file_says_whether_its_step_takes_the_noise_model(tmp_path):
    for net, wanted in (
        (network(["denoise"]), False),
        (add_noise_model(network(["denoise"])), True),
    ):
        save_model(net, tmp_path / "step.safetensors", {})
        back = load_model(tmp_path / "step.safetensors")
        assert back.conditioning.config.noise_model == wanted
        assert back.step("denoise").takes_noise_model == wanted
        told = tensors([VIDEO, VIDEO]) if wanted else ()
        assert (run(back, told=told) - run(net, told=told)).abs().max() < 0.05  # half precision


def test_the_bundled_step_for_denoising_takes_it_and_the_others_none():
    with safe_open(LITE / "step-denoise.safetensors", "pt") as f:
        assert json.loads(f.metadata()["conditioning"])["noise_model"]
    assert load_model(LITE / "step-denoise.safetensors").step("denoise").takes_noise_model
    assert not load_model(LITE / "step-blur.safetensors").step("blur").takes_noise_model


@pytest.mark.parametrize("seed", range(3))
def test_a_problem_is_whole_and_a_function_of_its_seed(seed):
    drawn = []
    for _ in range(2):
        torch.manual_seed(seed)
        drawn.append(real_noise(source, 6, 48, np.random.default_rng(seed)))
    first, again = drawn
    pairs = zip(
        (first.y, first.clean, *first.noise), (again.y, again.clean, *again.noise), strict=True
    )
    for a, b in pairs:
        assert torch.isfinite(a).all() and torch.equal(a, b)
    assert [t.shape for t in first.noise] == [(6, 3, 3), (6, 3), (6, SHAPE)]
    assert first.tensors(True) == first.noise and first.tensors(False) == ()
    true = (first.y - first.clean).square().mean((1, 2, 3)).sqrt() / first.sigma_y
    stated = true[first.noise[2][:, 4] == 0]
    # Clipping takes away; behind a camera's filter busy parts have more than is told.
    assert (stated > 0.6).all() and (not len(stated) or stated.median() < 1.5)


def test_an_estimate_errs_and_what_is_stated_does_not():
    std, shape = torch.full((400, 3), 0.1), torch.full((400, SHAPE), 0.3)
    shape[:, 3:] = 0
    estimated = np.arange(400) % 2 == 0
    wrong, moved = errs(std, shape, estimated, np.random.default_rng(4))
    assert torch.equal(wrong[1::2], std[1::2]) and torch.equal(moved[1::2], shape[1::2])
    assert (moved[::2, 4] == 1).all() and (moved[:, 3] == 0).all()
    off = (wrong[::2].mean(1) / 0.1).log().abs()
    assert 0.05 < off.median() < 0.2 and 0.5 < off.max() < 3
    assert moved[::2, :2].min() >= 0 and moved[::2, :3].std() > 0.05


def test_every_kind_is_held_out_and_scored_by_name(tmp_path):
    torch.manual_seed(0)
    problems = kinds_held_out(lambda rng: source, 48, count=3)
    assert set(KINDS) < set(problems)
    validator = Validator(dict(list(problems.items())[:2]), tmp_path, ONE_STEP)
    scores = validator.scores(add_noise_model(network(["denoise"])))
    assert set(scores) == {"white", "unclipped", "distance", "mean"}


def test_training_reaches_the_weights_that_hear_of_the_noise():
    net, carried = add_noise_model(network(["denoise"])), {}
    problem = real_noise(source, 4, 48, np.random.default_rng(5))
    fidelity(net, problem, np.random.default_rng(0), carried, go_on=0.0).backward()
    for context in (net.conditioning.context, net.conditioning.initial.context):
        heard = context.net[0].weight.grad[:, -FACTS:].abs().amax(0)
        assert (heard > 0).any() and facts(*problem.noise).abs().amax(0).gt(0).sum() >= 8
        assert all(
            heard[i] > 0 for i in range(FACTS) if facts(*problem.noise)[:, i].abs().max() > 0
        )


def test_a_trajectory_tells_a_step_only_what_it_takes():
    problem = real_noise(source, 2, 48, np.random.default_rng(5))
    for net in (network(["denoise"]), add_noise_model(network(["denoise"]))):
        steps = list(trajectory(net, problem, np.random.default_rng(1), go_on=0.0))
        assert torch.isfinite(squared_error(steps[0].x0, problem)).all()


def test_a_graph_takes_the_noise_model_and_agrees_with_the_step(tmp_path):
    net = add_noise_model(network(["denoise"]))
    torch.nn.init.normal_(net.conditioning.context.net[0].weight, std=0.3)
    about = {"name": "toy", "version": "1", "licence": "none", "training": {}, "scores": {}}
    misses = export(net.steps(), tmp_path / "package", about)
    assert misses.keys() == {"denoise"}  # and export has compared it with ONNX Runtime
    model = onnx.load(tmp_path / "package" / "denoise.onnx", load_external_data=False)
    facts = json.loads({p.key: p.value for p in model.metadata_props}["ud2m.manifest"])
    told = facts["prepare"]["inputs"]
    assert list(told)[2:] == list(INPUTS) and not set(INPUTS) & set(facts["inputs"])
    assert [told[name] for name in INPUTS] == [[1, 3, 3], [1, 3], [1, SHAPE]]
    with np.load(tmp_path / "package" / "denoise.golden.npz") as golden:
        assert golden["noise_std"].shape == (1, 3)
