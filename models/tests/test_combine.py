"""The graph that moves a sampler's state is the one in the element's sources, and sums."""

from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from ud2m.export.combine import combine

FILE = Path(__file__).parents[2] / "src/model/session/device/combine.onnx"


def test_the_elements_graph_is_what_is_made_here_and_sums():
    model = onnx.load(FILE)
    assert model == combine()
    x, y = (np.full((1, 3, 2, 4), value, np.float32) for value in (2, 3))
    a, b = (np.array([value], np.float32) for value in (5, 7))
    (z,) = ReferenceEvaluator(model).run(None, {"x": x, "y": y, "a": a, "b": b})
    np.testing.assert_array_equal(z, np.full((1, 3, 2, 4), 31, np.float32))
