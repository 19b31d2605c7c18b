"""The manifest that every step graph carries: what a reader needs to run it, as JSON under one metadata key."""

import json

from ud2m.diffusion.schedule import BETA_FIRST, BETA_LAST, LEVELS

KEY = "ud2m.manifest"
SCHEMA = 1


def manifest(
    family: str,
    scale: int,
    multiple: int,
    halo: int,
    iterations: int,
    inputs: dict,
    about: dict,
    mean: bool = False,
) -> str:
    """JSON text. mean: the sampler is to answer with the weighted mean of its estimates. inputs: name -> shape, where a string is a free dimension; about: name, version, licence, training, scores."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "family": family,
            "scale": scale,
            "range": [-1, 1],
            "size_multiple": multiple,
            "halo": halo,
            "iterations": iterations,
            "levels": LEVELS,
            "beta": [BETA_FIRST, BETA_LAST],
            "sigma_y": [0.0, 1.0],
            "inputs": inputs,
            "output": {"x0": ["B", 3, "H", "W"]},
            **({"aggregation": "mean"} if mean else {}),
            **about,
        }
    )
