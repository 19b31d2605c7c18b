#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Writes the tiny step graphs of the tests: answers in closed form, less than 2 kB each.

Good packages hold a graph for every family; a package under `wrong/` has one defect. Run it after a
change of the manifest's schema and commit what it writes:  python3 tests/data/make.py
"""

import json
import shutil
import struct
from pathlib import Path
from zlib import compress, crc32

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

from ud2m.export.digests import digests

HERE = Path(__file__).parent
ITERATIONS = 2
PICTURE = ["B", 3, "H", "W"]
FAMILIES = {
    "blur": (1, {"otf": [2, "H", "W"], "mask": ["B", 1, "H", "W"]}),
    "mask": (1, {"mask": ["B", 1, "H", "W"]}),
    "denoise": (1, {}),
    "downscale2": (2, {"kernel": [8, 8], "gram": ["H/2", "W/2"]}),
    "downscale3": (3, {"kernel": [11, 11], "gram": ["H/3", "W/3"]}),
    "downscale4": (4, {"kernel": [16, 16], "gram": ["H/4", "W/4"]}),
    "jpeg": (1, {"quant_luma": [8, 8], "quant_chroma": [8, 8]}),
    "jpeg422": (1, {"quant_luma": [8, 8], "quant_chroma": [8, 8]}),
    "jpeg444": (1, {"quant_luma": [8, 8], "quant_chroma": [8, 8]}),
}
SUBSAMPLINGS = {
    "jpeg": 0.0,
    "jpeg422": 0.125,
    "jpeg444": 0.25,
}  # added by `blend`, which so tells its graphs apart


NOISE_MODEL = {"noise_basis": ["B", 3, 3], "noise_std": ["B", 3], "noise_shape": ["B", 5]}


def inputs_of(family, told=False, sampled=False):
    """told: with those of a noise model and of samples. sampled: with those of samples."""
    scale, extra = FAMILIES[family]
    y = PICTURE if scale == 1 else ["B", 3, f"H/{scale}", f"W/{scale}"]
    noise = ["B", ITERATIONS, 3, "H", "W"]
    more = {}
    if told or sampled:
        more = {"realism": [1], "texture_noise": ["B", 6, "H", "W"]}
        more |= NOISE_MODEL if told else {}
        if family not in SUBSAMPLINGS:
            more["y_noise"] = y
    plain = {"xt": PICTURE, "z0": PICTURE, "y": y, "noise": noise, "t": [1], "sigma_y": [1]}
    return {**plain, **more, **extra}


def manifest_of(family, name, **which):
    return {
        "schema": 2,
        "name": name,
        "version": "1",
        "licence": "MPL-2.0",
        "family": family,
        "scale": FAMILIES[family][0],
        "range": [-1, 1],
        "size_multiple": 8,
        "halo": 4,
        "iterations": ITERATIONS,
        "levels": 1000,
        "beta": [1e-4, 0.02],
        "sigma_y": [0.002, 0.5],
        "inputs": inputs_of(family, **which),
        "output": {"x0": PICTURE},
        "training": {},
        "scores": {},
    }


class Graph:
    """A step graph under construction: constants and nodes; methods return their results' names."""

    def __init__(self, family):
        self.family, self.nodes, self.constants = family, [], []

    def constant(self, value, kind=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def node(self, kind, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def times(self, factor, value):
        return self.node("Mul", self.constant(factor), value)

    def sum(self, *values):
        return self.node("Sum", *values)

    def noise(self, k):
        return self.node("Gather", "noise", self.constant(k, np.int64), axis=1)

    def item(self, name, *index):
        """One element of a tensor, with shape [1]."""
        at = self.constant([index], np.int64)
        return self.node("GatherND", name, at)

    def observed(self):
        """The observation on the output's grid."""
        return self.repeated("y")

    def repeated(self, name):
        """An image of the observation's size, its pixels repeated where the output is larger."""
        scale = FAMILIES[self.family][0]
        if scale == 1:
            return name
        scales = self.constant([1, 1, scale, scale])
        nearest = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
        return self.node("Resize", name, "", scales, **nearest)

    def write(self, path, result, manifest, declared=None, kinds=None):
        """kinds: types of inputs and outputs that do not hold single precision."""
        self.nodes.append(helper.make_node("Identity", [result], ["x0"]))
        declared = declared or inputs_of(self.family)
        value = helper.make_tensor_value_info

        def kind(name):
            return (kinds or {}).get(name, TensorProto.FLOAT)

        graph = helper.make_graph(
            self.nodes,
            "step",
            [value(n, kind(n), s) for n, s in declared.items()],
            [value("x0", kind("x0"), PICTURE)],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        if manifest is not None:
            manifest = {**manifest, **digests(model, path.parent)}
            text = json.dumps(manifest, separators=(",", ":"))
            helper.set_model_props(model, {"ud2m.manifest": text})
        checker.check_model(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(model, path)
        assert path.stat().st_size < 2048, f"{path} is too large to commit"


def affine(g):
    """x0 = xt/4 + noise_0/8 + noise_1/16: nothing but the sampler."""
    return g.sum(g.times(0.25, "xt"), g.times(0.125, g.noise(0)), g.times(0.0625, g.noise(1)))


def echo(g):
    """x0 = y: the frame itself."""
    return g.node("Identity", g.observed())


def blend(g):
    """Every common input, and the family's own."""
    if g.family == "mask":  # the observed pixels, and half the start elsewhere
        hole = g.node("Sub", g.constant(1.0), "mask")
        return g.sum(g.node("Mul", "mask", "y"), g.times(0.5, g.node("Mul", hole, "z0")))
    if g.family in SUBSAMPLINGS:  # a flat picture that tells the quantisation tables
        flat = g.sum(
            g.times(1 / 128, g.item("quant_luma", 0, 0)),
            g.times(-1 / 256, g.item("quant_chroma", 7, 7)),
        )
        told = g.sum(g.times(0.0, "y"), flat)
        return g.sum(told, g.constant(SUBSAMPLINGS[g.family])) if SUBSAMPLINGS[g.family] else told
    if g.family == "denoise":  # tells the level and the noise
        return g.sum(g.times(0.5, "y"), "sigma_y", g.times(1 / 2000, "t"))
    # A kernel that sums to one has a unit gain at frequency zero.
    gain = g.item("otf", 0, 0, 0) if g.family == "blur" else g.item("gram", 0, 0)
    total = g.node("Mul", gain, "z0")
    return g.sum(g.times(0.5, g.observed()), g.times(0.25, total))


def told(g):
    """Column x holds number x mod 18 of those that describe the noise: basis, stds, shape, level.

    What makes samples is added, and changes nothing where it is zero.
    """
    axes = g.constant([1], np.int64)
    level = g.node("ReduceMean", "noise_std", axes, keepdims=1)
    level = g.sum(g.times(0.0, level), "sigma_y")
    basis = g.node("Flatten", "noise_basis", axis=1)
    numbers = g.node("Concat", basis, "noise_std", "noise_shape", level, axis=1)
    width = g.node("Gather", g.node("Shape", "xt"), g.constant(3, np.int64))
    columns = g.node("Range", g.constant(0, np.int64), width, g.constant(1, np.int64))
    columns = g.node("Mod", columns, g.constant(18, np.int64))
    row = g.node("Gather", numbers, columns, axis=1)
    across = g.constant([1, 2, 3], np.int64)
    drawn = [
        g.node("ReduceMax", g.node("Abs", name), across, keepdims=1)
        for name in inputs_of(g.family, told=True)
        if name in ("texture_noise", "y_noise")
    ]
    drawn.append(g.node("Unsqueeze", "realism", across))
    return g.sum(g.times(0.0, "xt"), g.node("Unsqueeze", row, g.constant([1, 2], np.int64)), *drawn)


def samples(g):
    """x0 = xt/4 for the mean; a sample adds its noise, of which texture tells three channels.

    It adds (texture_0-2 + texture_3-5 + noise of y)/16, and z0/8, from which each step begins anew.
    """
    thirds = [
        g.node(
            "Slice",
            "texture_noise",
            g.constant([i], np.int64),
            g.constant([i + 3], np.int64),
            g.constant([1], np.int64),
        )
        for i in (0, 3)
    ]
    of_y = [] if g.family in SUBSAMPLINGS else [g.repeated("y_noise")]
    drawn = g.times(1 / 16, g.sum(*thirds, *of_y))
    drawn = g.sum(drawn, g.times(1 / 8, "z0"))
    gate = g.node("Unsqueeze", "realism", g.constant([1, 2, 3], np.int64))
    return g.sum(g.times(0.25, "xt"), g.node("Mul", gate, drawn))


def out_of_memory(g):
    """x0 = y, by way of 512 TB where the picture has more than 64x64 pixels."""
    sides = g.node(
        "Slice", g.node("Shape", "y"), g.constant([2], np.int64), g.constant([4], np.int64)
    )
    area = g.node("ReduceProd", sides)  # all axes, and one is kept
    large = g.node(
        "Cast", g.node("Greater", area, g.constant([64 * 64], np.int64)), to=TensorProto.INT64
    )
    count = g.node(
        "Add", g.node("Mul", large, g.constant([2**47], np.int64)), g.constant([1], np.int64)
    )
    return g.sum("y", g.node("ReduceSum", g.node("ConstantOfShape", count), keepdims=0))


def slow(g):
    """x0 = y, after a while: 600,000 sigma_y² products of matrices, one after the other.

    At noise-sigma=0.01 that is about a tenth of a second on one core; at 0.25, the limit, more than
    a minute.
    """
    side = 256
    squared = g.node("Mul", "sigma_y", "sigma_y")
    rounds = g.node("Cast", g.times(600_000.0, squared), to=TensorProto.INT64)
    # All elements 1/side: its own square. Made of an input, lest it be known before the run.
    zero = g.times(0.0, "t")
    full = g.node(
        "Expand", g.node("Add", zero, g.constant(1 / side)), g.constant([side, side], np.int64)
    )
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["still"]),
            helper.make_node("MatMul", ["power", full], ["next"]),
        ],
        "round",
        [
            value("round", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("power", TensorProto.FLOAT, [side, side]),
        ],
        [value("still", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, [side, side])],
    )
    power = g.node("Loop", g.node("Squeeze", rounds), g.constant(True, np.bool_), full, body=body)
    mean = g.node("ReduceMean", power, keepdims=0)
    return g.sum(g.observed(), g.times(0.0, mean))


def good():
    for build in (affine, echo, blend, slow):
        name = build.__name__
        for family in FAMILIES:
            graph = Graph(family)
            graph.write(HERE / name / f"{family}.onnx", build(graph), manifest_of(family, name))
    for family in FAMILIES:
        graph, inputs = Graph(family), inputs_of(family, told=True)
        manifest = manifest_of(family, "told", told=True)
        graph.write(HERE / "told" / f"{family}.onnx", told(graph), manifest, inputs)
    for family in ("denoise", "downscale2", "jpeg"):
        graph, inputs = Graph(family), inputs_of(family, sampled=True)
        manifest = manifest_of(family, "samples", sampled=True)
        graph.write(HERE / "samples" / f"{family}.onnx", samples(graph), manifest, inputs)
    graph = Graph("denoise")
    manifest = {**manifest_of("denoise", "single"), "single_step": True}
    graph.write(HERE / "single" / "denoise.onnx", affine(graph), manifest)


def wrong():
    def package(defect, manifest, declared=None, build=echo, kinds=None):
        graph = Graph("blur")
        path = HERE / "wrong" / defect / "blur.onnx"
        graph.write(path, build(graph), manifest, declared, kinds)

    def changed(**fields):
        return {**manifest_of("blur", "wrong"), **fields}

    plain, declared = changed(), inputs_of("blur")
    package("no-manifest", None)
    package("future-schema", changed(schema=3))
    package("unknown-field", changed(colour="blue"))
    package("missing-field", {k: v for k, v in plain.items() if k != "halo"})
    package("other-range", changed(range=[0, 1]))
    package("other-schedule", changed(beta=[1e-4, 0.01]))
    package("wrong-family", manifest_of("denoise", "wrong"))
    package("missing-input", plain, {k: v for k, v in declared.items() if k != "z0"})
    package("extra-input", plain, {**declared, "style": [1]})
    some = {k: v for k, v in inputs_of("blur", told=True).items() if k != "noise_shape"}
    package("part-of-noise", {**plain, "inputs": some}, some)
    package("static-size", plain, {**declared, "xt": [1, 3, 64, 64]})
    package("double-input", plain, kinds={"sigma_y": TensorProto.DOUBLE})
    package(
        "half-output",
        plain,
        build=lambda g: g.node("Cast", "y", to=TensorProto.FLOAT16),
        kinds={"x0": TensorProto.FLOAT16},
    )
    package("far-output", plain, build=lambda g: g.sum("y", g.constant(1000.0)))
    package("nan-output", plain, build=lambda g: g.sum("y", g.constant(np.nan)))
    package(
        "flat-output",
        plain,
        build=lambda g: g.node("ReduceMean", "y", g.constant([2, 3], np.int64)),
    )
    package("one-colour", plain, build=lambda g: g.sum(g.times(0.0, "y"), g.constant(-1.0)))
    # Not a number where the first value of the noise is negative, which another seed mends.
    package(
        "seed-dependent",
        plain,
        build=lambda g: g.sum("y", g.times(0.0, g.node("Sqrt", g.item("noise", 0, 0, 0, 0, 0)))),
    )
    package("out-of-memory", plain, build=out_of_memory)
    package(
        "small-output",
        plain,
        build=lambda g: g.node("AveragePool", "y", kernel_shape=[2, 2], strides=[2, 2]),
    )
    whole = (HERE / "echo" / "blur.onnx").read_bytes()
    path = HERE / "wrong" / "truncated" / "blur.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(whole[: len(whole) // 2])


def mask():
    """64x48 pixels, observed but for a box of 24x16 in the middle."""
    picture = np.full((48, 64), 255, np.uint8)
    picture[16:32, 20:44] = 0
    (HERE / "mask.pgm").write_bytes(b"P5\n64 48\n255\n" + picture.tobytes())


def palette():
    """A PNG whose palette ends within its second colour, on which a decoder may panic."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))

    (HERE / "palette.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 3, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes(4))
        + chunk(b"IDAT", compress(bytes(12)))
        + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    for folder in ("affine", "echo", "blend", "slow", "told", "samples", "wrong"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
    good()
    wrong()
    mask()
    palette()
