#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Writes the tiny package `stddev`: some steps, and a graph that tells the standard deviation.

Run it after a change of the manifest's schema and commit what it writes:

    PYTHONPATH=models python3 tests/data/make_stddev.py
"""

import json
import shutil

import numpy as np
from make import HERE, PICTURE, Graph, blend, echo, manifest_of
from onnx import TensorProto, checker, helper, save

from ud2m.export.digests import digests

STEPS = {
    "denoise": blend,
    "mask": blend,
    "downscale2": echo,
    "jpeg": echo,
    "jpeg444": echo,
}
SERVED = ["denoise", "downscale2", "jpeg", "mask"]  # not jpeg444
MULTIPLE = 16  # of the steps it is 8
PLANE = ["B", 1, "H", "W"]
INPUTS = {"x0": PICTURE, "initial": PICTURE, "observed": PLANE, "sigma_y": [1]}


def stddev(g):
    """Each input by itself, and a mean over all that the graph is given.

    |x0 - initial|/32, the mean over R, G and B, + sigma_y/4 + (1 - observed)/64
    + the mean of x0 and 1 over all pixels, with those of the padding, /64.
    """
    # There and back: an error where a side is no multiple.
    there = g.node("SpaceToDepth", "x0", blocksize=MULTIPLE)
    x0 = g.node("DepthToSpace", there, blocksize=MULTIPLE)
    distance = g.node("Abs", g.node("Sub", x0, "initial"))
    distance = g.node("ReduceMean", distance, g.constant([1], np.int64), keepdims=1)
    everywhere = g.node("ReduceMean", x0, g.constant([1, 2, 3], np.int64), keepdims=1)
    hidden = g.node("Sub", g.constant(1.0), "observed")
    level = g.node("Unsqueeze", "sigma_y", g.constant([1, 2, 3], np.int64))
    return g.sum(
        g.times(1 / 32, distance),
        g.times(1 / 4, level),
        g.times(1 / 64, hidden),
        g.times(1 / 64, g.sum(everywhere, g.constant(1.0))),
    )


def write(path):
    g = Graph("stddev")
    g.nodes.append(helper.make_node("Identity", [stddev(g)], ["stddev"]))
    value, kind = helper.make_tensor_value_info, TensorProto.FLOAT
    inputs = [value(n, kind, s) for n, s in INPUTS.items()]
    graph = helper.make_graph(
        g.nodes, "stddev", inputs, [value("stddev", kind, PLANE)], g.constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    manifest = {
        "schema": 2,
        "name": "stddev",
        "version": "1",
        "licence": "MPL-2.0",
        "graph": "stddev",
        "families": SERVED,
        "size_multiple": MULTIPLE,
        "inputs": INPUTS,
        "output": {"stddev": PLANE},
        "graph_sha256": digests(model, path.parent)["graph_sha256"],
        "training": {},
        "scores": {},
    }
    helper.set_model_props(model, {"ud2m.manifest": json.dumps(manifest, separators=(",", ":"))})
    checker.check_model(model)
    save(model, path)
    assert path.stat().st_size < 3072, f"{path} is too large to commit"


if __name__ == "__main__":
    folder = HERE / "stddev"
    shutil.rmtree(folder, ignore_errors=True)
    for family, build in STEPS.items():
        graph = Graph(family)
        graph.write(folder / f"{family}.onnx", build(graph), manifest_of(family, "stddev"))
    write(folder / "stddev.onnx")
