"""A step that answers with the mean or with samples: inputs, growth, loss, graph."""

import json

import numpy as np
import onnx
import pytest
import torch
from toys import TOY, network, source

from ud2m.diffusion import noise
from ud2m.evaluation.bench import restore
from ud2m.export import golden
from ud2m.export.manifest import KEY
from ud2m.export.package import export
from ud2m.nn.conditioning import FEATURES, FeatureInjection
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.physics.generators import kernels
from ud2m.physics.noise_model import white_tensors
from ud2m.physics.operators import Identity
from ud2m.step import realism
from ud2m.step.model import (
    UnfoldedModel,
    add_noise_model,
    add_realism,
    average,
    grow,
    load_model,
    save_model,
)
from ud2m.step.scalars import ScalarValues
from ud2m.training.distillation import Samples, known, sampled
from ud2m.training.losses import energy
from ud2m.training.problems import draw
from ud2m.training.validator import ONE_STEP, Validator
from ud2m.training.validator.sampling import sampling_scores

FAMILIES = ("blur", "mask", "downscale4", "jpeg")


def problem(family, seed=0):
    torch.manual_seed(1)
    count = 4 if family in ("blur", "downscale4") else 2  # of large crops there are half as many
    return draw(family, source, count, 48, np.random.default_rng(seed), kernels.mixture([]))


def answer(net, p, share=None, seed=2, told=()):
    """share: None leaves realism out. seed: of the noise of realism."""
    generator, shape = torch.Generator().manual_seed(5), p.clean.shape
    step = net.step(p.family, p.operator)
    xt = torch.randn(*shape, generator=generator)
    inner = torch.randn(len(xt), net.iterations, *shape[1:], generator=generator)
    extra = ()
    if share is not None:
        own = torch.Generator().manual_seed(seed)

        def normal(*size):
            return torch.randn(*size, generator=own)

        extra = realism.draw(step.operator, p.y, torch.as_tensor(share), normal)
        told = known(step, p)[: 3 * step.takes_noise_model]
    return step(
        xt, p.z0, p.y, inner, torch.tensor([999.0]), p.sigma_y, *extra, *told, *p.physics
    ).detach()


def test_texture_noise_has_unit_variance_everywhere_and_is_smooth_on_the_grid():
    fine, coarse = torch.randn(2000, 4, 32, 40), torch.randn(2000, 2, *noise.grid_size(32, 40))
    drawn = noise.texture(fine, coarse)
    assert drawn.shape == (2000, noise.TEXTURE, 32, 40) and torch.equal(drawn[:, :4], fine)
    assert (drawn.var(0) - 1).abs().max() < 0.25 and abs(float(drawn.var()) - 1) < 0.02
    rough = drawn.diff(dim=-1).square().mean((0, 2, 3))
    assert (rough[4:] < 0.02).all() and (rough[:4] > 1.9).all()


def test_texture_noise_of_a_seed_does_not_depend_on_the_size_of_the_image():
    small, large = noise.texture_image(3, 1, 20, 33), noise.texture_image(3, 1, 48, 64)
    assert small.shape == (6, 20, 33) and np.array_equal(small, large[:, :20, :33])
    others = (noise.texture_image(3, 0, 20, 33), noise.texture_image(4, 1, 20, 33))
    assert all(np.abs(small - other).max() > 1 for other in others)
    used = {noise.TEXTURE_STREAM + i for i in range(3 * 100)}
    assert min(used) > 100 * 33  # beyond the streams of a hundred steps of 32 iterations


@pytest.mark.parametrize("family", FAMILIES)
def test_a_grown_step_answers_as_before_until_it_is_asked_for_a_sample(family):
    net, p = network(FAMILIES), problem(family)
    grown = add_realism(net)
    before = answer(net, p)
    assert torch.equal(answer(grown, p), before)
    means = [answer(grown, p, (0.0, 0.0), seed) for seed in (1, 2)]
    assert torch.equal(*means) and (means[0] - before).abs().max() < 1e-4
    first, second = (answer(grown, p, (1.0, 1.0), seed) for seed in (1, 2))
    assert (first - second).abs().mean() > 1e-4
    mixed = answer(grown, p, (0.0, 1.0))  # each image is asked for by itself
    assert (mixed[0] - before[0]).abs().max() < 1e-4 < (mixed[1] - before[1]).abs().max()


@pytest.mark.parametrize("order", ((add_realism, add_noise_model), (add_noise_model, add_realism)))
def test_realism_and_the_noise_model_go_together_in_either_order(order):
    net, p = network(["denoise"]), problem("denoise")
    grown = order[1](order[0](net))
    step = grown.step("denoise")
    assert step.inputs == (
        "realism",
        "texture_noise",
        "y_noise",
        "noise_basis",
        "noise_std",
        "noise_shape",
    )
    white = white_tensors(p.sigma_y)
    # Longer rows of zeros may be summed in another order.
    assert torch.allclose(answer(grown, p), answer(net, p), atol=1e-6)
    assert torch.allclose(answer(grown, p, told=white), answer(net, p), atol=1e-6)
    assert (answer(grown, p, (0.0, 0.0)) - answer(net, p)).abs().max() < 1e-4


def test_new_weights_are_drawn_and_learn():
    grown = add_realism(network(["mask"]))
    for part in (grown.conditioning, grown.conditioning.initial):
        new = part.inject.conv.weight[:, FEATURES * part.inject.unshuffle**2 :]
        assert 0.008 < float(new.detach().std()) < 0.012
    loss = Samples(features=0.0, realism=1.0)
    grown.train().requires_grad_(True)
    loss(grown, problem("mask"), np.random.default_rng(0), {}).backward()
    for name in ("inject.conv.weight", "context.realism.weight", "initial.inject.conv.weight"):
        weight = grown.conditioning.get_parameter(name)
        assert float(weight.grad.abs().amin()) >= 0 and float(weight.grad.abs().max()) > 0, name
    assert grown.scalars["mask"].final_reach.grad is not None


def test_without_the_coarse_noise_its_weights_stay_zero():
    inject = FeatureInjection(DenoiserConfig(2, (12, 24), (1, 1), 24), realism=True)
    inject.leave_coarse_noise_out()
    image = torch.randn(1, FEATURES + noise.TEXTURE, 8, 8)
    parts = (image[:, :3], image[:, 3:4], image[:, 4:])
    _, _, weight = inject(parts, torch.ones(1, 1, 1, 1))
    (weight * torch.randn_like(weight)).sum().backward()
    coarse = (slice(None), slice(-noise.COARSE * 4, None))
    assert not inject.conv.weight[coarse].any() and not inject.conv.weight.grad[coarse].any()
    fine = inject.conv.weight.grad[:, FEATURES * 4 : -noise.COARSE * 4]
    assert fine.abs().min() > 0 and inject.conv.weight[:, FEATURES * 4 :].std() > 0.005


def test_a_larger_step_keeps_its_realism():
    small = add_realism(network(["mask"]))
    large = grow(small, DenoiserConfig(2, (12, 24), (2, 1), 24))
    p = problem("mask")
    for share in ((0.0, 0.0), (1.0, 1.0)):
        assert (answer(large, p, share) - answer(small, p, share)).abs().max() < 1e-3


def test_without_conditioning_there_are_no_samples():
    with pytest.raises(ValueError, match="without conditioning"):
        add_realism(UnfoldedModel(Denoiser(TOY), None, {"denoise": ScalarValues()}))


def test_a_file_says_whether_its_step_takes_realism(tmp_path):
    for net in (network(["mask"]), add_realism(network(["mask"]))):
        save_model(net, tmp_path / "step.safetensors", {})
        back = load_model(tmp_path / "step.safetensors")
        assert back.takes_realism == net.takes_realism
        p = problem("mask")
        share = (1.0, 1.0) if net.takes_realism else None
        assert (answer(back, p, share) - answer(net, p, share)).abs().max() < 0.05
    assert average(back, back, 0.5).takes_realism


@pytest.mark.parametrize("reach", (0.05, 1.0, 30.0))
@pytest.mark.parametrize("family", ("denoise", "mask"))
def test_the_last_data_step_keeps_a_residual_of_the_power_of_the_noise(family, reach):
    p = problem(family)
    step = add_realism(network([family])).step(family, p.operator)
    sigma = p.sigma_y[:, None, None, None]
    estimate = p.y + sigma * torch.randn_like(p.y)  # whose residual has the power of the noise
    with torch.no_grad():
        step.scalars.final_reach.fill_(float(np.log(reach * float(sigma.mean()))))
    told = realism.Realism(torch.ones(2), None, torch.randn_like(p.y))
    axes = type("Axes", (), {"level": sigma, "std": sigma})()
    axes.into = axes.back = lambda x: x
    u = step._finished(estimate, p.y, axes, told, p.physics, p.operator.prepare(p.y, *p.physics))
    seen = p.physics[0].expand_as(p.y) > 0 if p.physics else torch.ones_like(p.y) > 0
    ratio = ((p.y - u) / sigma)[seen].square().mean().sqrt()
    assert abs(float(ratio.detach()) - 1) < 0.05


def test_where_the_data_know_better_the_residual_becomes_that_of_the_noise():
    y, sigma = torch.randn(2, 3, 32, 32), torch.full((2, 1, 1, 1), 0.02)
    reach, n, gate = torch.tensor(0.5), torch.randn(2, 3, 32, 32), torch.ones(2, 1, 1, 1)
    noisy = realism.noisier(y, sigma, reach, Identity(), n, gate)
    u = Identity().data_step(y + 0.1, reach.square().reshape(1, 1, 1, 1), sigma, noisy)
    assert abs(float(((y - u) / sigma).square().mean().sqrt()) - 1) < 0.05


def test_the_score_is_least_for_samples_of_the_posterior():
    torch.manual_seed(3)
    truth = torch.randn(64, 1, 32, 32)

    def expected(scale, white=False):
        """Samples whose bands are as far from 0 as those of the truth, times `scale`."""
        draws = [scale * torch.randn(64, 1, 32, 32) for _ in range(2)]
        if white:  # one value for each image: right in total, wrong in each patch
            draws = [scale * torch.randn(64, 1, 1, 1).expand_as(truth) for _ in range(2)]
        part = energy.score(energy.patch_distance, *draws, truth)
        return float((part.error - part.spread).mean())

    scores = {scale: expected(scale) for scale in (0.0, 0.5, 1.0, 1.5, 2.0)}
    assert min(scores, key=scores.get) == 1.0, scores
    assert expected(1.0, white=True) > scores[1.0]


def test_texture_that_lies_on_a_grid_is_seen():
    torch.manual_seed(4)
    even, truth = torch.randn(16, 1, 64, 64), torch.randn(8, 1, 64, 64)
    assert float(energy.grid(even, truth, 4)) < 0.01
    pattern = torch.ones(1, 1, 64, 64)
    pattern[..., ::4, ::4] = 1.5
    assert float(energy.grid(even * pattern, truth, 4)) > 0.03
    assert float(energy.grid(even * pattern, truth * pattern, 4)) < 0.01


def test_bands_are_those_of_a_pyramid_and_luma_knows_no_chroma():
    x = torch.rand(2, 3, 48, 48)
    assert [b.shape[-1] for b in energy.bands(x)] == [48, 24, 12, 6]
    assert all(b.abs().max() < 1e-5 for b in energy.bands(torch.full((1, 1, 48, 48), 0.7)))
    luma, chroma = energy.luma_and_chroma(x)
    assert luma.shape == (2, 1, 48, 48) and chroma.shape == (2, 2, 48, 48)
    gray = x[:, :1].expand(-1, 3, -1, -1)
    assert energy.luma_and_chroma(gray)[1].abs().max() < 1e-5
    tinted = x + torch.tensor([1.402, -0.714136286, 0.0])[:, None, None]  # Cr alone
    assert torch.allclose(energy.luma_and_chroma(tinted)[0], luma, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_both_kinds_of_batch_train_every_family(family):
    net, p, carried = add_realism(network(FAMILIES)), problem(family), {"progress": 0.0}
    net.train().requires_grad_(True)
    for share in (0.0, 1.0):
        objective = Samples(features=0.0, realism=share)
        value = objective(net, p, np.random.default_rng(1), carried)
        value.backward()
        assert torch.isfinite(value)
    assert any("luma" in key for key in carried["expected"])


def test_the_weight_of_the_spread_rises_from_a_half():
    net, p = add_realism(network(["mask"])), problem("mask")

    def value(progress):
        torch.manual_seed(4)
        objective = Samples(features=0.0, realism=1.0)
        rng = np.random.default_rng(1)
        return float(objective(net, p, rng, {"progress": progress}).detach())

    values = [value(progress) for progress in (0.0, 0.05, 0.1, 0.9)]
    assert values[0] > values[1] > values[2] == values[3]
    assert values[0] - values[1] == pytest.approx(values[1] - values[2], rel=1e-3)


def test_a_later_state_is_drawn_from_the_clean_image():
    net, p = add_realism(network(["denoise"])), problem("denoise")
    step, states = net.step("denoise"), []
    step.register_forward_pre_hook(lambda module, inputs: states.append(inputs[0]))
    net.step = lambda *a: step
    for t in (999, 111):
        sampled(net, p, t, torch.Generator().manual_seed(0))
    first, later = (float(((s - s.mean()) * (p.clean - p.clean.mean())).mean()) for s in states)
    assert abs(first) < 0.02 < 0.1 < later


def test_validation_tells_of_samples(tmp_path):
    net = add_realism(network(["downscale4", "mask"]))
    scores = sampling_scores(net, problem("downscale4"))
    assert set(scores) == {
        "psnr_sample",
        "psnr_mean",
        "spread_error",
        "power_luma",
        "power_chroma",
        "grid",
    }
    assert scores["psnr_mean"] > scores["psnr_sample"] and 0 < scores["spread_error"] < 2
    every = Validator({f: problem(f) for f in ("mask",)}, tmp_path, ONE_STEP)
    every.problems["mask"] = problem("mask").first(2)
    found = every._sampling(net)
    assert "grid" not in found and "spread_error" in found


def test_evaluation_asks_for_samples_or_for_the_mean():
    net = network(["mask"])
    grown, case = add_realism(net), golden.make_case("mask", 16, 1)

    def answer(step, share, seed=3):
        generator, counts = torch.Generator().manual_seed(seed), (2, step.iterations)
        return restore(step, case.observation, 0.02, counts, generator, realism=share)

    mean = answer(net.step("mask"), 0.0)
    assert (answer(grown.step("mask"), 0.0) - mean).abs().max() < 1e-4
    assert torch.equal(answer(net.step("mask"), 1.0), mean)  # it has no samples
    first, second = (answer(grown.step("mask"), 1.0, seed) for seed in (3, 4))
    assert (first - mean).abs().max() > 1e-3 < (first - second).abs().max()


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    torch.manual_seed(0)
    net = add_noise_model(add_realism(network(["downscale4", "jpeg"])))
    net.iterations = 1  # a smaller graph
    out = tmp_path_factory.mktemp("realism") / "toy"
    steps = {g: s for g, s in net.steps().items() if g in ("downscale4", "jpeg")}
    about = {"name": "toy", "version": "1", "licence": "MPL-2.0", "training": {}, "scores": {}}
    return export(steps, out, about), out


def test_a_graph_takes_what_makes_a_sample_and_says_so(package):
    misses, out = package
    assert max(misses.values()) < 1e-4
    for name, sides in (("downscale4", ["H/4", "W/4"]), ("jpeg", None)):
        model = onnx.load(out / f"{name}.onnx", load_external_data=False)
        facts = json.loads({p.key: p.value for p in model.metadata_props}[KEY])
        inputs = facts["inputs"]
        assert "realism" not in inputs and inputs["texture_noise"] == ["B", 6, "H", "W"]
        assert inputs.get("y_noise") == (sides and ["B", 3, *sides])
        told = facts["prepare"]["inputs"]
        assert told["noise_basis"] == [1, 3, 3] and told["noise_std"] == [1, 3]
        assert told["realism"] == [1]
        assert {i.name for i in model.graph.input} == set(inputs)
