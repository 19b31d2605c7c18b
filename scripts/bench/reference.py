#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The sampler in PyTorch, timed on a frame of noise: prints one line of JSON.

scripts/bench/reference.py PACKAGE GRAPH STEPS WIDTH HEIGHT SECONDS
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.bench import restore
from ud2m.export.golden import DEGRADE
from ud2m.physics.observation import observe
from ud2m.step.specialists import load_specialists

LEAST = 2  # frames, after one that is left out


def main() -> None:
    package, graph, *numbers = sys.argv[1:]
    steps, width, height = map(int, numbers[:3])
    step = load_specialists(Path(package)).steps()[graph].to(memory_format=torch.channels_last)
    clean = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1
    y, parameters = DEGRADE[graph](clean, np.random.default_rng(1))
    observation = observe(step.operator, y[None], parameters, step.multiple)
    found: list[float] = []
    while len(found) <= LEAST or sum(found[1:]) < 1e3 * float(numbers[3]):
        begun = time.perf_counter()
        counts, generator = (steps, step.iterations), torch.Generator().manual_seed(1)
        restore(step, observation, 0.1, counts, generator)
        found.append(1e3 * (time.perf_counter() - begun))
    print(json.dumps({"ms": found[1:]}))


if __name__ == "__main__":
    main()
