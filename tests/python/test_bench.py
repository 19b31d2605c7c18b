# SPDX-License-Identifier: MPL-2.0
"""The benchmark's figures: what it reads of the element and of profiles, and what it writes."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/bench"))

import children
import document
import nodes
from cells import SIZES, TASKS, cells


def snapshot(frames: int, mean: float, in_flight: int = 1) -> dict:
    stages = {f"{stage}-ms": mean / 4 for stage in children.STAGES}
    rest = {"tiles": 6, "tile-width": 464, "tile-height": 384, "provider": "CPU", "peak": 100.0}
    rest["in-flight"] = in_flight
    return {"frames": frames, "frame-ms": mean, "cpu": 2.0 * frames, **stages, **rest}


def test_frames_after_the_first_are_told_from_means_over_all():
    # Of 90, 30, 30 and 50 ms.
    found = children._figures([snapshot(n, m) for n, m in ((1, 90), (2, 60), (3, 50), (4, 50))])
    assert found["frames"] == pytest.approx([30, 30, 50])
    assert found["stages"]["model"] == pytest.approx(110 / 3 / 4)
    assert found["cpu"] == pytest.approx(2) and found["tile"] == (464, 384)
    with pytest.raises(children.Failed, match="ended before"):
        children._figures([snapshot(1, 90)])


def test_frames_side_by_side_count_by_their_share():
    found = children._figures([snapshot(n, m, 2) for n, m in ((1, 90), (2, 60), (3, 50))])
    assert found["frames"] == pytest.approx([15, 15])


def test_a_structure_is_read_as_it_is_printed():
    text = r'frames=(guint64)3, frame-ms=(double)279.7, verdict=(string)"too\ much", tiles=(uint)2'
    found = children._structure(text)
    assert found["frames"] == 3 and found["frame-ms"] == 279.7 and found["tiles"] == 2


@pytest.mark.parametrize(
    ("operator", "first", "second", "out", "wanted"),
    [
        ("Conv", [2, 8, 5, 6], [4, 8, 3, 3], [2, 4, 5, 6], 2 * 2 * 4 * 30 * 72),
        ("Conv", [1, 8, 5, 6], [8, 1, 3, 3], [1, 8, 5, 6], 2 * 8 * 30 * 9),
        ("ConvTranspose", [1, 8, 5, 6], [8, 3, 2, 2], [1, 3, 10, 12], 2 * 240 * 12),
        # Weights that were packed are not told.
        ("ConvTranspose", [1, 384, 15, 20], [3], [1, 3, 240, 320], 2 * 3 * 240 * 320 * 384),
        ("ConvTranspose", [1, 384, 15, 20], None, [1, 3, 240, 320], 2 * 3 * 240 * 320 * 384),
        ("MatMul", [3, 5, 7], [7, 11], [3, 5, 11], 2 * 3 * 5 * 7 * 11),
        ("MatMul", [5, 7], [3, 7, 11], [3, 5, 11], 2 * 3 * 5 * 7 * 11),
        ("FusedMatMul", [3, 7, 5], [3, 7, 11], [3, 5, 11], 2 * 3 * 5 * 7 * 11),
        ("Gemm", [4, 7], [11, 7], [4, 11], 2 * 4 * 7 * 11),
        ("Add", [4, 7], [4, 7], [4, 7], 0),
    ],
)
def test_work_follows_from_the_shapes_of_a_node(operator, first, second, out, wanted):
    shapes = [{"float": shape} for shape in (first, second) if shape]
    node = {"op_name": operator, "input_type_shape": shapes, "output_type_shape": [{"float": out}]}
    assert nodes.flops(node) == pytest.approx(wanted)


def test_plans_hold_every_task_and_size_once():
    every = cells("everything")
    tiny = [cell for cell in every if cell.model == "tiny"]
    assert len(set(every)) == len(every) == 2 * 2 * len(SIZES) * len(TASKS) + len(tiny)
    assert {(cell.task, cell.steps) for cell in tiny} == {(task, 1) for task in TASKS}
    assert set(cells("gpu")) == set(every)
    assert set(cells("quick")) < set(cells("usual")) < set(every)
    assert all(cell.graph.exists() for cell in every)


def test_a_document_keeps_to_its_columns(tmp_path):
    row = {
        **{"frames": [98765.4, 123456.7], "cpu": 123.45, "peak": 1234.5, "flops": 9.9e12},
        **{
            "stages": dict.fromkeys(children.STAGES, 12345.6),
            "bare": 98765.4,
            "reference": 98765.4,
        },
    }
    found = {
        "cells": {cell: row for cell in cells("everything")},
        "peers": [("OpenCV, fastNlMeans", 1920, 1080, [12345.6])],
        "nodes": [("lite/blur.onnx", "464×384", [("ConvTranspose", "CUDA", 12, 345.6, 1e9)])],
        **{"missing": ["bm3d: no program"], "notes": ["busy"], "machine": [("CPU", "two cores")]},
        "peak": 150.0,
    }
    out = tmp_path / "performance.md"
    document.write(found, out, "scripts/bench/run.py")
    text = out.read_text()
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert max(map(len, text.splitlines())) <= 100
    assert sum("super-resolve" in line for line in tables) == 2 * (2 * 2 + 1) * len(SIZES)
    assert "<polyline" in out.with_suffix(".svg").read_text()
