"""The protocols of papers: what is degraded, how it is scored, and the page."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from ud2m.evaluation.public import protocols, scores
from ud2m.evaluation.public.protocols import PROTOCOLS, Levin, bicubic, eight_bits, luma, noise, rgb
from ud2m.evaluation.public.published import PUBLISHED
from ud2m.evaluation.public.scores import Kept, Task
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.physics.operators.downscale import upscaled
from ud2m.step.model import UnfoldedModel, save_model
from ud2m.step.scalars import ScalarValues

VERB = Path(__file__).parents[1] / "evaluate.py"


def rng():
    return np.random.default_rng(0)


def smooth(height, width):
    small = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    size = (height, width)
    return 1.6 * torch.nn.functional.interpolate(small, size, mode="bicubic")[0].clamp(0, 1) - 0.8


def test_noise_is_neither_clipped_nor_rounded():
    x = torch.ones(3, 64, 64)
    clean, y, _ = noise(x, 50, rng())
    assert clean is x and float(y.max()) > 1.5
    assert float((y - x).std()) == pytest.approx(100 / 255, rel=0.02)
    assert len(torch.unique(y)) > 10000


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_reduction_is_bicubic_antialiased_and_keeps_what_is_smooth(scale):
    x = smooth(61, 50)
    clean, y, _ = bicubic(x, scale, rng())
    h, w = 61 // scale, 50 // scale
    assert clean.shape == (3, h * scale, w * scale) and y.shape == (3, h, w)
    back = upscaled(y[None], scale)[0]
    assert luma(back, clean, scale) > 40
    # Pillow's has the same kernel; it differs at the edges alone, and by its rounding on the way.
    codes = ((eight_bits(clean) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    other = Image.fromarray(codes).resize((w, h), Image.Resampling.BICUBIC)
    mine = ((y + 1) * 127.5).permute(1, 2, 0).numpy()
    assert np.abs(mine - np.asarray(other, np.float32))[2:-2, 2:-2].max() <= 1.01


def test_luma_is_that_of_studio_range_without_the_border():
    a = torch.zeros(3, 32, 32)
    b = a.clone()
    b[:, 4:-4, 4:-4] += 0.2
    # 0.2 of [-1, 1] are 25.5 codes, rounded 26 or 25, and 219/255 of it in Y.
    codes = float(((eight_bits(b) - eight_bits(a)) * 127.5).max()) * 219 / 255
    assert luma(b, a, 4) == pytest.approx(20 * np.log10(255 / codes), abs=0.01)
    b[:, :4] = 1
    assert luma(b, a, 4) == pytest.approx(20 * np.log10(255 / codes), abs=0.01)


def test_gray_pictures_are_scored_by_the_mean_of_the_channels():
    gray, colour = torch.zeros(3, 8, 8), torch.zeros(3, 8, 8)
    colour[0] = 0.01
    answer = gray + torch.tensor([0.1, -0.1, 0.0])[:, None, None]
    assert rgb(answer, eight_bits(gray), 0) == 120
    assert rgb(answer, eight_bits(colour), 0) < 40


def test_a_blur_wraps_and_its_kernel_sums_to_one():
    kernel = np.zeros((3, 3))
    kernel[1, 0] = 2.0  # a convolution shifts by one to the left
    x = smooth(32, 32)
    clean, y, parameters = Levin({1: kernel})(x, 1, rng())
    assert float(parameters["psf"].sum()) == 1
    assert float((y - torch.roll(x, -1, 2)).std()) == pytest.approx(5.1 / 255, rel=0.05)


def test_published_rows_fit_the_protocols():
    assert {"noise", "jpeg", "bicubic", "levin"} == PUBLISHED.keys() == {*PROTOCOLS, "levin"}
    for name, protocol in PROTOCOLS.items():
        for row in PUBLISHED[name].values():
            assert set(row) <= set(protocol.sets)
            assert all(len(values) == len(protocol.levels) for values in row.values())


def test_a_part_of_a_set_is_spread_over_it(tmp_path):
    (tmp_path / "set5").mkdir()
    for i in range(5):
        Image.new("L", (8, 8), 50 * i).save(tmp_path / f"set5/{i}.png")
    task = Task("bicubic", PROTOCOLS["bicubic"], [tmp_path / "none", tmp_path], 2)
    assert [p.stem for p in task.chosen("set5")] == ["0", "2"]
    assert protocols.load(task.chosen("set5")[1]).shape == (3, 8, 8)
    with pytest.raises(SystemExit, match="no pictures in cbsd68; name its folder with --data"):
        task.chosen("cbsd68")


def test_kept_scores_are_read_again(tmp_path):
    Kept(tmp_path / "a/kept.json").put("x", 1.23456)
    assert Kept(tmp_path / "a/kept.json").get("x") == 1.2346
    assert Kept(None).get("x") is None


@pytest.fixture
def toy(tmp_path):
    """Two sets of one picture each, and a step."""
    for name in ("cbsd68", "mcmaster18"):
        (tmp_path / name).mkdir()
        codes = (127.5 * (smooth(37, 50) + 1)).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(codes).save(tmp_path / f"{name}/a.png")
    torch.manual_seed(0)
    net = Denoiser(DenoiserConfig(2, (8, 16), (1, 1), 16))
    save_model(
        UnfoldedModel(net, None, {"denoise": ScalarValues()}, 1), tmp_path / "toy.safetensors", {}
    )
    return tmp_path


def test_the_noise_of_papers_is_told_as_not_clipped(toy, monkeypatch):
    told = []

    def answer(step, observation, *_, **options):
        told.append(options["told"])
        return observation.z0

    step = SimpleNamespace(multiple=4, iterations=1, takes_noise_model=True)
    model = SimpleNamespace(step=lambda family: step)
    monkeypatch.setattr(scores, "restore", answer)
    monkeypatch.setattr(scores, "_load", lambda path: model)
    networks = scores.Networks(toy / "toy.safetensors", 1)
    scores.measured(PROTOCOLS["noise"], 50, toy / "cbsd68/a.png", networks)
    basis, std, shape = told[0]
    assert torch.equal(basis[0], torch.eye(3)) and torch.allclose(std, torch.tensor(100 / 255))
    assert shape.tolist() == [[0, 0, 0, 1, 0]]  # the fourth says that nothing was clipped


def public(toy, *words):
    command = [sys.executable, VERB, "public", "--models", toy / "toy.safetensors"]
    command += ["--data", toy, *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_verb_writes_a_page_and_keeps_what_it_measured(toy):
    words = [
        "--tables",
        "noise",
        "--steps",
        "1",
        "--keep",
        toy / "k.json",
        "--report",
        toy / "p.md",
    ]
    done = public(toy, *words)
    assert done.returncode == 0, done.stderr
    page, kept = (toy / "p.md").read_text(), json.loads((toy / "k.json").read_text())
    assert "| toy, 1 step | " in page and "| *FFDNet* | 33.87 / 31.21 / 27.96 | 31.01 |" in page
    assert page.count("python models/evaluate.py public") == 1 and len(kept) == 12
    assert max(map(len, page.splitlines())) <= 100
    held = {k: 11.0 for k in kept}
    (toy / "k.json").write_text(json.dumps(held))
    del held[next(k for k in held if "mcmaster18 25" in k and not k.startswith("input"))]
    (toy / "k.json").write_text(json.dumps(held))
    assert public(toy, *words, "--kept-only").returncode == 0
    assert "| 11.00 / – / 11.00 | – |" in (toy / "p.md").read_text()
    held |= {k: 11.0 for k in kept}
    (toy / "k.json").write_text(json.dumps(held))
    assert public(toy, *words).returncode == 0
    assert re.search(
        r"toy, 1 step \| 11\.00 / 11\.00 / 11\.00 \| 11\.00", (toy / "p.md").read_text()
    )


def test_blurs_need_their_kernels(toy):
    done = public(toy, "--tables", "levin")
    assert done.returncode == 1 and "levin needs --kernels FILE" in done.stderr
    done = public(toy, "--tables", "levin", "--kernels", toy / "none.npz")
    assert done.returncode == 1 and "none.npz is missing" in done.stderr
