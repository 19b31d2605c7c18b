"""What is left of the bundled graphs when ONNX Runtime has optimised them for one size."""

from pathlib import Path

import pytest

from ud2m.export.nodes import count

ZOO = Path(__file__).parents[1] / "zoo"
MOST = {  # nodes of a step
    "denoise": 450,  # with the noise model
    "mask": 352,
    "blur": 552,
    "downscale2": 412,
    "downscale3": 412,
    "downscale4": 412,
    "jpeg": 457,
    "jpeg422": 457,
    "jpeg444": 457,
}


@pytest.mark.parametrize("graph", MOST)
def test_a_step_has_few_nodes_and_none_that_ask_for_sizes_or_choose_images(graph):
    nodes = count(ZOO / "lite" / f"{graph}.onnx", 240, 288)
    assert nodes.total() <= MOST[graph], nodes.most_common()
    assert not nodes.keys() & {"Shape", "Where"}
