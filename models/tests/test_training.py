"""A toy model goes the whole way: shards, training, resume, search, distillation, export, the
element.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from ud2m.export import golden
from ud2m.export import graph as graphs
from ud2m.export.manifest import KEY, step_graphs
from ud2m.export.package import ExportError, export, unfolded
from ud2m.nn.denoiser import Denoiser, DenoiserConfig
from ud2m.nn.weights import load_denoiser, provenance, save_denoiser
from ud2m.physics.operators import FAMILIES, graphs_of
from ud2m.step.model import load_model
from ud2m.step.scalars import ScalarValues
from ud2m.training.data import crops, decode
from ud2m.training.trainer import Schedule, Trainer

MODELS = Path(__file__).parents[1]
TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)


def write_shard(path, sides):
    """A tar of smooth images, one for each side."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as tar:
        for i, side in enumerate(sides):
            small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8))
            buffer = io.BytesIO()
            small.resize((side, side), Image.BICUBIC).save(buffer, "JPEG", quality=95)
            info = tarfile.TarInfo(f"{i:03d}.jpg")
            info.size = buffer.tell()
            buffer.seek(0)
            tar.addfile(info, buffer)
    return path


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    """A tar of 100 images of two sizes."""
    return write_shard(tmp_path_factory.mktemp("shard") / "toy.tar", [64, 96] * 50)


def script(name, options, **paths):
    """A script's command; options: as they are typed, with a {name} in the place of each path."""
    return [sys.executable, MODELS / name, *(word.format(**paths) for word in options.split())]


def train(shard, out, minutes):
    options = f"--shards {{shard}} --out {{out}} --size toy --crop 32 --time-budget {minutes}"
    command = script("train_denoiser.py", options, shard=shard, out=out)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_budget_of_images_is_kept_over_resumed_runs(tmp_path):
    def run(budget):
        torch.manual_seed(0)
        trainer = Trainer(
            torch.nn.Conv2d(1, 1, 1), Schedule(image_budget=budget, batch=4, warm_up=8), tmp_path
        )
        trainer.resume()
        starts = []

        def loss(net, images, carried):
            return starts.append(images) or net(torch.ones(1, 1, 8, 8)).square().mean()

        trainer.run(loss, lambda net: {}, {})
        return trainer.images, starts

    assert run(40) == (40, list(range(0, 40, 4)))
    assert run(60) == (60, list(range(40, 60, 4)))
    rows = [json.loads(line) for line in (tmp_path / "stats.jsonl").read_text().splitlines()]
    assert [r["images"] for r in rows] == [40, 60]
    assert all(r["rate"] < 3e-5 for r in rows), "the rate has come down at the end of each budget"


def test_the_decoded_images_are_those_of_the_shard(shard, tmp_path):
    images, sides = decode([shard], tmp_path)
    assert images.shape == (100, 256, 256, 3) and set(sides.tolist()) == {64, 96}
    again, _ = decode([shard], tmp_path)
    assert np.array_equal(images[7], again[7])


def test_crops_depend_on_the_generator_alone(shard, tmp_path):
    images, sides = decode([shard], tmp_path)
    a, b = (crops(images, sides, 5, 32, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(a, b) and a.shape == (5, 3, 32, 32) and a.min() >= -1 and a.max() <= 1


def test_a_toy_trains_is_distilled_exported_and_restores(shard, tmp_path):
    run = tmp_path / "run"
    assert "started at 0 images" in train(shard, run, 0.1)
    first = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    assert "resumed at" in train(shard, run, 0.2)
    rows = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    assert rows[-1]["images"] > first[-1]["images"] and json.loads(
        (run / "config.json").read_text()
    )["denoiser"]["channels"] == [8, 16]
    options = "--denoiser {run}/denoiser.safetensors --cache {run}/cache --out {run}/scalars.json"
    search = script("search_scalars.py", options, run=run)
    # The toy's images are smaller than the search's crops: it must say so, not fail somewhere
    # inside.
    failed = subprocess.run(
        [*search, "--tries", "1", "--images", "1"], capture_output=True, text=True
    )
    assert (
        failed.returncode != 0 and "name a cache of images of 128 pixels or more" in failed.stderr
    )
    check_distillation(shard, run, tmp_path)


def check_distillation(shard, run, tmp_path):
    """The rest of the way: distilled with adapters, resumed, exported, and the package says where
    it came from.
    """
    (tmp_path / "scalars.json").write_text(
        json.dumps({f: {"values": ScalarValues().to_dict()} for f in FAMILIES})
    )
    out, large = tmp_path / "step", write_shard(tmp_path / "large.tar", [160] * 100)
    options = "--shards {shard} --out {out} --denoiser {run}/denoiser.safetensors"
    options += " --scalars {base}/scalars.json --crop 48 --batch 2 --rank 4 --ensemble --every 60"
    paths = {"out": out, "run": run, "base": tmp_path}
    command = [*script("distill.py", options, shard=large, **paths), "--image-budget"]

    def distil(images):
        return subprocess.run(
            [*command, str(images)], capture_output=True, text=True, check=True
        ).stdout

    options += " --cache {base}/small --image-budget 8"
    too_small = script("distill.py", options, shard=shard, **paths)
    small = subprocess.run(too_small, capture_output=True, text=True)
    assert small.returncode == 2 and "side of 128 pixels or more" in small.stderr
    check_dry_run([*command, "8"], out)
    assert "started at 0 images" in distil(8)
    assert "resumed at" in distil(24)
    rows = [json.loads(line) for line in (out / "stats.jsonl").read_text().splitlines()]
    assert rows[-1]["images"] > rows[0]["images"] and set(FAMILIES) <= set(rows[-1])
    assert Image.open(out / "grid.png").size[1] >= 48 * len(FAMILIES)
    package = tmp_path / "zoo" / "toy"
    options = "--step {out}/step.safetensors --name toy --out {package}"
    subprocess.run(script("export.py", options, out=out, package=package), check=True)
    assert {p.stem for p in step_graphs(package)} == {
        graph for family in FAMILIES for graph in graphs_of(family)
    }
    graph = onnx.load(package / "mask.onnx", load_external_data=False)
    facts = json.loads({p.key: p.value for p in graph.metadata_props}[KEY])
    training = facts["training"]
    assert facts["aggregation"] == "mean"
    assert (package / "step.safetensors").read_bytes() == (out / "step.safetensors").read_bytes()
    assert training["images"] == rows[-1]["images"] and training["options"]["rank"] == "4"
    check_going_on(large, out / "step.safetensors", tmp_path / "further")
    check_samples(large, out / "step.safetensors", tmp_path / "samples")
    check_stddev(large, package, tmp_path / "stddev")
    restore_with(package, tmp_path)


def check_dry_run(command, out):
    """It prints the configuration, the network's size and the first batch, and trains nothing."""
    text = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
    configuration, _, rest = text.stdout.partition("\n}\n")
    options = json.loads(configuration + "}")
    assert options["rank"] == "4" and options["ensemble"] and options["image_budget"] == 8
    size, first = rest.splitlines()
    assert "M weights to train" in size and "kFLOP per pixel" in size
    assert first.startswith("first problem: ")
    shapes = json.loads(first[first.index("{") :])
    assert shapes["clean"][:2] == [2, 3] and shapes["clean"] == shapes["z0"]
    assert [p.name for p in out.iterdir()] == ["cache"]


def check_going_on(shard, step, out):
    """A training from an earlier step: the new step tells of both."""
    options = "--shards {shard} --start {step} --out {out}"
    options += " --families mask --crop 48 --batch 2 --image-budget 4"
    command = script("distill.py", options, shard=shard, step=step, out=out)
    refused = subprocess.run([*command, "--warm-up", "0"], capture_output=True, text=True)
    assert refused.returncode == 2 and "--warm-up 0 must be 1 problem or more" in refused.stderr
    subprocess.run([*command, "--warm-up", "8"], check=True)
    assert [
        json.loads(line)["rate"] for line in (out / "stats.jsonl").read_text().splitlines()
    ] == [pytest.approx(1.25e-4)]
    about = provenance(out / "step.safetensors")
    assert (about["images"], about["from"]) == (4, provenance(step))


def check_samples(shard, teacher, out):
    """A new step of branches learns the mean, from a teacher too, and samples, and resumes."""
    command = [sys.executable, MODELS / "distill.py", "--shards", shard, "--out", out]
    command += ["--size", "toy", "--families", "denoise", "--iterations", "1", "--final"]
    command += ["--branches", "--initial", "adjoint", "--realism", "--feature-weight", "0"]
    command += ["--teacher", teacher, "--grid-shares", "4", "0", "1", "0", "0"]
    command += ["--crop", "48", "--batch", "2", "--image-budget"]
    text = subprocess.run([*command, "4", "--dry-run"], capture_output=True, text=True, check=True)
    shapes = json.loads(text.stdout[text.stdout.rindex("{") :])
    assert shapes["realism"] == [2] and shapes["texture_noise"] == [2, 6, 48, 48]
    assert shapes["y_noise"] == shapes["y"] and shapes["noise"] == [2, 1, 3, 48, 48]
    for budget, begun in ((8, "started at 0"), (16, "resumed at 8")):
        run = subprocess.run([*command, str(budget)], capture_output=True, text=True, check=True)
        assert f"{begun} images" in run.stdout
    row = json.loads((out / "stats.jsonl").read_text().splitlines()[-1])
    assert {"denoise", "three_denoise", "spread_error", "power_chroma", "psnr_sample"} <= set(row)
    net = load_model(out / "step.safetensors")
    assert net.takes_realism and net.final and net.iterations == 1


def check_stddev(shard, package, out):
    """A network learns how far the package's answers are from the truth, and becomes its graph."""
    options = "--shards {shard} --model {package} --out {out} --crop 48 --batch 2 --image-budget"
    command = script("train_stddev.py", options, shard=shard, package=package, out=out)
    for budget, begun in ((4, "started at 0"), (8, "resumed at 4")):
        run = subprocess.run([*command, str(budget)], capture_output=True, text=True, check=True)
        assert f"{begun} images" in run.stdout
    row = json.loads((out / "stats.jsonl").read_text().splitlines()[-1])
    assert {*FAMILIES, "mean", "ratio"} <= set(row)
    steps = {path.stem for path in step_graphs(package)}
    options = "--stddev {out}/stddev.safetensors --name toy --out {package}"
    subprocess.run(script("export.py", options, out=out, package=package), check=True)
    told = onnx.load(package / "stddev.onnx")
    facts = json.loads({p.key: p.value for p in told.metadata_props}[KEY])
    assert set(facts["families"]) == steps and facts["training"]["images"] == 8
    assert {path.stem for path in step_graphs(package)} == steps


def restore_with(package, tmp_path):
    """An image through the element with the toy package, where the plugin is built."""
    if not os.environ.get("GST_PLUGIN_PATH"):
        pytest.skip("GST_PLUGIN_PATH does not say where the plugin is: run make test-models")
    Image.fromarray(np.full((50, 66, 3), 90, np.uint8)).save(tmp_path / "in.png")
    pipeline = (
        f"filesrc location={tmp_path}/in.png ! pngdec ! videoconvert "
        f"! ud2mrestore task=denoise model={package} "
        f"! videoconvert ! pngenc ! filesink location={tmp_path}/out.png"
    )
    for line in (pipeline, pipeline.replace("task=denoise", "task=denoise output=stddev")):
        subprocess.run(["gst-launch-1.0", "-q", *line.split()], check=True, timeout=120)
        image = Image.open(tmp_path / "out.png")
        assert image.size == (66, 50)
    told = np.asarray(image.convert("RGB"))
    assert (told == told[..., :1]).all() and told.max() > 0, "a standard deviation is gray"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    torch.manual_seed(0)
    net = Denoiser(TOY)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    out = tmp_path_factory.mktemp("package") / "toy"
    about = {
        "name": "toy",
        "version": "1",
        "licence": "MPL-2.0",
        "training": {"images": 0},
        "scores": {},
    }
    export(unfolded(net, {"blur": ScalarValues(), "downscale3": ScalarValues()}), out, about)
    return out


def test_the_manifest_names_the_real_inputs(package):
    for family in ("blur", "downscale3"):
        model = onnx.load(package / f"{family}.onnx", load_external_data=False)
        facts = json.loads({p.key: p.value for p in model.metadata_props}[KEY])
        real = {i.name: len(i.type.tensor_type.shape.dim) for i in model.graph.input}
        assert {n: len(s) for n, s in facts["inputs"].items()} == real and facts["family"] == family
        session = onnxruntime.InferenceSession(package / f"{family}.onnx")
        for i in session.get_inputs():
            fixed = {k: d for k, d in enumerate(facts["inputs"][i.name]) if isinstance(d, int)}
            assert {k: i.shape[k] for k in fixed} == fixed, i.name


def test_graphs_share_one_weight_file(package):
    assert {p.name for p in package.iterdir()} == {
        "blur.onnx",
        "downscale3.onnx",
        "prepare-blur.onnx",
        "prepare-downscale3.onnx",
        "blur.golden.npz",
        "downscale3.golden.npz",
        "weights.safetensors",
    }
    weights = sum(p.numel() * 4 for p in Denoiser(TOY).parameters())
    assert (package / "weights.safetensors").stat().st_size < 1.3 * weights


def with_noise(stored):
    """A golden file's arrays, with the random inputs of its step."""
    seed, size = int(stored["seed"][0]), stored["z0"].shape[-2:]
    return dict(stored) | {
        "xt": golden.initial_state(seed, size).numpy(),
        "noise": golden.inner_noise(seed, 0, 3, size).numpy(),
    }


def test_a_golden_file_holds_seeds_from_which_its_outputs_follow(package):
    for name in ("blur", "downscale3"):
        stored = np.load(package / f"{name}.golden.npz")
        assert (
            not {"xt", "noise"} & set(stored) and stored["run_x0"].shape == stored["x0"].shape[1:]
        )
        found = graphs.Runner(package / f"{name}.onnx")(with_noise(stored))
        assert np.abs(found - stored["x0"]).max() <= 1e-4


def test_jpeg_has_a_graph_for_each_size_of_chroma(tmp_path):
    torch.manual_seed(0)
    net = Denoiser(TOY)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    out = tmp_path / "toy"
    export(
        unfolded(net, {"jpeg": ScalarValues()}),
        out,
        {"name": "toy", "version": "1", "licence": "MPL-2.0", "training": {}, "scores": {}},
    )
    assert {p.name for p in out.iterdir()} == {
        "weights.safetensors",
        *(f"{g}{end}" for g in graphs_of("jpeg") for end in (".onnx", ".golden.npz")),
        *(f"prepare-{g}.onnx" for g in graphs_of("jpeg")),
    }
    stored = with_noise(np.load(out / "jpeg.golden.npz"))
    # Colours that differ between two rows, or between two columns, of equal luma: what is averaged
    # has no effect.
    red = np.array([1.402, -0.714136, 0.0], np.float32)[:, None, None]
    h, w = stored["y"].shape[-2:]
    rows, columns = (
        0.3 * red * (-1.0) ** np.arange(n).reshape(shape)
        for n, shape in ((h, (1, h, 1)), (w, (1, 1, w)))
    )
    for graph, reaches in (
        ("jpeg", (False, False)),
        ("jpeg422", (True, False)),
        ("jpeg444", (True, True)),
    ):
        run = graphs.Runner(out / f"{graph}.onnx")
        plain, *others = (
            run(stored | {"y": (stored["y"] + c).astype(np.float32)}) for c in (0, rows, columns)
        )
        moved = [np.abs(other - plain).max() for other in others]
        assert tuple(m > 1e-2 for m in moved) == reaches and all(
            m > 1e-2 or m < 1e-4 for m in moved
        ), (graph, moved)


def test_no_graph_holds_a_random_or_fourier_operator(package):
    for path in package.glob("*.onnx"):
        used = {n.op_type for n in onnx.load(path, load_external_data=False).graph.node}
        assert not used & {
            "DFT",
            "STFT",
            "RandomNormal",
            "RandomNormalLike",
            "RandomUniform",
            "RandomUniformLike",
        }


def test_a_graph_that_differs_from_pytorch_is_refused_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "largest_miss", lambda *a: 0.5)
    with pytest.raises(ExportError, match="nothing was written"):
        export(unfolded(Denoiser(TOY), {"denoise": ScalarValues()}), tmp_path / "zoo", {})
    assert not (tmp_path / "zoo").exists()


def test_weights_that_lie_in_no_file_are_refused_and_nothing_is_written(tmp_path):
    net, file = Denoiser(TOY), tmp_path / "other.safetensors"
    save_denoiser(Denoiser(TOY), file, {})
    with pytest.raises(ExportError, match="no weight file holds"):
        export(unfolded(net, {"denoise": ScalarValues()}), tmp_path / "zoo", {}, [file])
    assert not (tmp_path / "zoo").exists()


def test_weights_come_back_as_they_went_in_half_precision(tmp_path):
    net = Denoiser(TOY)
    save_denoiser(net, tmp_path / "a.safetensors", {"images": 3})
    back = load_denoiser(tmp_path / "a.safetensors")
    assert back.config == TOY
    for a, b in zip(net.parameters(), back.parameters(), strict=True):
        assert torch.equal(a.half().float(), b)
