#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Measures frames of the element and what they are to be held against, and writes a document.

    scripts/bench/run.py                     all tasks with `lite`, `tiny`, small frames with `base`
    scripts/bench/run.py --plan quick        two tasks, two sizes
    scripts/bench/run.py --plan everything   large frames with `base` too
    scripts/bench/run.py --minutes 3.5       until the time is over

`make bench` builds what it needs and runs it; scripts/gpu/bench.sh runs it on a host with a GPU.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import document
import nodes
from cells import ROOT, SIZES, Cell, cells
from children import Failed, Host, json_of, network, pipeline
from machine import cores, load, machine
from peers import PEERS

HERE = Path(__file__).parent
REFERENCE = 1280 * 720  # pixels beyond which PyTorch is not measured
WHOLE = 640 * 360  # pixels beyond which a frame is too large for one call
SIDE = 2048  # of the matrices of sgemm


def arguments() -> argparse.Namespace:
    release = ROOT / "target/release"
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--plan", default="usual", choices=["quick", "usual", "everything", "gpu"])
    p.add_argument("--minutes", type=float, default=1e6, help="after which no cell is begun")
    p.add_argument("--seconds", type=float, default=4.0, help="a measurement lasts, at least")
    p.add_argument("--provider", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--gst-launch", default="gst-launch-1.0", help="the program")
    p.add_argument("--network", default=str(release / "examples/bench-network"))
    p.add_argument("--matmul", type=Path, help="graph of one product of matrices; else made")
    p.add_argument("--library-path", help="LD_LIBRARY_PATH of GStreamer's programs")
    p.add_argument("--out", type=Path, default=ROOT / "docs/performance.md")
    return p.parse_args()


class Run:
    """One run; `found` is what the document shows."""

    def __init__(self, a: argparse.Namespace, folder: Path):
        self.end = time.monotonic() + 60 * a.minutes
        self.folder, self.provider = folder, a.provider
        environment = dict(os.environ)
        if a.library_path:
            environment["LD_LIBRARY_PATH"] = a.library_path
        self.host = Host(a.gst_launch, a.network, environment, a.provider, a.seconds)
        self.found: dict = {"cells": {}, "peers": [], "nodes": [], "missing": [], "notes": []}
        self.bare: dict = {}
        matmul = a.matmul or make_matmul(folder)
        ms = self.attempt("sgemm", lambda: self.network(matmul, (SIDE, SIDE)))
        self.found["peak"] = 2 * SIDE**3 / min(ms["ms"]) / 1e6 if ms else float("nan")
        runtime = ms["runtime"] if ms else "unknown"
        self.found["machine"] = machine(a.gst_launch, environment, runtime)
        if load() > 0.5:
            note = f"Other processes were running: the load was {load():.1f} at the start."
            self.found["notes"].append(f"**{note}**")

    def attempt(self, what: str, work):
        """What `work` returns; None, and a line in the document, where it fails."""
        if time.monotonic() > self.end:
            self.found["missing"].append(f"{what}: the time was over")
            return None
        print(f"{what} …", file=sys.stderr, flush=True)
        try:
            return work()
        except (Failed, OSError, TimeoutError) as e:
            self.found["missing"].append(f"{what}: {e}")
            return None

    def network(self, graph: Path, size: tuple[int, int], *options: str) -> dict:
        return network(self.host, graph, size, "--provider", self.provider, *options)

    def cell(self, cell: Cell) -> None:
        name = f"{cell.task}, {cell.model}, N = {cell.steps}, {cell.frame}"
        row = self.attempt(name, lambda: pipeline(self.host, cell, self.mask(cell)))
        if row is None:
            return
        self.found["cells"][cell] = row
        key = cell.graph, row["tile"]
        if key not in self.bare:
            self.bare[key] = self.attempt(f"{name}: bare calls", lambda: self.arrangements(*key))
        if self.bare[key]:
            calls = cell.steps * row["tiles"]
            row["bare"] = calls * self.bare[key]["ms"]
            row["flops"] = calls * self.bare[key]["flops"]
        if cell.pixels <= WHOLE and (whole := self.whole(cell, name)):
            row["whole"] = cell.steps * whole

    def whole(self, cell: Cell, name: str) -> float | None:
        """ms of one call on the frame, its sides rounded up to what every graph takes."""
        size = cell.width, -(-cell.height // 16) * 16
        key = cell.graph, size, "whole"
        if key not in self.bare:
            self.bare[key] = self.attempt(
                f"{name}: whole", lambda: median(self.network(cell.graph, size)["ms"])
            )
        return self.bare[key]

    def arrangements(self, graph: Path, tile: tuple[int, int]) -> dict:
        """ms of a call at the better arrangement, and the work that is in it."""
        each = [median(self.network(graph, tile)["ms"])]
        if self.provider == "cpu" and cores() > 1:
            beside = self.network(graph, tile, "--threads", "1", "--side-by-side", str(cores()))
            each.append(median(beside["ms"]) / cores())
        return {"ms": min(each), "flops": sum(row.flops for row in self.nodes(graph, tile))}

    def nodes(self, graph: Path, size: tuple[int, int]) -> list[nodes.Row]:
        """The nodes of a call, for the document too where they are the first of their graph."""
        prefix = self.folder / "profile"
        done = self.network(graph, size, "--profile", str(prefix))
        rows = nodes.read(Path(done["profile"]), len(done["ms"]) + 1)
        shown = f"{graph.parent.name}/{graph.name}"
        if shown not in (name for name, _, _ in self.found["nodes"]):
            table = [(op, provider, r.nodes, r.ms, r.flops) for (op, provider), r in rows.items()]
            table.sort(key=lambda row: -row[3])
            self.found["nodes"].append((shown, f"{size[0]}×{size[1]}", table[:12]))
        return list(rows.values())

    def mask(self, cell: Cell) -> Path:
        """A mask of the frame's size: two pixels of ten are missing."""
        width, height = cell.size_in
        path = self.folder / f"{width}x{height}.pgm"
        pixels = bytes(255 * (i * 2654435761 % 2**32 % 10 > 1) for i in range(width * height))
        path.write_bytes(f"P5 {width} {height} 255\n".encode() + pixels)
        return path

    def reference(self, cell: Cell) -> None:
        options = [cell.graph.parent, cell.graph.stem, cell.steps, cell.width, cell.height]
        done = self.child("reference.py", options, f"PyTorch: {cell.task}, {cell.frame}")
        if done:
            self.found["cells"][cell]["reference"] = median(done["ms"])

    def peer(self, name: str, width: int, height: int) -> None:
        if any(what.startswith(f"{name},") for what in self.found["missing"]):
            return  # it is not here
        done = self.child("peers.py", [name, width, height], f"{name}, {width}×{height}")
        if done:
            shown = name if name != "opencv" else "OpenCV, fastNlMeans"
            self.found["peers"].append((shown, width, height, done["ms"]))

    def child(self, script: str, options: list, name: str) -> dict | None:
        command = [sys.executable, str(HERE / script), *map(str, options), str(self.host.seconds)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "models")}
        plain = Host("", "", environment, "", 0.0)
        return self.attempt(name, lambda: json_of(command, plain))


def make_matmul(folder: Path) -> Path:
    """The graph of a product of two square matrices."""
    from onnx import TensorProto, helper, save

    sides = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [SIDE, SIDE]) for n in "abc"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])], "sgemm", sides[:2], sides[2:]
    )
    opset = [helper.make_opsetid("", 18)]
    path = folder / "matmul.onnx"
    save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return path


def main() -> None:
    a = arguments()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(a, Path(folder))
        for cell in cells(a.plan):
            run.cell(cell)
        measured = run.found["cells"]
        steps = min((cell.steps for cell in measured), default=0)
        if a.provider == "cpu":
            for cell in measured:
                if cell.steps == steps and cell.pixels <= REFERENCE:
                    run.reference(cell)
            for width, height in SIZES[: 2 if a.plan == "quick" else None]:
                for name in PEERS:
                    run.peer(name, width, height)
        command = f"scripts/bench/run.py --plan {a.plan} --provider {a.provider}"
        document.write(run.found, a.out, command)
    print(f"{a.out}: {len(measured)} cells")
    if not measured:
        sys.exit("Nothing could be measured: see the end of the document.")


if __name__ == "__main__":
    main()
