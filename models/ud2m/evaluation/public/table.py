"""The page of the protocols: ours beside what others published."""

import math
import textwrap

from ud2m.evaluation import tables
from ud2m.evaluation.public.published import PUBLISHED
from ud2m.evaluation.public.scores import Cells, Task

SETS = {"cbsd68": "CBSD68", "mcmaster18": "McMaster", "classic5": "Classic5", "set5": "Set5"}
Rows = dict[str, Cells]  # by title
ABOUT = (
    "Networks of this checkout by the protocols of papers: whole pictures, PSNR in dB, answers "
    "rounded to 8 bits. Rows in italics are as published, on all pictures of a set. Every cell "
    "has one figure a level, and the mean of a cell follows it. A dash was not measured."
)


def page(found: dict[str, tuple[Task, Rows]], arguments: list[str]) -> str:
    """The whole document: the command, then a table for each protocol."""
    command = tables.command(["public", *arguments])
    text = f"# Public protocols\n\n{_wrapped(ABOUT)}\n\n```\n{command}\n```\n\n"
    text += _wrapped(f"{tables.machine()}. No picture of these sets was trained on.") + "\n"
    for task, rows in found.values():
        text += f"\n## {task.protocol.title}\n\n{_wrapped(task.protocol.note)}\n\n"
        text += table(task, rows)
    return text


def table(task: Task, rows: Rows) -> str:
    """A row for each network, and the published ones."""
    head = [""]
    for name in task.protocol.sets:
        count, all_ = len(task.chosen(name)), len(task.all_of(name))
        part = f", {count} of {all_}" if count < all_ else ""
        head += [SETS[name] + part, "mean"]
    body = [[title, *_cells(task, cells)] for title, cells in rows.items()]
    for title, published in PUBLISHED[task.name].items():
        body.append([f"*{title}*", *_cells(task, {k: list(v) for k, v in published.items()})])
    return tables.markdown(head, body)


def _cells(task: Task, cells: Cells) -> list[str]:
    out = []
    for name in task.protocol.sets:
        values = cells.get(name, [])
        mean = sum(values) / len(values) if values else math.nan
        known = any(map(math.isfinite, values))
        out += [" / ".join(map(_number, values)) if known else "–", _number(mean)]
    return out


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, tables.WIDTH, break_on_hyphens=False))
