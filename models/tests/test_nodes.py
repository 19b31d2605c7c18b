"""What is left of the bundled graphs when ONNX Runtime has optimised them for one size."""

from pathlib import Path

import pytest

from ud2m.export.nodes import count

ZOO = Path(__file__).parents[1] / "zoo"
MOST = {  # nodes of a step
    "denoise": 238,
    "mask": 235,
    "blur": 552,  # 103 of them reshape, which moves nothing: transforms in two factors
    "downscale2": 254,
    "downscale3": 254,
    "downscale4": 273,  # this and JPEG answer with samples too
    "jpeg": 263,
    "jpeg422": 263,
    "jpeg444": 263,
}


@pytest.mark.parametrize("graph", MOST)
def test_a_step_has_few_nodes_and_none_that_ask_for_sizes_or_choose_images(graph):
    nodes = count(ZOO / "lite" / f"{graph}.onnx", 240, 288)
    assert nodes.total() <= MOST[graph], nodes.most_common()
    assert not nodes.keys() & {"Shape", "Where"}
