"""The distilled step: as its denoiser before training, trained on its own trajectories, stored
whole.
"""

import numpy as np
import pytest
import torch
from toys import answer

from ud2m.diffusion.sampler import sample
from ud2m.diffusion.schedule import time_grid
from ud2m.nn import lora
from ud2m.nn.conditioning import Conditioning, ConditioningConfig, Context
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.nn.flops import conditioned_flops_per_pixel, flops_per_pixel
from ud2m.nn.weights import provenance
from ud2m.physics.generators import kernels
from ud2m.physics.operators import FAMILIES
from ud2m.physics.operators import context as context_of
from ud2m.step.mirror import Mirror
from ud2m.step.model import CHOSEN, UnfoldedModel, load_model, save_model
from ud2m.step.scalars import ScalarValues
from ud2m.training.distillation import (
    GRID_SHARES,
    GRIDS,
    Balance,
    Perceptual,
    fidelity,
    squared_error,
    trajectory,
)
from ud2m.training.losses import LOSSES
from ud2m.training.problems import draw

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)
SHAPE = ConditioningConfig((0, 1), DenoiserConfig(4, (8, 12), (1, 1), 16))


def network(guided=True):
    denoiser = Denoiser(TOY)
    torch.nn.init.normal_(denoiser.tail.weight, std=0.1)
    return UnfoldedModel(
        denoiser,
        Conditioning(TOY, SHAPE) if guided else None,
        {f: ScalarValues(fresh_first=0.2) for f in FAMILIES},
    )


def source(count, side):
    return torch.rand(count, 3, side, side) * 2 - 1


def problem(family, seed=0):
    torch.manual_seed(1)
    return draw(family, source, 2, 48, np.random.default_rng(seed), kernels.mixture([]))


@pytest.mark.parametrize("family", FAMILIES)
def test_untrained_conditioning_leaves_the_denoiser_as_it_was(family):
    guided, plain, p = network(), network(False), problem(family)
    plain.denoiser.load_state_dict(guided.denoiser.state_dict())
    assert torch.allclose(answer(guided, p), answer(plain, p), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_trajectory_needs_nothing_of_the_cpu(family, monkeypatch):
    """On PyTorch's device without data, which refuses, as a GPU does, tensors that were left on the
    CPU.
    """
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda kind: False)  # it knows no such device
    net, p = network().to("meta"), problem(family).to("meta")
    steps = list(trajectory(net, p, np.random.default_rng(1), go_on=1.0))
    squared_error(steps[-1].x0, p).sum().backward()
    assert (
        steps[-1].x0.device.type == "meta"
        and net.denoiser.tail.weight.grad.shape == net.denoiser.tail.weight.shape
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_part_learns_but_the_fresh_noise(family):
    net = network()
    for (
        name,
        p,
    ) in (
        net.named_parameters()
    ):  # past the zero weights of the start, where gradients of what lies behind a zero are zero
        if name.startswith("conditioning") or "film" in name:
            torch.nn.init.normal_(p, std=0.05)
    for t in (999.0, 444.0, 111.0):
        answer(net, problem(family), t).square().mean().backward()
    learning = {
        n for n, p in net.named_parameters() if p.grad is not None and float(p.grad.abs().max()) > 0
    }
    wanted = {
        n
        for n, _ in net.named_parameters()
        if not n.startswith("scalars") and "embed.0" not in n and "context.net.0" not in n
    }
    assert wanted <= learning, wanted - learning
    scalars = {n.rsplit(".", 1)[1] for n in learning if n.startswith(f"scalars.{family}.")}
    assert {
        "rho_ratio",
        "noise_trust",
        "min_sigma",
        "noise_ratio",
        "state_weight",
    } <= scalars and not scalars & set(CHOSEN)
    assert not any(
        n.startswith("scalars") and not n.startswith(f"scalars.{family}.") for n in learning
    )


def test_the_conditioning_sees_the_mask_and_the_operator():
    net = network()
    torch.nn.init.normal_(net.conditioning.inject.conv.weight, std=0.3)
    torch.nn.init.normal_(net.conditioning.context.net[2].weight, std=0.3)
    for layer in net.denoiser.modules():
        if hasattr(layer, "film"):
            torch.nn.init.normal_(layer.film.weight, std=0.3)
    p = problem("blur")
    conditioning, x, sigma = (
        net.conditioning,
        torch.randn(2, 3, 48, 48),
        torch.full((2, 1, 1, 1), 0.1),
    )

    def context(family):
        return Context(
            context_of(net.step(family).operator, *p.physics if family == "blur" else ()),
            p.sigma_y.reshape(-1, 1, 1, 1),
            torch.ones(1, 1, 1, 1),
            torch.full((1, 1, 1, 1), 0.5),
        )

    def films(family):
        return conditioning.films(net.denoiser, sigma, context(family))[0]

    none, scalings = torch.zeros(2, 4, 48, 48), net.denoiser.scalings(sigma)
    answers = [
        conditioning(net.denoiser, x, scalings, films(f), (s,), torch.ones(2, 1, 1, 1), None)[0]
        for s, f in ((none, "blur"), (none + 1, "blur"), (none, "denoise"))
    ]
    assert not torch.allclose(answers[0], answers[1]) and not torch.allclose(answers[0], answers[2])


def test_a_trajectory_follows_the_grid_and_steps_do_not_reach_back():
    net, p, lengths = network(), problem("mask"), []
    for seed in range(12):
        steps = list(trajectory(net, p, np.random.default_rng(seed)))
        lengths.append(len(steps))
        assert [s.index for s in steps] == list(range(len(steps))) and len(steps) <= len(
            time_grid(5)
        )
    assert min(lengths) == 1 and max(lengths) > 1
    steps = list(trajectory(net, p, np.random.default_rng(int(np.argmax(lengths)))))
    steps[-1].x0.square().mean().backward()
    assert steps[0].x0.grad_fn is not steps[-1].x0.grad_fn


def test_how_far_a_trajectory_goes_is_chosen():
    net, p = network(), problem("denoise")

    def count(go_on, seed):
        return len(list(trajectory(net, p, np.random.default_rng(seed), go_on=go_on)))

    assert {count(0.0, seed) for seed in range(6)} == {1}
    for seed in range(6):
        wanted = int(np.random.default_rng(seed).choice(GRIDS, p=GRID_SHARES))
        assert count(1.0, seed) == wanted


def test_a_training_of_one_step_walks_one_step_and_trains_no_mean():
    net, p, carried = network(), problem("denoise"), {}
    net.ensemble, p.hardness, alone = True, [0, 0], (1.0, 0.0, 0.0, 0.0, 0.0)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        assert len(list(trajectory(net, p, rng, go_on=1.0, grid_shares=alone))) == 1
        fidelity(net, p, rng, carried, go_on=1.0, grid_shares=alone)
    assert set(carried["expected"]) == {"denoise 0 0"}


@pytest.mark.parametrize("mean", (False, True))
def test_the_answer_of_one_step_is_its_estimate_whatever_the_aggregation(mean):
    net, p = network(), problem("denoise")
    net.ensemble = mean
    step, xt = net.step("denoise"), torch.randn(2, 3, 48, 48)
    noise, sigma_y = torch.randn(2, 3, 3, 48, 48), p.sigma_y

    def run(xt, z, n, t):
        return step(xt, z, p.y, n, t, sigma_y)

    answer = sample(run, p.z0, xt, 1, lambda i: noise, mean=mean)
    assert torch.allclose(answer, run(xt, p.z0, noise, torch.tensor([999.0])), atol=1e-6)
    assert torch.equal(Mirror(torch.tensor([999.0]))(xt), xt)


def test_an_ensemble_is_also_trained_by_what_the_sampler_answers_with():
    net, p, carried = network(), problem("denoise"), {}
    seed = next(s for s in range(99) if np.random.default_rng(s).choice(GRIDS, p=GRID_SHARES) == 2)
    p.hardness = [0, 0]
    fidelity(net, p, np.random.default_rng(seed), carried, go_on=1.0)
    assert set(carried["expected"]) == {"denoise 0 0", "denoise 0 1"}
    net.ensemble, carried = True, {}
    torch.manual_seed(3)
    fidelity(net, p, np.random.default_rng(seed), carried, go_on=1.0)
    assert set(carried["expected"]) == {"denoise 0 0", "denoise 0 1", "denoise 0 mean 1"}
    torch.manual_seed(3)
    first, second = (
        s.x0.detach() for s in trajectory(net, p, np.random.default_rng(seed), go_on=1.0)
    )
    errors = squared_error((first + 2 * second) / 3, p)
    wanted = errors[0] + 0.02 * (errors[1] - errors[0])  # the balance's running mean
    assert carried["expected"]["denoise 0 mean 1"] == pytest.approx(float(wanted), rel=1e-4)


def test_the_balance_gives_every_kind_the_same_say():
    balance, p = Balance({}, own=0.0), problem("denoise")
    p.hardness = [0, 1]
    error = torch.tensor([1.0, 100.0])
    for _ in range(300):
        balance(error, p, "0")
    assert torch.allclose(balance(error, p, "0"), torch.ones(2), atol=0.01)


@pytest.mark.parametrize("terms", LOSSES)
def test_a_few_updates_lower_the_loss(terms):
    net, p, carried = network(), problem("denoise"), {}
    objective = fidelity if terms == "fidelity" else Perceptual(LOSSES[terms])
    learning = [p for p in net.parameters() if p.requires_grad]
    optimiser, errors = torch.optim.Adam(learning, 3e-3), []
    for _ in range(25):
        torch.manual_seed(0)
        loss = objective(net, p, np.random.default_rng(3), carried)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            errors.append(float(squared_error(answer(net, p), p).mean()))
    assert errors[-1] < 0.8 * errors[0]
    assert ("critic" in carried) == (terms == "perceptual")


def test_a_resumed_discriminator_goes_on_where_it_stood():
    carried, p = {}, problem("denoise")
    first = Perceptual(LOSSES["perceptual"])
    for _ in range(2):
        first(network(), p, np.random.default_rng(0), carried)
    before = {k: v.clone() for k, v in carried["critic"].items()}
    second = Perceptual(LOSSES["perceptual"])
    for _ in range(2):
        second(network(), p, np.random.default_rng(0), carried)
    moved = max(float((v - before[k]).abs().max()) for k, v in carried["critic"].items())
    assert 0 < moved < 2e-3  # one small update away, not another network


def test_a_step_comes_back_from_disk_with_its_adapters_merged(tmp_path):
    net, p = network(), problem("blur")
    lora.attach(net.denoiser, 2, targets="first|second")
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith(".up"):
                value.normal_(std=0.2)
    want = answer(net, p)
    save_model(net, tmp_path / "step.safetensors", {"images": 7})
    back = load_model(tmp_path / "step.safetensors")
    assert provenance(tmp_path / "step.safetensors") == {"images": 7}
    assert (
        back.denoiser.config == TOY
        and back.conditioning.config == SHAPE
        and not lora.adapter_state(back)
    )
    assert (answer(back, p) - want).abs().max() < 0.02  # half precision on disk
    for family in FAMILIES:
        assert back.values()[family].to_dict() == pytest.approx(
            net.values()[family].to_dict(), rel=1e-5
        )


def test_another_file_is_refused(tmp_path):
    from ud2m.nn.weights import save_denoiser

    save_denoiser(Denoiser(TOY), tmp_path / "denoiser.safetensors", {})
    with pytest.raises(ValueError, match="make one with distill.py"):
        load_model(tmp_path / "denoiser.safetensors")


def test_the_shipped_shape_keeps_to_its_budget():
    evaluation, initial = conditioned_flops_per_pixel(DenoiserConfig(), ConditioningConfig())
    assert flops_per_pixel(DenoiserConfig()) < evaluation <= 120e3 and initial < 40e3
