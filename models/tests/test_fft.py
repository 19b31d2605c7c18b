"""The transforms of data steps against torch.fft, in PyTorch and in a graph."""

from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import torch

from ud2m.export.graph import size_multiple
from ud2m.physics.operators import Blur
from ud2m.physics.operators.fft import FactoredTransform, FastTransform, otf, transform

SIDES = [(16, 16), (16, 48), (32, 16), (48, 80), (80, 48), (112, 208), (416, 704)]
BATCHES = [(1, 3), (2, 3), (3, 1)]


def in_order_of_factors(f):
    """A full spectrum [...,H,W] in the order of a FactoredTransform, [...,9,16,2v,m]."""
    rows, columns = f.shape[-2] // 16, f.shape[-1] // 16
    k1, l1, k2, l2 = (torch.arange(n) for n in (9, 16, rows, columns))
    down = (k1[:, None] + 16 * k2)[:, None, None, :]
    across = (l1[:, None] + 16 * l2)[None, :, :, None]
    f = f[..., down, across]
    return torch.cat([f.real, f.imag], -2)


@pytest.mark.parametrize("h,w", [(48, 72), (37, 31), (1, 5), (2, 3)])
def test_the_fast_transform_is_the_fourier_transform(h, w):
    x = torch.randn(2, 3, h, w)
    f = FastTransform(h, w, x.device)
    got, want = f.forward(x), torch.fft.rfft2(x.double())
    assert (got - torch.cat([want.real, want.imag], -2)).abs().max() < 1e-4
    assert (f.inverse(got) - x).abs().max() < 1e-5


@pytest.mark.parametrize("b,c", BATCHES)
@pytest.mark.parametrize("h,w", SIDES)
def test_the_transform_in_factors_is_the_fourier_transform(h, w, b, c):
    x = torch.randn(b, c, h, w)
    f = FactoredTransform(h, w, x.device)
    got, want = f.forward(x), in_order_of_factors(torch.fft.fft2(x.double()))
    assert got.shape == want.shape
    assert (got - want).abs().max() < 1e-6 * want.abs().max() * (h * w) ** 0.25
    assert (f.inverse(got) - x).abs().max() < 1e-5


@pytest.mark.parametrize("h,w", [(16, 24), (8, 16), (33, 31)])
def test_sides_that_do_not_split_are_an_error(h, w):
    with pytest.raises(ValueError, match="multiples of 16"):
        FactoredTransform(h, w, torch.device("cpu"))


def test_a_graph_of_a_blur_asks_for_sides_that_split():
    small, large = SimpleNamespace(multiple=4, operator=Blur()), SimpleNamespace(multiple=24)
    large.operator = small.operator
    assert (size_multiple(small), size_multiple(large)) == (16, 48)
    assert Blur.multiple == 1  # PyTorch takes any size


@pytest.mark.parametrize("h,w", SIDES)
def test_factors_are_those_of_the_same_frequencies(h, w):
    many = torch.randn(2, 1, 2, h, w)
    got = FactoredTransform(h, w, many.device).factor(many).power
    want = in_order_of_factors(many.square().sum(2).to(torch.complex64))
    assert torch.allclose(got.chunk(2, -2)[0], want.chunk(2, -2)[0], rtol=1e-5)


def test_a_graph_that_is_exported_gets_the_matrices(monkeypatch):
    assert isinstance(transform(16, 32, torch.device("cpu")), FastTransform)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    assert isinstance(transform(16, 32, torch.device("cpu")), FactoredTransform)


@pytest.mark.parametrize("gammas", [[7.0], [0.3, 40.0]])
def test_the_proximal_step_of_a_blur_is_the_same_by_both(monkeypatch, gammas):
    h, w = 48, 80
    z, y = torch.randn(2, 2, 3, h, w)
    mask = torch.zeros(1, 1, h, w)
    mask[..., 8:-8, 8:-8] = 1
    physics = torch.stack([otf(torch.rand(7, 5) / 17, h, w)] * 2)[:, None], mask
    gamma = torch.tensor(gammas).reshape(-1, 1, 1, 1)
    want = Blur().prox_l2(z, y, gamma, *physics)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    assert (Blur().prox_l2(z, y, gamma, *physics) - want).abs().max() < 2e-5


def test_a_kernel_larger_than_the_image_wraps():
    spectrum = otf(torch.full((9, 9), 1 / 81), 3, 3)
    assert torch.allclose(spectrum[0, 0, 0], torch.tensor(1.0))
    assert spectrum[0].flatten()[1:].abs().max() < 1e-6


class Convolution(torch.nn.Module):
    """x [B,3,H,W] convolved with a kernel, and with the mirrored kernel; otf [2,H,W]."""

    def forward(self, x, otf):
        f = transform(x.shape[-2], x.shape[-1], x.device)
        h, spectrum = f.factor(otf), f.forward(x)
        return f.inverse(h.times(spectrum)), f.inverse(h.conjugate_times(spectrum))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A session of Convolution with free sizes."""
    b, h, w = (torch.export.Dim(n, min=1, max=512) for n in "bhw")
    image = {0: b, 2: 16 * h, 3: 16 * w}
    path = tmp_path_factory.mktemp("fft") / "convolution.onnx"
    program = torch.onnx.export(
        Convolution().eval(),
        (torch.rand(2, 3, 48, 64), torch.rand(2, 48, 64)),
        dynamic_shapes=(image, {1: 16 * h, 2: 16 * w}),
        opset_version=18,
        dynamo=True,
        verbose=False,
    )
    program.save(path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("h,w", SIDES)
def test_a_graph_convolves_as_torch_fft_does(exported, h, w, batch):
    x, psf = torch.rand(batch, 3, h, w), torch.rand(21, 15)  # larger than the smallest image
    kernel = otf(psf / psf.sum(), h, w)
    names = [i.name for i in exported.get_inputs()]
    got = exported.run(None, dict(zip(names, (x.numpy(), kernel.numpy()), strict=True)))
    factor, f = torch.complex(*kernel.double()), torch.fft.fft2(x.double())
    for answer, product in zip(got, (f * factor, f * factor.conj()), strict=True):
        want = torch.fft.ifft2(product).real.numpy()
        assert np.abs(answer - want).max() < 1e-5 * np.abs(want).max()
