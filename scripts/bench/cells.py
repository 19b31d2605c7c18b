# SPDX-License-Identifier: MPL-2.0
"""What is measured: cells of a task, a model, a number of steps and a size of the answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = ((320, 240), (640, 360), (1280, 720), (1920, 1080))
STEPS = (1, 3)
MODELS = ("lite", "tiny", "base")
SINGLE = ("tiny",)  # models that were trained as the only step
NOISE = 0.05  # standard deviation of the noise that is told, as a share of full scale
LARGE = {"base": 640 * 360}  # pixels beyond which a model is measured only where all is asked for


@dataclass(frozen=True)
class Task:
    """A task of the element: the stem of its graph, its scale, the properties that choose it."""

    graph: str
    scale: int
    properties: str


TASKS = {
    "denoise": Task("denoise", 1, f"task=denoise noise-sigma={NOISE}"),
    "deblur": Task("blur", 1, "task=deblur kernel=gaussian kernel-sigma=1.7320508"),
    "inpaint": Task("mask", 1, "task=inpaint mask-file={mask}"),
    "super-resolve": Task("downscale4", 4, "task=super-resolve scale=4"),
    "jpeg": Task("jpeg", 1, "task=jpeg jpeg-quality=30"),
}


@dataclass(frozen=True)
class Cell:
    """One row of the tables; width and height are those of the answer."""

    task: str
    model: str
    steps: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def frame(self) -> str:
        return f"{self.width}×{self.height}"

    @property
    def size_in(self) -> tuple[int, int]:
        """Width and height of the frame that comes in."""
        scale = TASKS[self.task].scale
        return self.width // scale, self.height // scale

    @property
    def graph(self) -> Path:
        return ROOT / f"models/zoo/{self.model}/{TASKS[self.task].graph}.onnx"


def cells(plan: str) -> list[Cell]:
    """The cells of a plan, in the order in which they are measured, the most telling first.

    quick: two tasks, two sizes. usual: all, but for large frames with large models. everything.
    gpu: what users of one look at first, for a run whose time is short.
    """
    if plan == "quick":
        return _table(("lite", "tiny"), (1,), SIZES[:2], ("denoise", "deblur"))
    if plan == "gpu":
        telling = SIZES[2], SIZES[3], SIZES[1]
        first = _table(("lite",), STEPS, telling, ("denoise", "deblur"))
        second = _table(("base",), (1, 3), (SIZES[3], SIZES[2]), ("denoise", "deblur"))
        return list(dict.fromkeys([*first, *second, *_table(MODELS, STEPS, SIZES, TASKS)]))
    every = _table(MODELS, STEPS, SIZES, TASKS)
    return [c for c in every if plan == "everything" or c.pixels <= LARGE.get(c.model, c.pixels)]


def _table(
    models: Iterable[str],
    steps: Iterable[int],
    sizes: Iterable[tuple[int, int]],
    tasks: Iterable[str],
) -> list[Cell]:
    order = product(models, steps, sizes, tasks)
    every = (Cell(task, model, count, *size) for model, count, size, task in order)
    return [cell for cell in every if cell.model not in SINGLE or cell.steps == 1]
