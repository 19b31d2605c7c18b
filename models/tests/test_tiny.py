"""The smallest steps: convolutions of several branches, a teacher, a last data step, their cost."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from toys import answer

from ud2m.export.flops import flops_per_pixel
from ud2m.export.package import export
from ud2m.nn import lora, reparam
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.physics.generators import kernels
from ud2m.step.model import UnfoldedModel, load_model, save_model
from ud2m.step.scalars import ScalarValues
from ud2m.training.distillation import Teacher, fidelity, squared_error
from ud2m.training.options import PRESETS, DistillationOptions
from ud2m.training.problems import draw
from ud2m.training.start import begin

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)
BUDGET = 90e3  # multiplications and additions for each pixel of a frame


def source(count, side):
    return torch.rand(count, 3, side, side) * 1.6 - 0.8


def problem(family):
    torch.manual_seed(1)
    return draw(family, source, 2, 48, np.random.default_rng(0), kernels.mixture([]))


def branched():
    """A network whose branches all do something."""
    net = Denoiser(TOY)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    reparam.attach(net)
    for name, p in net.named_parameters():
        if ".parametrizations." in name and not name.endswith("original"):
            torch.nn.init.normal_(p, std=0.1)
    return net


def test_branches_sum_to_one_convolution_at_the_borders_too():
    layer = torch.nn.Sequential(torch.nn.Conv2d(5, 7, 3, padding=1))
    plain = layer[0].weight.detach().clone()
    assert reparam.attach(layer) == ["0"]
    x, before = torch.randn(2, 5, 9, 11), F.conv2d(torch.ones(1, 5, 4, 4), plain, padding=1)
    assert torch.equal(layer[0].weight, plain) and before.shape == (1, 7, 4, 4)
    branches = layer[0].parametrizations.weight[0]
    for p in branches.parameters():
        torch.nn.init.normal_(p, std=0.3)
    wide = F.conv2d(x, branches.widen[:, :, None, None])
    apart = (
        F.conv2d(x, plain, layer[0].bias, padding=1)
        + F.conv2d(x, branches.point[:, :, None, None])
        + F.conv2d(wide, branches.narrow, padding=1)
    )
    assert (layer(x) - apart).abs().max() < 1e-5 * apart.abs().max()
    trained = layer(x).detach()
    lora.merge(layer)
    assert type(layer[0]) is not type(None) and not hasattr(layer[0], "parametrizations")
    assert (layer(x) - trained).abs().max() < 1e-5


def test_a_step_with_branches_is_saved_as_one_without(tmp_path):
    net, p = UnfoldedModel(branched(), None, {"denoise": ScalarValues()}), problem("denoise")
    save_model(net, tmp_path / "step.safetensors", {})
    back = load_model(tmp_path / "step.safetensors")
    assert sum(w.numel() for w in back.denoiser.parameters()) == sum(
        w.numel() for w in Denoiser(TOY).parameters()
    )
    assert (answer(back, p) - answer(net, p)).abs().max() < 0.02  # half precision on disk


@pytest.mark.parametrize("family", ("denoise", "mask", "jpeg"))
def test_a_step_may_end_with_a_data_step(family, tmp_path):
    p, values = problem(family), {family: ScalarValues(final_reach=0.3)}
    net = UnfoldedModel(Denoiser(TOY), None, values, final=True)
    open_end = UnfoldedModel(net.denoiser, None, {family: ScalarValues()})
    near, far = (
        (p.y - p.operator.A(answer(n, p), *p.physics)).square().mean() for n in (net, open_end)
    )
    assert near < far
    save_model(net, tmp_path / "step.safetensors", {})
    back = load_model(tmp_path / "step.safetensors")
    assert back.final and not back.quick and back.values()[family].final_reach == pytest.approx(0.3)
    answer(net, p).square().mean().backward()
    assert net.scalars[family].final_reach.grad.abs() > 0


def test_what_a_teacher_answers_is_a_target(tmp_path):
    net = UnfoldedModel(Denoiser(TOY), None, {"denoise": ScalarValues()})
    save_model(net, tmp_path / "step.safetensors", {})
    teacher, p = Teacher(tmp_path / "step.safetensors"), problem("denoise")
    assert not teacher(p).requires_grad and teacher(p).shape == p.clean.shape
    carried = {}
    rng = np.random.default_rng(0)
    fidelity(net, p, rng, carried, go_on=0.0, teacher=lambda p: p.clean + 0.5, teacher_weight=3.0)
    torch.manual_seed(1)
    plain = {}
    fidelity(net, p, np.random.default_rng(0), plain, go_on=0.0)
    key = next(iter(plain["expected"]))
    assert carried["expected"][key] > plain["expected"][key] + 0.5
    assert squared_error(p.clean, p).max() == 0


def options(tmp_path, preset, **others):
    needed = {"shards": [], "out": tmp_path, "preset": preset}
    return DistillationOptions(**needed, **PRESETS[preset], **others)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name.startswith("tiny")])
def test_a_tiny_step_begins_from_nothing(preset, tmp_path):
    net = begin(options(tmp_path, preset))
    (family,) = net.scalars
    assert net.final and net.quick and net.conditioning.initial is None and family == preset[5:]
    assert net.iterations == (2 if family in ("blur", "mask") else 1)
    assert bool(net.conditioning.recurrence) == (net.iterations == 2)
    save_model(net, tmp_path / "step.safetensors", {})
    assert net.single and load_model(tmp_path / "step.safetensors").single


def test_a_step_of_one_family_goes_on_with_another(tmp_path):
    start = tmp_path / "step.safetensors"
    save_model(begin(options(tmp_path, "tiny-denoise")), start, {})
    net = begin(options(tmp_path, "tiny-jpeg", start=start))
    (family,) = net.scalars
    expected = begin(options(tmp_path, "tiny-jpeg")).scalars["jpeg"].values()
    assert family == "jpeg" and net.scalars["jpeg"].values() == expected
    assert not net.scalars["jpeg"].fresh_first.requires_grad
    kept = load_model(start).denoiser.bottom[0].film.weight
    assert torch.allclose(net.denoiser.bottom[0].film.weight, kept)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    about = {"name": "tiny", "version": "1", "licence": "MPL-2.0", "training": {}, "scores": {}}
    steps = {}
    for preset in ("tiny-downscale4", "tiny-blur"):
        steps |= begin(options(folder, preset)).steps()
    return export(steps, folder / "tiny", about), folder / "tiny"


def test_the_cost_of_tiny_is_counted_in_its_graphs_and_kept(package: tuple[dict, Path]):
    misses, folder = package
    assert max(misses.values()) <= 1e-4
    for graph, network in (("downscale4", 69e3), ("blur", 50e3)):
        counted = flops_per_pixel(folder / f"{graph}.onnx", 240, 320)
        assert network < counted <= BUDGET, (graph, counted)
