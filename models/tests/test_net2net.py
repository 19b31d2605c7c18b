"""A grown step answers as the one that it grew from, and all that is new in it can learn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import answer

from ud2m.nn.conditioning import Conditioning, ConditioningConfig
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.nn.weights import provenance
from ud2m.physics.generators import kernels
from ud2m.physics.operators import FAMILIES
from ud2m.step.model import UnfoldedModel, grow, load_model, save_model
from ud2m.step.scalars import ScalarValues
from ud2m.training.problems import draw

VERB = Path(__file__).parents[1] / "checkpoint.py"
SMALL, LARGE = (
    DenoiserConfig(2, (8, 12, 16), (1, 1, 2), 16),
    DenoiserConfig(2, (12, 24, 40), (2, 1, 3), 24),
)
SHAPE = ConditioningConfig((0, 2), DenoiserConfig(4, (8, 12), (1, 1), 16))


def trained(config=SMALL):
    """A step none of whose weights is zero."""
    net = UnfoldedModel(
        Denoiser(config),
        Conditioning(config, SHAPE),
        {f: ScalarValues(fresh_first=0.2) for f in FAMILIES},
        ensemble=True,
    )
    for name, p in net.named_parameters():
        if not name.startswith("scalars"):
            torch.nn.init.normal_(p, std=0.5 * p[0].numel() ** -0.5 if p.ndim > 1 else 0.1)
    return net


def problem(family):
    rng = np.random.default_rng(3)

    def source(count, side):
        return torch.from_numpy(rng.uniform(-1, 1, (count, 3, side, side))).float()

    return draw(family, source, 2, 48, rng, kernels.mixture([]))


@pytest.mark.parametrize("family", ("blur", "mask", "downscale3", "jpeg"))
def test_a_grown_step_answers_as_before(family):
    small = trained()
    large = grow(small, LARGE)
    before = answer(small, problem(family)).detach()
    assert torch.allclose(
        answer(large, problem(family)), before, atol=1e-4 * float(before.abs().max())
    )
    assert large.denoiser.config == LARGE and large.values() == small.values() and large.ensemble


def test_every_new_weight_is_reached_once_the_new_channels_are_used():
    large = grow(trained(), LARGE).train().requires_grad_(True)
    optimiser = torch.optim.SGD(large.parameters(), 1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        answer(large, problem("denoise")).square().mean().backward()
        if _ < 2:
            optimiser.step()
    still = [
        n
        for n, p in large.named_parameters()
        if not n.startswith("scalars")
        and p.ndim > 1
        and (p.grad is None or (p.grad == 0).flatten(1).all(1).any())
    ]
    # Of ReLUs some rest; of convolutions every output channel must have moved.
    assert not [
        n for n in still if any(part in n for part in ("head", "tail", "down", "up", "second"))
    ], still


def test_the_verb_grows_a_file_and_tells_from_what(tmp_path):
    torch.manual_seed(0)
    lite = DenoiserConfig(2, (8, 12, 16), (1, 1, 2), 16)
    save_model(trained(lite), tmp_path / "a.safetensors", {"images": 7})
    command = [
        sys.executable,
        VERB,
        "grow",
        "--step",
        tmp_path / "a.safetensors",
        "--out",
        tmp_path / "new" / "b.safetensors",
        "--size",
    ]
    subprocess.run([*command, "base"], check=True)
    assert load_model(tmp_path / "new" / "b.safetensors").denoiser.config.channels == (96, 192, 384)
    assert provenance(tmp_path / "new" / "b.safetensors")["grown"] == {
        "size": "base",
        "seed": 0,
        "from": {"images": 7},
    }
    refused = subprocess.run([*command, "toy"], capture_output=True, text=True)
    assert refused.returncode == 2 and "cannot grow" in refused.stderr


@pytest.mark.parametrize(
    "config",
    (
        DenoiserConfig(2, (8, 12, 12), (1, 1, 2), 16),
        DenoiserConfig(2, (8, 12), (1, 2), 16),
        DenoiserConfig(4, (8, 12, 16), (1, 1, 2), 16),
    ),
)
def test_nothing_shrinks(config):
    with pytest.raises(ValueError, match="cannot grow"):
        grow(trained(), config)
