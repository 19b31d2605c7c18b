# SPDX-License-Identifier: MPL-2.0
"""The figures as a document with a plot."""

from pathlib import Path
from statistics import median

from cells import LARGE, TASKS, Cell
from plot import Series, plot

INTRODUCTION = """# Performance

Written by `{command}`: do not edit.

Milliseconds are medians over the frames after the first; beside them the quickest and the slowest.
Each measurement has a process of its own, one after the other. `videotestsrc` makes RGB frames,
`fakesink` takes them, and the element's `stats` tell the times. *N* is `steps`; the frame is that
which leaves.
"""
SPEED = """
### Frames

*CPU* is processor time a frame, of all threads. *Work* counts the multiplications and additions of
convolutions and products of matrices in the graph as it ran; *of peak* is work a second over that
of one large product of matrices (sgemm) by the same ONNX Runtime: {peak:.0f} GFLOP/s.

| task | frame | N | ms | from–to | frames/s | CPU s | MiB | GFLOP | of peak |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
STAGES = """
### Where the time goes

Milliseconds a frame. *Bare* is ONNX Runtime alone on as many tiles of the same size, at the better
of two arrangements: one call on all cores, or as many calls at once as there are cores. *Whole* is
one call on all cores on the whole frame, up to 640×360. *PyTorch* is the same sampler there.

| task | frame | N | unpack | network | sampling | pack | bare | ratio | whole | PyTorch |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
PEERS = """
## Other filters

What else denoises video, on frames of noise; strengths are not tuned, for times hardly depend on
them. FFDNet was not measured: there are no weights of it here.

| filter | frame | ms | from–to | frames/s |
| --- | --- | --- | --- | --- |
"""
NODES = """
## Nodes

One call of `{graph}` for {size}, by operator, the slowest first.

| operator | provider | nodes | ms | GFLOP |
| --- | --- | --- | --- | --- |
"""


def write(found: dict, out: Path, command: str) -> None:
    """Writes the document, and the plot beside it. found: see `run.Run.found`."""
    parts = [INTRODUCTION.format(command=command)]
    parts += ["\n| machine | |\n| --- | --- |\n"]
    parts += [f"| {what} | {name} |\n" for what, name in found["machine"]]
    parts += [f"\n{note}\n" for note in found["notes"]]
    parts += [f"\n![frames a second by size]({out.stem}.svg)\n"]
    for model in dict.fromkeys(cell.model for cell in found["cells"]):
        mine = {cell: row for cell, row in found["cells"].items() if cell.model == model}
        parts += [f"\n## Model `{model}`\n", SPEED.format(peak=found["peak"])]
        parts += [_speed(cell, row, found["peak"]) for cell, row in mine.items()]
        parts += [STAGES, *(_stages(cell, row) for cell, row in mine.items())]
    if found["peers"]:
        parts += [PEERS, *(_peer(name, *rest) for name, *rest in found["peers"])]
    for graph, size, rows in found["nodes"]:
        parts += [NODES.format(graph=graph, size=size), *map(_nodes, rows)]
    missing = found["missing"]
    if missing:
        parts += ["\n## Not measured\n\n", *(f"- {what}\n" for what in missing)]
    out.write_text("".join(parts))
    out.with_suffix(".svg").write_text(plot(_series(found)))


def _speed(cell: Cell, row: dict, peak: float) -> str:
    ms, work = row["frames"], row.get("flops", 0.0) / 1e9
    share = f"{work / (median(ms) / 1e3) / peak:.0%}" if work else "–"
    cells = [*_times(ms), f"{row['cpu']:.2f}", f"{row['peak']:.0f}"]
    return _line(cell.task, cell.frame, cell.steps, *cells, f"{work:.1f}" if work else "–", share)


def _stages(cell: Cell, row: dict) -> str:
    frame, bare = median(row["frames"]), row.get("bare")
    ratio = f"{frame / bare:.2f}" if bare else "–"
    rest = [_ms(bare), ratio, _ms(row.get("whole")), _ms(row.get("reference"))]
    return _line(cell.task, cell.frame, cell.steps, *map(_ms, row["stages"].values()), *rest)


def _peer(name: str, width: int, height: int, ms: list[float]) -> str:
    return _line(name, f"{width}×{height}", *_times(ms))


def _nodes(row: tuple) -> str:
    operator, provider, nodes, ms, flops = row
    work = f"{flops / 1e9:.2f}" if flops else "–"
    return _line(operator, provider, f"{nodes:.0f}", f"{ms:.2f}", work)


def _times(ms: list[float]) -> list[str]:
    return [_ms(median(ms)), f"{_ms(min(ms))}–{_ms(max(ms))}", f"{1e3 / median(ms):.2f}"]


def _ms(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def _series(found: dict) -> list[Series]:
    """Frames a second by size: tasks of models for CPUs at the fewest steps, and the others."""
    series: dict[str, Series] = {}
    cells = found["cells"]
    steps = min((cell.steps for cell in cells), default=0)
    for task in TASKS:
        for cell, row in cells.items():
            if (cell.task, cell.steps) == (task, steps) and cell.model not in LARGE:
                name = f"{task}, {cell.model}, N = {steps}"
                each = series.setdefault(name, Series(name, True, []))
                each.points.append((cell.pixels, 1e3 / median(row["frames"])))
    for name, width, height, ms in found["peers"]:
        each = series.setdefault(name, Series(name, False, []))
        each.points.append((width * height, 1e3 / max(median(ms), 1e-3)))
    return list(series.values())
