"""Published checkpoints as denoisers: small random ones of each layout, by names and shapes written
down here anew.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from published import guided, lsun, random
from safetensors.torch import save_file

from ud2m.diffusion.schedule import sigmas
from ud2m.export.package import export, unfolded
from ud2m.nn import lora
from ud2m.nn.imported import (
    AdmUNet,
    DdpmUNet,
    adapt,
    from_tensors,
    merge_adapter,
    read_checkpoint,
    save_adapter,
)
from ud2m.nn.imported.infer import infer_adm, infer_ddpm
from ud2m.nn.imported.parts import sinusoids
from ud2m.step.scalars import ScalarValues

MODELS = Path(__file__).parents[1]
ABOUT = {"name": "toy", "version": "1", "licence": "none", "training": {}, "scores": {}}


SMALL = {"adm": guided(32, (1, 2), 1, (1,)), "lsun": lsun(32, (1, 2), 1, (1,))}
HEADS = {"adm": 32, "lsun": None}
LAYOUTS = pytest.mark.parametrize("layout", SMALL)


def small(layout, seed=0):
    return from_tensors(random(SMALL[layout], seed), HEADS[layout])


@pytest.mark.parametrize(
    ("shapes", "millions", "widths", "blocks", "attention"),
    [
        (
            guided(256, (1, 1, 2, 2, 4, 4), 2, (3, 4, 5)),
            552.8,
            (256, 256, 512, 512, 1024, 1024),
            2,
            (3, 4, 5),
        ),
        (guided(128, (1, 1, 2, 2, 4, 4), 1, (4,)), 93.6, (128, 128, 256, 256, 512, 512), 1, (4,)),
        (lsun(128, (1, 1, 2, 2, 4, 4), 2, (4,)), 113.7, (128, 128, 256, 256, 512, 512), 2, (4,)),
    ],
    ids=["adm-256", "ffhq-10m", "lsun"],
)
def test_the_papers_three_denoisers_are_recognised_in_their_full_size(
    shapes, millions, widths, blocks, attention
):
    with torch.device("meta"):
        named = {n: torch.empty(s).shape for n, s in shapes.items()}
        net = AdmUNet(infer_adm(named)) if "out.2.weight" in named else DdpmUNet(infer_ddpm(named))
    assert {n: tuple(v.shape) for n, v in net.state_dict().items()} == shapes
    assert round(sum(p.numel() for p in net.parameters()) / 1e6, 1) == millions
    c = net.config
    assert (c.widths, c.blocks, c.attention, c.multiple) == (
        widths,
        blocks,
        attention,
        32,
    ) and getattr(c, "head_channels", 64) == 64


@LAYOUTS
@pytest.mark.parametrize(
    "kind",
    ["plain.pt", "state_dict.pth", "ema.ckpt", "prefix.ckpt", "weights.safetensors", "half.pt"],
)
def test_a_checkpoint_loads_from_every_kind_of_file(layout, kind, tmp_path):
    state, path = random(SMALL[layout]), tmp_path / kind
    held = {
        "plain.pt": state,
        "state_dict.pth": {"state_dict": state, "epoch": 3},
        "ema.ckpt": {"model": random(SMALL[layout], 1), "ema": state, "step": 5},
        "prefix.ckpt": {"state_dict": {f"model.{n}": v for n, v in state.items()}},
        "weights.safetensors": state,
        "half.pt": {n: v.half() for n, v in state.items()},
    }[kind]
    save_file(held, path) if path.suffix == ".safetensors" else torch.save(held, path)
    denoiser = read_checkpoint(path, HEADS[layout])
    assert (
        denoiser.config.widths,
        denoiser.config.blocks,
        denoiser.config.attention,
        denoiser.config.multiple,
    ) == ((32, 64), 1, (1,), 2)
    for name, value in denoiser.net.state_dict().items():
        assert value.dtype == torch.float32 and torch.allclose(
            value, state[name], atol=2e-3 if kind == "half.pt" else 0
        ), name
    out = denoiser(torch.randn(2, 3, 16, 20), torch.tensor([0.05, 3.0]))
    assert out.shape == (2, 3, 16, 20) and out.isfinite().all()


@LAYOUTS
def test_a_network_that_sees_no_noise_returns_the_image_and_an_exact_one_the_clean_image(
    layout,
):
    x, noise, sigma = (
        torch.rand(2, 3, 16, 16) * 2 - 1,
        torch.randn(2, 3, 16, 16),
        torch.tensor([0.1, 2.0]),
    )
    zero = from_tensors({n: torch.zeros(s) for n, s in SMALL[layout].items()}, HEADS[layout])
    assert torch.equal(zero(x, sigma), x)
    denoiser, got = small(layout), {}

    class Exact(torch.nn.Module):
        def forward(self, state, t):
            got.update(state=state, t=t)
            return noise

    denoiser.net = Exact()
    s = sigma[:, None, None, None]
    assert torch.allclose(denoiser(x + s * noise, sigma), x, atol=1e-5)
    abar = 1 / (1 + s.square())
    assert torch.allclose(got["state"], abar.sqrt() * x + (1 - abar).sqrt() * noise, atol=1e-6)


def test_levels_are_whole_at_their_sigma_and_rise_between():
    denoiser, whole = small("adm"), torch.tensor([0, 1, 7, 111, 444, 998, 999])
    levels = denoiser.level(sigmas()[whole].float())
    assert torch.allclose(levels, whole.float(), atol=2e-3)
    for last in (True, False):
        for got, want in zip(
            sinusoids(levels, 32, last), sinusoids(whole.float(), 32, last), strict=True
        ):
            assert torch.allclose(got, want, atol=2e-3)
    between = denoiser.level(
        (sigmas()[110].log() * 0.75 + sigmas()[111].log() * 0.25).exp().float()[None]
    )
    assert abs(float(between) - 110.25) < 1e-3
    assert denoiser.level(torch.tensor([1e-4, 1e4])).tolist() == [0, 999]
    assert (denoiser.level(torch.logspace(-2, 2.19, 500)).diff() > 0).all()


@LAYOUTS
def test_adapters_sit_on_the_attention_and_merge_into_the_same_answer(layout, tmp_path):
    denoiser, x, sigma = small(layout), torch.randn(1, 3, 16, 16), torch.tensor([0.3])
    parts = {"adm": {"qkv", "proj_out"}, "lsun": {"q", "k", "v", "proj_out"}}[layout]
    names = adapt(denoiser)
    assert {n.rsplit(".", 1)[1] for n in names} == parts and len(names) == len(parts) * (1 + 1 + 2)
    trained = [n for n, p in denoiser.named_parameters() if p.requires_grad]
    assert {n for n in trained if "parametrizations" not in n} == {
        f"net.{denoiser.net.last_layer}.{k}" for k in ("weight", "bias")
    }
    with torch.no_grad():
        assert torch.allclose(denoiser(x, sigma), small(layout)(x, sigma), atol=1e-6)
        for p in denoiser.parameters():
            if p.requires_grad:
                p.add_(0.1 * torch.randn_like(p))
        adapted = denoiser(x, sigma)
        save_adapter(denoiser, tmp_path / "a.safetensors", 1.5)
        again = small(layout)
        assert (again(x, sigma) - adapted).abs().max() > 1e-3
        assert set(merge_adapter(again, tmp_path / "a.safetensors")) == set(names)
        assert torch.allclose(again(x, sigma), adapted, atol=1e-5)
        assert torch.allclose(lora.merge(denoiser)(x, sigma), adapted, atol=1e-5)
    assert set(again.state_dict()) == set(small(layout).state_dict())


def test_an_adapter_of_another_network_is_refused(tmp_path):
    denoiser, other = small("adm"), small("lsun")
    adapt(denoiser)
    save_adapter(denoiser, tmp_path / "a.safetensors", 1.5)
    with pytest.raises(ValueError, match="which this network has not; give the adapter"):
        merge_adapter(other, tmp_path / "a.safetensors")
    save_file(random(SMALL["adm"]), tmp_path / "b.safetensors")
    with pytest.raises(ValueError, match="is no adapter file"):
        merge_adapter(other, tmp_path / "b.safetensors")


def test_the_numbers_are_those_of_deepinvs_network():
    """FFHQ-10m's full size: the only small one that deepinv has.

    An independent reading of names and formulas.
    """
    from deepinv.models import DiffUNet

    state = random(guided(128, (1, 1, 2, 2, 4, 4), 1, (4,)))
    theirs = DiffUNet(pretrained=None).eval()
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) == {"sqrt_1m_alphas_cumprod", "sqrt_alphas_cumprod"}
    x, t = torch.randn(1, 3, 32, 64), torch.tensor([444])
    with torch.no_grad():
        want = theirs(x, t, type_t="timestep")[:, :3]
        got = from_tensors(state).net(x, t.float())
    assert want.abs().max() > 0.1 and (got - want).abs().max() <= 1e-4


@LAYOUTS
def test_the_step_exports_and_onnx_runtime_agrees(layout, tmp_path):
    family = {"adm": "blur", "lsun": "denoise"}[layout]
    misses = export(unfolded(small(layout), {family: ScalarValues()}, 1), tmp_path / "zoo", ABOUT)
    assert set(misses) == {family} and misses[family] <= 1e-4
    weights = sum(np.prod(s) * 4 for s in SMALL[layout].values())
    assert (tmp_path / "zoo" / "weights.safetensors").stat().st_size > 0.98 * weights


def without(name):
    return lambda shapes: {n: s for n, s in shapes.items() if n != name}


@pytest.mark.parametrize(
    ("layout", "change", "sentence"),
    [
        (
            "adm",
            lambda s: s | {"label_emb.weight": (1000, 128)},
            "class-conditional.*choose an unconditional one",
        ),
        (
            "adm",
            lambda s: {n: v for n, v in s.items() if not n.startswith("output_blocks")},
            "no output_blocks.*choose a diffusion model",
        ),
        (
            "adm",
            lambda s: s | {"input_blocks.0.0.weight": (32, 6, 3, 3)},
            "input of the checkpoint has 6 image channels",
        ),
        (
            "adm",
            lambda s: s | {"out.2.weight": (4, 32, 3, 3)},
            "output of the checkpoint has 4 image channels where 3 or 6",
        ),
        (
            "adm",
            without("out.0.bias"),
            "lacks 1 of the tensors of its layout, such as out.0.bias; download it again",
        ),
        (
            "adm",
            lambda s: s | {"betas": (1000,)},
            r"has a tensor that its layout has not \(1 in all\), betas",
        ),
        (
            "adm",
            lambda s: s | {"middle_block.1.norm.weight": (32,)},
            r"middle_block.1.norm.weight has the shape \[32\] where \[64\]",
        ),
        (
            "adm",
            lambda s: {n: v for n, v in s.items() if not n.startswith("output_blocks.3")},
            "3 output blocks for 2 scales, which no",
        ),
        (
            "adm",
            lambda s: guided(24, (1, 2), 1, (1,)),
            "24 channels, which 32 normalisation groups do not divide",
        ),
        ("lsun", without("conv_in.weight"), "lacks the tensor conv_in.weight; download it again"),
        (
            "lsun",
            without("mid.attn_1.q.weight"),
            "lacks 1 of the tensors of its layout, such as mid.attn_1.q.weight",
        ),
        (
            "lsun",
            lambda s: s | {"up.0.attn.0.q.weight": (32, 32, 1, 1)},
            r"\(1 in all\), up.0.attn.0.q.weight; it is of a variant",
        ),
        (
            "lsun",
            lambda s: s | {"conv_out.weight": (6, 32, 3, 3)},
            "output of the checkpoint has 6 image channels where 3 are needed",
        ),
        (
            "lsun",
            lambda s: {n: v for n, v in s.items() if not n.startswith("down.")},
            "no down.0.block, so it is cut short",
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_in_a_sentence(layout, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_tensors({n: torch.zeros(s) for n, s in change(SMALL[layout]).items()}, HEADS[layout])


def test_the_width_of_a_head_is_demanded_where_no_tensor_tells_it():
    state = random(SMALL["adm"])
    with pytest.raises(
        ValueError, match="width of an attention head; give it with --head-channels"
    ):
        from_tensors(state)
    with pytest.raises(ValueError, match="48 channels of a head do not divide the 64"):
        from_tensors(state, 48)


def test_a_file_that_is_no_checkpoint_is_refused_in_a_sentence(tmp_path):
    def refused(name, write, sentence):
        write(tmp_path / name)
        with pytest.raises(ValueError, match=sentence):
            read_checkpoint(tmp_path / name)

    state = random(SMALL["lsun"])
    refused("a.onnx", lambda p: p.touch(), "ends in .onnx; give a checkpoint")
    refused("b.pt", lambda p: None, "does not exist; give the path")
    refused(
        "c.pt",
        lambda p: p.write_bytes(b"not a pickle at all"),
        "holds more than weights, or is no checkpoint",
    )
    refused("d.pt", lambda p: torch.save({"model": Path("x")}, p), "holds more than weights")
    refused("e.safetensors", lambda p: p.write_bytes(b"short"), "cannot be read as a checkpoint")
    refused(
        "f.pt",
        lambda p: torch.save({"unet.conv_in": torch.zeros(3)}, p),
        r"of no known layout \(it holds unet.conv_in\)",
    )
    refused(
        "g.pt", lambda p: torch.save([torch.zeros(3)], p), r"of no known layout \(it holds list\)"
    )
    refused(
        "h.pt",
        lambda p: torch.save({f"{k}.{n}": v for k in ("a", "b") for n, v in state.items()}, p),
        "holds 2 networks",
    )
    refused(
        "i.pt",
        lambda p: torch.save(
            {f"m.{n}": v for n, v in state.items()} | {"loss.weight": torch.zeros(3)}, p
        ),
        "such as loss.weight; save the network",
    )


def test_the_script_says_what_is_wrong(tmp_path):
    torch.save(random(SMALL["adm"]), tmp_path / "a.pt")
    command = [
        sys.executable,
        MODELS / "import_denoiser.py",
        "--checkpoint",
        tmp_path / "a.pt",
        "--out",
        tmp_path / "zoo",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (
        done.returncode == 1
        and "import refused" in done.stderr
        and "--head-channels" in done.stderr
        and not (tmp_path / "zoo").exists()
    )
