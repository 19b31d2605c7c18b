"""Step graphs for ONNX Runtime: one a family (JPEG: one a subsampling), a golden file beside each, and their weights.

A graph ships only when ONNX Runtime and PyTorch agree on it; otherwise nothing is written and the miss is named.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch

from ud2m.diffusion.sampler import sample
from ud2m.export import weights
from ud2m.export.manifest import KEY, manifest
from ud2m.nn.denoiser import Denoiser
from ud2m.physics.generators import degradations
from ud2m.physics.observation import observe
from ud2m.physics.operators import graphs_of, operator_of
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.unfolded import UnfoldedStep

STEP_TOLERANCE, RUN_TOLERANCE = 1e-4, 1e-3  # max abs, images in [-1, 1]
OPSET = 18
HALO = 16  # px at a tile's edge whose answer leans on what lies beyond (docs/decisions/006)


class ExportError(RuntimeError):
    """The graph does not say what PyTorch says."""


def unfolded(
    denoiser: Denoiser, scalars: dict[str, ScalarValues], iterations: int = 3
) -> dict[str, UnfoldedStep]:
    """The steps of an undistilled denoiser, one for each graph of the families in `scalars`."""
    step = lambda graph, values: UnfoldedStep(
        denoiser, operator_of(graph), Scalars(values), iterations
    )
    return {
        graph: step(graph, values)
        for family, values in scalars.items()
        for graph in graphs_of(family)
    }


def size_multiple(step: UnfoldedStep) -> int:
    """H and W of the graph are multiples of this."""
    return int(
        np.lcm(step.multiple, step.operator.multiple * (2 if step.operator.scale > 1 else 1))
    )


def golden_case(family: str, multiple: int, seed: int):
    """A small degraded image with odd sides, ready for the step: (condition, sigma_y, psf or None)."""
    rng = np.random.default_rng(seed)
    rows, columns = (
        max(29, multiple + 5),
        max(43, multiple + 11),
    )  # more than one multiple a side, or the exporter takes it for fixed
    yy, xx = np.mgrid[:rows, :columns]
    waves = [
        np.sin(2 * np.pi * (fy * yy + fx * xx) + p)
        for fy, fx, p in rng.uniform(-0.1, 0.1, (9, 3)) * (1, 1, 30)
    ]
    x = torch.from_numpy(np.stack([sum(waves[i::3]) / 3 for i in range(3)])).float().clamp(-1, 1)
    operator = operator_of(family)
    if operator.scale > 1:
        s = operator.scale
        y, physics = degradations.downscale(x[:, : rows // s * s, : columns // s * s], s, 0.01, rng)
    else:
        y, physics = {
            "blur": lambda: degradations.blur(x, degradations.trajectory(9, rng), 0.01, rng),
            "mask": lambda: degradations.mask(
                x, degradations.random_mask(rows, columns, 0.5, rng), 0.01, rng
            ),
            "denoise": lambda: degradations.denoise(x, 0.1, rng),
            "jpeg": lambda: degradations.jpeg(x, 15),
            "jpeg422": lambda: degradations.jpeg(x, 15, "4:2:2"),
            "jpeg444": lambda: degradations.jpeg(x, 15, "4:4:4"),
        }[family]()
    return (
        observe(operator, y[None], physics, multiple),
        0.2 if family == "denoise" else 0.02,
        physics.get("psf"),
    )


def _arguments(
    step: UnfoldedStep, case, sigma_y: float, rng: np.random.Generator, batch: int
) -> dict[str, torch.Tensor]:
    shape = (3, *case.z0.shape[-2:])
    normal = lambda *s: torch.from_numpy(rng.standard_normal(s, np.float32))
    many = lambda v: v.expand(batch, *v.shape[1:]).contiguous()
    physics = {
        n: many(v) if v.dim() == 4 else v for n, v in zip(step.operator.inputs, case.physics)
    }
    return {
        "xt": normal(batch, *shape),
        "z0": many(case.z0),
        "y": many(case.y),
        "noise": normal(batch, step.iterations, *shape),
        "t": torch.tensor([444.0]),
        "sigma_y": torch.tensor([sigma_y]),
        **physics,
    }


def _free(arguments: dict, step: UnfoldedStep) -> tuple[dict, dict]:
    """Dynamic dimensions for the exporter, and the same as the manifest names them."""
    s, m = step.operator.scale, size_multiple(step)
    b, h, w = (
        torch.export.Dim("B", max=64),
        torch.export.Dim("h", min=1, max=512),
        torch.export.Dim("w", min=1, max=512),
    )
    big, small = {-2: m * h, -1: m * w}, {-2: m // s * h, -1: m // s * w}
    dims, named = {}, {}
    for name, value in arguments.items():
        n = value.dim()
        if name in ("t", "sigma_y", "kernel", "quant_luma", "quant_chroma"):
            dims[name], named[name] = {}, list(value.shape)
            continue
        low = name == "gram" or (name == "y" and s > 1)
        dims[name] = {n + k: d for k, d in (small if low else big).items()}
        named[name] = [
            *value.shape[:-2],
            f"H/{s}" if low and s > 1 else "H",
            f"W/{s}" if low and s > 1 else "W",
        ]
        if name not in ("otf", "gram"):
            dims[name][0], named[name][0] = b, "B"
    return dims, named


def _graph(step: UnfoldedStep, arguments: dict, dims: dict, path: Path) -> onnx.ModelProto:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            step,
            tuple(arguments.values()),
            path,
            input_names=list(arguments),
            output_names=["x0"],
            dynamic_shapes=_nested(dims),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return onnx.load(path)


def _nested(dims: dict) -> tuple:
    values = list(dims.values())
    plain = 6  # xt z0 y noise t sigma_y; the rest is the variadic physics
    return (*values[:plain], *([tuple(values[plain:])] if values[plain:] else []))


def _largest_miss(path: Path, step: UnfoldedStep, cases: list[dict]) -> float:
    import onnxruntime as ort

    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for arguments in cases:
        got = session.run(None, {n: v.numpy() for n, v in arguments.items()})[0]
        with torch.no_grad():
            want = step(*arguments.values()).numpy()
        worst = max(worst, float(np.abs(got - want).max()))
    return worst


def _golden(
    step: UnfoldedStep, arguments: dict, case, sigma_y: float, psf, rng
) -> dict[str, np.ndarray]:
    """One step and one whole run (N = 3, zeta = 0) as arrays."""
    with torch.no_grad():
        out = {n: v.numpy() for n, v in arguments.items()} | {
            "x0": step(*arguments.values()).numpy()
        }
        shape = (3, *case.z0.shape[-2:])
        xT = torch.from_numpy(rng.standard_normal((1, *shape), np.float32))
        noise = torch.from_numpy(rng.standard_normal((3, 1, step.iterations, *shape), np.float32))
        run = lambda xt, z, n, t: step(xt, z, case.y, n, t, torch.tensor([sigma_y]), *case.physics)
        x0 = sample(run, case.z0, xT, 3, lambda i: noise[i], mean=step.ensemble)
    out |= {
        "run_noise_xT": xT[0].numpy(),
        "run_noise": noise[:, 0].numpy(),
        "run_z0": case.z0[0].numpy(),
        "run_x0": x0[0].numpy(),
    }
    return out | ({"psf": psf.numpy()} if psf is not None else {})


def _add_graph(
    name: str, step: UnfoldedStep, folder: Path, stored: weights.Weights, about: dict
) -> tuple[float, set[Path]]:
    """Writes one graph and its golden file; returns its largest difference from PyTorch, and the weight files it uses."""
    step, multiple, rng = weights.plain(step), size_multiple(step), np.random.default_rng(20)
    case, sigma_y, psf = golden_case(name, multiple, 1)
    arguments = _arguments(step, case, sigma_y, rng, 2)
    dims, named = _free(arguments, step)
    model = _graph(step, arguments, dims, folder / "raw.onnx")
    try:
        used = weights.move_out(model, step, stored)
    except LookupError as e:
        raise ExportError(f"{name}: {e}; nothing was written.") from e
    scale = step.operator.scale
    meta = manifest(name, scale, multiple, HALO, step.iterations, named, about, mean=step.ensemble)
    onnx.helper.set_model_props(model, {KEY: meta})
    model.doc_string = model.producer_name = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    path = folder / f"{name}.onnx"
    onnx.save(model, path)
    other = golden_case(name, multiple, 2)[0]
    single = _arguments(step, case, sigma_y, rng, 1)
    miss = _largest_miss(
        path, step, [arguments, single, _arguments(step, other, sigma_y / 2, rng, 3)]
    )
    if miss > STEP_TOLERANCE:
        raise ExportError(
            f"{name}: ONNX Runtime and PyTorch differ by {miss:.2g}, "
            f"more than {STEP_TOLERANCE:g}; nothing was written."
        )
    golden = _golden(step, single, case, sigma_y, psf, rng)
    np.savez_compressed(folder / f"{name}.golden.npz", **golden)
    return miss, used


def export(
    steps: dict[str, UnfoldedStep], out: Path, about: dict, files: Iterable[Path] = ()
) -> dict[str, float]:
    """Writes a package of these graphs to `out`; returns each graph's largest difference from PyTorch.

    files: safetensors files that hold the networks' weights; the package gets copies of those that its graphs use.
    Without them it gets the networks as `weights.safetensors`. Raises ExportError, and leaves `out` as it was, when a
    graph differs by more than STEP_TOLERANCE or a weight is in none of the files.
    """
    misses, used = {}, set()
    with tempfile.TemporaryDirectory(dir=out.parent) as work:
        folder = Path(work)
        copies = [Path(shutil.copy(file, folder)) for file in files]
        copies = copies or weights.write(steps.values(), folder)
        stored = weights.Weights(copies)
        for name, step in steps.items():
            misses[name], more = _add_graph(name, step, folder, stored, about)
            used |= more
        # PyTorch puts weights above 1.5 GB beside the graph, asked or not.
        for unused in [*folder.glob("raw.onnx*"), *(set(copies) - used)]:
            unused.unlink()
        out.mkdir(parents=True, exist_ok=True)
        for kind in ("*.onnx", "*.npz", "weights*.safetensors"):
            for old in out.glob(kind):
                old.unlink()
        for new in folder.iterdir():
            shutil.move(new, out / new.name)
    return misses
