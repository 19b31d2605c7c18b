"""LPIPS: the numbers of its authors' networks, its gradient, and what its files may hold."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ud2m.nn.lpips import FOLDER, Lpips, load_arrays

# Of `pictures`, by a second implementation (numpy, double precision) of the same weights. That one
# gives 0.7219 and 0.1376 for AlexNet on the two example pairs of the authors' repository, which
# publishes 0.722 and 0.138; so does this one.
EXPECTED = {
    ("alexnet", 64, 80): (0.0203702, 0.0270587),
    ("alexnet", 65, 79): (0.0248958, 0.0259571),
    ("vgg16", 64, 80): (0.0737066, 0.0660475),
    ("vgg16", 65, 79): (0.0587114, 0.0783526),
}


def pictures(height, width):
    """Two pairs [2,3,H,W] of random pictures in [-1, 1]."""
    rng, pair = np.random.default_rng(0), None
    for h, w in ((64, 80), (65, 79)):
        a, b = rng.uniform(-1, 1, (2, h, w, 3)), rng.uniform(-1, 1, (2, h, w, 3))
        pair = a, np.clip(a + 0.4 * b, -1, 1)
        if (h, w) == (height, width):
            break
    return [torch.from_numpy(v.transpose(0, 3, 1, 2).astype(np.float32)) for v in pair]


@pytest.fixture(scope="module")
def net():
    nets = {}

    def get(name):
        if not (FOLDER / f"{name}.ckpt").exists():
            pytest.skip("the weights of LPIPS are not here: run scripts/setup.sh lpips")
        return nets.setdefault(name, nets.get(name) or Lpips(name))

    return get


@pytest.mark.parametrize(("name", "height", "width"), EXPECTED)
def test_distances_are_those_of_another_implementation(net, name, height, width):
    a, b = pictures(height, width)
    found = net(name)(a, b)
    assert found.tolist() == pytest.approx(EXPECTED[name, height, width], abs=1e-5)
    assert net(name)(b, a).tolist() == pytest.approx(found.tolist(), abs=1e-6)
    assert net(name)(a, a).tolist() == [0, 0]


def test_features_add_up_to_the_distance(net):
    a, b = pictures(64, 80)
    pairs = list(zip(net("vgg16").features(a), net("vgg16").features(b), strict=True))
    assert [f.shape[1] for f, _ in pairs] == [64, 128, 256, 512, 512]
    assert [f.shape[2] for f, _ in pairs] == [64, 32, 16, 8, 4]
    total = sum((f - g).square().sum(1).mean((1, 2)) for f, g in pairs)
    assert torch.allclose(total, net("vgg16")(a, b))


def test_the_gradient_reaches_the_image_and_no_weight(net):
    a, b = pictures(64, 80)
    a.requires_grad_()
    net("vgg16")(a, b).sum().backward()
    assert torch.isfinite(a.grad).all() and (a.grad != 0).float().mean() > 0.9
    assert not any(p.requires_grad or p.grad is not None for p in net("vgg16").parameters())


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_flat_images_give_finite_gradients_and_autocast_changes_nothing(net, name):
    x = torch.full((1, 3, 33, 47), -1.0, requires_grad=True)
    exact = net(name)(x, torch.ones(1, 3, 33, 47))
    with torch.autocast("cpu", torch.bfloat16):
        again = net(name)(x, torch.ones(1, 3, 33, 47))
    again.sum().backward()
    assert torch.isfinite(x.grad).all() and torch.equal(exact, again)


@pytest.mark.parametrize(("name", "least"), [("alexnet", 31), ("vgg16", 16)])
def test_an_image_that_is_too_small_is_named(net, name, least):
    few, enough = torch.zeros(1, 3, least - 1, 40), torch.zeros(1, 3, least, least)
    assert net(name)(enough, enough).tolist() == [0]
    with pytest.raises(ValueError, match=f"at least {least}×{least}.*40×{least - 1}"):
        net(name)(few, few)


def test_missing_weights_are_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="alexnet.ckpt; run scripts/setup.sh lpips"):
        Lpips("alexnet", tmp_path)


class Evil:
    def __reduce__(self):
        return Path.mkdir, (Path("/tmp/never"),)


@pytest.mark.parametrize(
    "held", [Evil(), {"AlexNet_0": Evil()}, [np.zeros(3)], {"AlexNet_0": {}}, {"a": Path("b")}]
)
def test_a_file_of_anything_else_is_refused(tmp_path, held):
    (tmp_path / "alexnet.ckpt").write_bytes(pickle.dumps(held))
    with pytest.raises(ValueError, match="does not hold this network of LPIPS"):
        Lpips("alexnet", tmp_path)
    assert not Path("/tmp/never").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(np.zeros(3))[:-20]])
def test_a_broken_file_is_refused(tmp_path, content):
    (tmp_path / "vgg16.ckpt").write_bytes(content)
    with pytest.raises(ValueError, match="remove .* and run scripts/setup.sh lpips"):
        Lpips("vgg16", tmp_path)


def test_arrays_are_let_in(tmp_path):
    # As numpy before 2 wrote them, and as the weights of LPIPS are.
    old = pickle.dumps({"a": np.arange(3.0)}, protocol=3).replace(b"numpy._core", b"numpy.core")
    (tmp_path / "a").write_bytes(old)
    assert load_arrays(tmp_path / "a")["a"].tolist() == [0, 1, 2]


def test_training_does_not_know_the_network_that_measures():
    for file in (Path(__file__).parents[1] / "ud2m/training").rglob("*.py"):
        assert "alexnet" not in file.read_text().lower(), f"{file}: AlexNet only measures"
