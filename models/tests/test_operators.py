"""Every operator in `OPERATORS` keeps its promises: a new one is tested by standing in the list."""

import deepinv
import numpy as np
import pytest
import torch
from PIL import Image

from ud2m.physics.operators import Blur, Downscale, Identity, Jpeg, Mask
from ud2m.physics.operators.downscale import bicubic, gram
from ud2m.physics.operators.fft import otf
from ud2m.physics.operators.jpeg import EIGHT_BIT_STEP, FACTORS, quantisation
from ud2m.step.mirror import Mirror

PSF = torch.rand(7, 5, generator=torch.Generator().manual_seed(3))
PSF /= PSF.sum()


def _inset(h, w, band=3):
    mask = torch.zeros(1, 1, h, w)
    mask[..., band : h - band, band : w - band] = 1
    return mask


def _downscale(scale):
    def build(h, w):
        kernel = bicubic(scale)
        return Downscale(scale), (kernel, gram(kernel, scale, h // scale, w // scale))

    return build


OPERATORS = {  # name -> (height, width) -> operator, physics
    "blur": lambda h, w: (Blur(), (otf(PSF, h, w), torch.ones(1, 1, h, w))),
    "blur_observed_in_part": lambda h, w: (Blur(rounds=500), (otf(PSF, h, w), _inset(h, w))),
    "mask": lambda h, w: (Mask(), ((torch.rand(2, 1, h, w) < 0.3).float(),)),
    "denoise": lambda h, w: (Identity(), ()),
    "downscale2": _downscale(2),
    "downscale3": _downscale(3),
    "downscale4": _downscale(4),
}
SIZES = [(48, 72), (60, 36), (37, 31), (17, 11)]  # the odd ones where the operator takes them


def cases():
    for name in OPERATORS:
        for h, w in SIZES:
            s = int(name[-1]) if name[-1].isdigit() else 1
            if h // s > 8 and w // s > 8:
                yield pytest.param(
                    name, h // s * s, w // s * s, id=f"{name}-{h // s * s}x{w // s * s}"
                )


def conjugate_gradients(normal, b, rounds=400):
    u, r = torch.zeros_like(b), b.clone()
    p, rs = r.clone(), (r * r).sum()
    for _ in range(rounds):
        q = normal(p)
        a = rs / (p * q).sum()
        u, r = u + a * p, r - a * q
        new = (r * r).sum()
        if new < 1e-13 * (b * b).sum():
            break
        p, rs = r + new / rs * p, new
    return u


@pytest.mark.parametrize("name,h,w", list(cases()))
def test_the_adjoint_is_the_transpose(name, h, w):
    operator, physics = OPERATORS[name](h, w)
    x = torch.randn(2, 3, h, w)
    ax = operator.A(x, *physics)
    y = torch.randn_like(ax)
    left, right = (ax * y).sum(), (x * operator.A_adjoint(y, *physics)).sum()
    assert abs(left - right) <= 1e-5 * (ax.norm() * y.norm()), f"<Ax,y> = {left}, <x,A'y> = {right}"


@pytest.mark.parametrize("name,h,w", list(cases()))
@pytest.mark.parametrize("gamma", [0.3, 40.0])
def test_the_proximal_step_is_the_minimiser_that_conjugate_gradients_find(name, h, w, gamma):
    operator, physics = OPERATORS[name](h, w)
    z = torch.randn(2, 3, h, w)
    y = operator.A(torch.randn(2, 3, h, w), *physics)

    def normal(u):
        return u + gamma * operator.A_adjoint(operator.A(u, *physics), *physics)

    want = conjugate_gradients(normal, z + gamma * operator.A_adjoint(y, *physics))
    got = operator.prox_l2(z, y, torch.full((1, 1, 1, 1), gamma), *physics)
    assert (got - want).abs().max() < 1e-4


@pytest.mark.parametrize("t", [444.0, 250.0, 111.0])
@pytest.mark.parametrize("name", OPERATORS)
def test_mirrored_physics_do_to_mirrored_images_what_they_do_to_images(name, t):
    operator, physics = OPERATORS[name](48, 36)
    mirror, x = Mirror(torch.tensor([t])), torch.randn(2, 3, 48, 36)
    got = operator.A(mirror(x), *operator.mirrored(mirror, *physics))
    assert (got - mirror(operator.A(x, *physics))).abs().max() < 1e-5


@pytest.mark.parametrize("subsampling", FACTORS)
def test_jpeg_does_to_mirrored_images_what_it_does_to_images(subsampling):
    operator, q, mirror = Jpeg(subsampling), quantisation(30), Mirror(torch.tensor([250.0]))
    y, z = torch.rand(2, 1, 3, 32, 48) - 0.5
    levels = torch.full((1, 1, 1, 1), 0.1), torch.full((1, 1, 1, 1), 0.02)
    got = operator.data_step(mirror(z), *levels, *operator.prepare(mirror(y), *q))
    assert (
        got - mirror(operator.data_step(z, *levels, *operator.prepare(y, *q)))
    ).abs().max() < 1e-5


def test_blur_and_its_proximal_step_equal_deepinv():
    x, z = torch.randn(1, 3, 37, 31), torch.randn(1, 3, 37, 31)
    theirs, ours = (
        deepinv.physics.BlurFFT((3, 37, 31), filter=PSF[None, None]),
        (otf(PSF, 37, 31), torch.ones(1, 1, 37, 31)),
    )
    y = Blur().A(x, *ours)
    assert (theirs.A(x) - y).abs().max() < 1e-5
    got = Blur().prox_l2(z, y, torch.full((1, 1, 1, 1), 7.0), *ours)
    assert (theirs.prox_l2(z, y, 7.0) - got).abs().max() < 1e-5


def test_each_round_brings_the_blur_s_proximal_step_nearer_to_what_was_observed():
    physics, (z, scene) = (otf(PSF, 48, 36), _inset(48, 36, 6)), torch.randn(2, 1, 3, 48, 36)
    y = Blur().A(scene, *physics) + (1 - physics[1])  # outside, nonsense
    gamma = torch.full((1, 1, 1, 1), 40.0)
    limit = Blur(rounds=1000).prox_l2(z, y, gamma, *physics)
    misses = [
        float((Blur(rounds=n).prox_l2(z, y, gamma, *physics) - limit).norm()) for n in range(5)
    ]
    assert misses == sorted(misses, reverse=True) and misses[2] < 0.8 * misses[0]
    other = Blur(rounds=1000).prox_l2(z, physics[1] * y, gamma, *physics)
    assert (
        other - limit
    ).abs().max() < 1e-3  # what y says where nothing was observed does not matter in the end


def test_mask_and_its_proximal_step_equal_deepinv():
    x, z, mask = (
        torch.randn(1, 3, 17, 11),
        torch.randn(1, 3, 17, 11),
        (torch.rand(1, 1, 17, 11) < 0.5).float(),
    )
    theirs = deepinv.physics.Inpainting((3, 17, 11), mask=mask)
    y = Mask().A(x, mask)
    assert (theirs.A(x) - y).abs().max() < 1e-6
    assert (
        theirs.prox_l2(z, y, 7.0) - Mask().prox_l2(z, y, torch.full((1, 1, 1, 1), 7.0), mask)
    ).abs().max() < 1e-5


def test_downscale_and_its_proximal_step_equal_deepinv():
    x, z = torch.randn(1, 3, 48, 36), torch.randn(1, 3, 48, 36)
    # deepinv samples pixel 0 of each block; its filter is flipped and centred, so ours goes in
    # shifted by the half block.
    kernel = torch.zeros(19, 19)
    kernel[3:, 3:] = bicubic(4)  # taps -6 … 9 of a 19-tap window -9 … 9
    theirs = deepinv.physics.Downsampling(
        (3, 48, 36), filter=kernel.flip(0, 1)[None, None], factor=4, padding="circular"
    )
    physics = (bicubic(4), gram(bicubic(4), 4, 12, 9))
    y = Downscale(4).A(x, *physics)
    assert (theirs.A(x) - y).abs().max() < 1e-5
    got = Downscale(4).prox_l2(z, y, torch.full((1, 1, 1, 1), 7.0), *physics)
    assert (theirs.prox_l2(z, y, 7.0) - got).abs().max() < 1e-4


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_downscale_is_the_bicubic_reduction_of_pillow(scale):
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(60, 200, (6, 6, 3), np.uint8))
    image = coarse.resize((24 * scale, 24 * scale), Image.BICUBIC)
    want = np.asarray(image.resize((24, 24), Image.BICUBIC), np.float32)
    x = torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)[None]
    got = Downscale(scale).A(x, bicubic(scale))[0].permute(1, 2, 0).numpy()
    assert np.abs(got - want)[3:-3, 3:-3].max() <= 1.1  # Pillow rounds to 8 bits twice


def _photo(size=64):
    yy, xx = np.mgrid[:size, :size] / size
    rgb = np.stack(
        [0.5 + 0.4 * np.sin(9 * xx + 4 * yy), 0.5 + 0.4 * np.cos(7 * yy), 0.3 + 0.3 * xx * yy], -1
    )
    return Image.fromarray(np.uint8(255 * rgb.clip(0, 1)))


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_jpeg_tables_are_those_that_a_file_of_that_quality_holds(quality, tmp_path):
    _photo().save(tmp_path / "a.jpg", quality=quality)
    tables = Image.open(tmp_path / "a.jpg").quantization
    luma, chroma = quantisation(quality)
    assert tables[0] == luma.flatten().tolist() and tables[1] == chroma.flatten().tolist()


@pytest.mark.parametrize("subsampling", FACTORS)
def test_decoded_planes_are_codes_of_eight_bits_that_the_graph_reads_back(subsampling):
    x = (
        torch.nn.functional.interpolate(
            torch.rand(2, 3, 8, 8), scale_factor=6, mode="bicubic"
        ).clamp(0, 1)
        * 2
        - 1
    )
    operator, tables = Jpeg(subsampling), [torch.stack([q, q]) for q in quantisation(30)]
    ycc = torch.nn.functional.conv2d(operator.decoded(x, *tables), operator.to_ycc)
    codes = torch.cat([ycc[:, :1] / EIGHT_BIT_STEP + 127.5, ycc[:, 1:] / EIGHT_BIT_STEP + 128], 1)
    assert (
        (codes - codes.round()).abs().max() < 2e-3 and codes.min() > -0.01 and codes.max() < 255.01
    )
    factors = FACTORS[subsampling]
    samples = torch.nn.functional.avg_pool2d(codes[:, 1:], factors)
    assert (samples - codes[:, 1:, :: factors[0], :: factors[1]]).abs().max() < 2e-3
    assert (operator.decoded(x, *tables) - operator.A(x, *tables)).abs().max() < 3 * EIGHT_BIT_STEP


@pytest.mark.parametrize("subsampling", FACTORS)
@pytest.mark.parametrize("quality", [10, 30, 75])
def test_jpeg_is_what_a_real_codec_does(quality, subsampling, tmp_path):
    _photo().save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)

    def as_tensor(p):
        return torch.from_numpy(np.asarray(p, np.float32)).permute(2, 0, 1)[None] / 127.5 - 1

    want, operator = as_tensor(Image.open(tmp_path / "a.jpg")), Jpeg(subsampling)
    got = operator.A(as_tensor(_photo()), *quantisation(quality))
    # Chroma is interpolated there and repeated here: compare luma, and chroma averaged back over
    # its pixels.
    for a, b in zip(operator.planes(got), operator.planes(want), strict=True):
        assert (a - b).abs().mean() * 127.5 < 1.0


@pytest.mark.parametrize("subsampling", FACTORS)
def test_jpeg_keeps_a_image_that_already_fits_its_cells(subsampling):
    operator, sigma_y = Jpeg(subsampling), torch.full((1, 1, 1, 1), 0.01)
    x = operator.A(torch.rand(2, 3, 32, 48) - 0.5, *quantisation(20))
    u = operator.data_step(
        x, torch.full((1, 1, 1, 1), 0.1), sigma_y, *operator.prepare(x, *quantisation(20))
    )
    assert (u - x).abs().max() < 1e-4


@pytest.mark.parametrize("subsampling", FACTORS)
def test_jpeg_brings_every_coefficient_into_its_cell(subsampling):
    operator, q = Jpeg(subsampling), quantisation(10)
    y = operator.A(torch.rand(1, 3, 32, 48) - 0.5, *q)
    far = torch.randn(1, 3, 32, 48)
    u = operator.data_step(
        far,
        torch.full((1, 1, 1, 1), 1e-9),
        torch.full((1, 1, 1, 1), 0.01),
        *operator.prepare(y, *q),
    )
    (luma, chroma), (dl, dc) = operator.planes(u), operator.planes(y)
    for c, d, step in ((luma, dl, q[0]), (chroma, dc, q[1])):
        reach = step.reshape(1, 64, 1, 1) * (2 / 255) / 2 + 0.02
        assert ((c - d).abs() <= reach + 1e-4).all()


@pytest.mark.parametrize("subsampling", FACTORS)
@pytest.mark.parametrize("weight", [0.002, 0.5])
def test_the_data_step_of_jpeg_is_the_minimiser_that_conjugate_gradients_find(weight, subsampling):
    # Within the cells: on Y, Cb, Cr, weight/2 |(c - d)/std|² + 1/2 |u - z|², with c the
    # coefficients of the planes.
    torch.manual_seed(4)
    operator, q, sigma_y = Jpeg(subsampling), quantisation(25), 0.02
    y = operator.A(torch.rand(2, 3, 32, 48) - 0.5, *q)

    def ycc(x):
        return torch.nn.functional.conv2d(x, operator.to_ycc)

    def rgb(x):
        return torch.nn.functional.conv2d(x, operator.to_rgb)

    z = ycc(y) + 0.003 * torch.randn(2, 3, 32, 48)
    deviations = [
        (((2 / 255) * s).square() / 12 + sigma_y**2).sqrt().reshape(1, 64, 1, 1) for s in q
    ]

    def scaled(u):
        return [c / s for c, s in zip(operator.planes(rgb(u)), deviations, strict=True)]

    wanted = scaled(ycc(y))

    def gradient(u):
        """Of the data term."""
        u = u.detach().requires_grad_()
        term = sum((a - b).square().sum() for a, b in zip(scaled(u), wanted, strict=True)) / 2
        return torch.autograd.grad(term, u)[0]

    offset = gradient(torch.zeros_like(z))

    def normal(u):
        return u + weight * (gradient(u) - offset)

    want = conjugate_gradients(normal, z - weight * offset)
    got = operator.data_step(
        rgb(z),
        torch.full((1, 1, 1, 1), weight),
        torch.full((1, 1, 1, 1), sigma_y),
        *operator.prepare(y, *q),
    )
    assert (ycc(got) - want).abs().max() < 1e-4 and (ycc(got) - z).abs().max() > 1e-3


def test_quality_outside_one_to_a_hundred_is_refused():
    with pytest.raises(ValueError, match="choose 1 to 100"):
        quantisation(0)
