"""A model package: step graphs for ONNX Runtime, a golden file beside each, and their weights.

There is one graph a family; JPEG has one a subsampling. A graph ships only when ONNX Runtime and
PyTorch agree on it; otherwise nothing is written and the miss is named.
"""

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import onnx
import torch

from ud2m.export import golden, graph, weights
from ud2m.export.manifest import attach, manifest, prepare_of
from ud2m.export.prepare import parts, shapes_of
from ud2m.export.splits import in_pieces
from ud2m.nn.denoiser import Denoiser
from ud2m.physics.operators import graphs_of, operator_of
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.unfolded import UnfoldedStep

TOLERANCE = 1e-4  # largest difference of a step from PyTorch, images in [-1, 1]
HALO = 16  # px at a tile's edge whose answer leans on what lies beyond (docs/decisions/006)


class ExportError(RuntimeError):
    """The graph does not say what PyTorch says, or a weight lies in no file."""


def unfolded(
    denoiser: Denoiser, scalars: dict[str, ScalarValues], iterations: int = 3
) -> dict[str, UnfoldedStep]:
    """The steps of an undistilled denoiser, one for each graph of the families in `scalars`."""
    return {
        name: UnfoldedStep(denoiser, operator_of(name), Scalars(values), iterations)
        for family, values in scalars.items()
        for name in graphs_of(family)
    }


def export(
    steps: dict[str, UnfoldedStep], out: Path, about: dict, files: Iterable[Path] = ()
) -> dict[str, float]:
    """Writes a package of these graphs to `out`; returns their largest differences from PyTorch.

    about: name, version, licence, training and scores for the manifest. files: safetensors files
    that hold the networks' weights; the package gets copies of those that its graphs use. Without
    them it gets the networks as `weights.safetensors`. Raises ExportError, and leaves `out` as it
    was, when a graph differs by more than TOLERANCE or a weight is in none of the files.
    """
    misses, used = {}, set()
    with tempfile.TemporaryDirectory(dir=out.parent) as work:
        folder = Path(work)
        copies = [Path(shutil.copy(file, folder)) for file in files]
        copies = copies or weights.write(steps.values(), folder)
        stored = weights.Weights(copies)
        for name, step in steps.items():
            misses[name], more = _add_graph(name, weights.plain(step), folder, stored, about)
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


def _add_graph(
    name: str, step: UnfoldedStep, folder: Path, stored: weights.Weights, about: dict
) -> tuple[float, set[Path]]:
    """Writes a graph and its golden file; returns its largest miss and the weight files in use."""
    multiple = graph.size_multiple(step)
    case = golden.make_case(name, multiple, 1)
    other = golden.make_case(name, multiple, 2, more=1)  # a graph serves all sizes
    pair = golden.step_inputs(step, case, 1, batch=2)
    dims, shapes = graph.free_dimensions(pair, step)
    whole = graph.trace(step, pair, dims, folder / "raw.onnx")
    two = parts(whole, [n for n in pair if n not in graph.TOLD])
    used = set()
    for part in two:
        in_pieces(part)
        try:
            used |= weights.move_out(part, step, stored)
        except LookupError as e:
            raise ExportError(f"{name}: {e}; nothing was written.") from e
    onnx.save(two.prepare, prepare_of(folder, name))
    outputs = shapes_of(two.prepare.graph.output)
    shapes |= outputs
    taken, told = ({i.name: shapes[i.name] for i in part.graph.input} for part in two)
    prepare = {"inputs": told, "outputs": outputs}
    attach(two.step, manifest(name, step, multiple, HALO, taken, prepare, about), folder)
    path = folder / f"{name}.onnx"
    onnx.save(two.step, path)
    single = golden.step_inputs(step, case, 3, share=0.0)
    quieter = replace(other, sigma_y=case.sigma_y / 2)
    several = golden.step_inputs(step, quieter, 4, batch=3)
    # Each level mirrors in its own way; that of `golden` is another.
    cases = [pair, {**single, "t": torch.tensor([250.0])}, {**several, "t": torch.tensor([111.0])}]
    miss = graph.largest_miss(path, step, cases)
    if not miss <= TOLERANCE:
        raise ExportError(
            f"{name}: ONNX Runtime and PyTorch differ by {miss:.2g}, "
            f"more than {TOLERANCE:g}; nothing was written."
        )
    golden.save(folder / f"{name}.golden.npz", step, case)
    return miss, used
