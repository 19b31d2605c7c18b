"""The manifest of a step graph: what a reader needs to run it, as JSON under one metadata key."""

import json

from ud2m.diffusion.schedule import BETA_FIRST, BETA_LAST, LEVELS
from ud2m.step.unfolded import UnfoldedStep

KEY = "ud2m.manifest"
SCHEMA = 1


def manifest(
    graph: str, step: UnfoldedStep, multiple: int, halo: int, shapes: dict, about: dict
) -> str:
    """JSON text. multiple, halo: pixels. shapes: of each input, where a string is a free dimension.

    about: name, version, licence, training, scores. A step that is an ensemble asks the sampler for
    the weighted mean of its estimates (`aggregation`).
    """
    return json.dumps(
        {
            "schema": SCHEMA,
            "family": graph,
            "scale": step.operator.scale,
            "range": [-1, 1],
            "size_multiple": multiple,
            "halo": halo,
            "iterations": step.iterations,
            "levels": LEVELS,
            "beta": [BETA_FIRST, BETA_LAST],
            "sigma_y": [0.0, 1.0],
            "inputs": shapes,
            "output": {"x0": ["B", 3, "H", "W"]},
            **({"aggregation": "mean"} if step.ensemble else {}),
            **about,
        }
    )
