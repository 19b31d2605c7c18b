"""Batches come in one order, whoever draws them and wherever a run was resumed."""

from itertools import islice

import numpy as np
import torch

from ud2m.physics.generators import kernels
from ud2m.training.prefetch import stream
from ud2m.training.problems import WEIGHTS, draw


def problem(rng):
    family = list(WEIGHTS)[rng.integers(len(WEIGHTS))]

    def source(count, side):
        return torch.from_numpy(rng.uniform(-1, 1, (count, 3, side, side))).float()

    return draw(family, source, 2, 48, rng, kernels.mixture([]))


def test_workers_change_nothing():
    here, there = (list(islice(stream(problem, 3, 2, workers=workers), 6)) for workers in (0, 2))
    assert [p.family for p in here] == [p.family for p in there] and len(
        {p.family for p in here}
    ) > 1
    for a, b in zip(here, there, strict=True):
        assert (
            torch.equal(a.y, b.y)
            and torch.equal(a.clean, b.clean)
            and all(map(torch.equal, a.physics, b.physics))
        )


def test_a_resumed_run_gets_what_an_unbroken_one_would_have_got():
    def draws(start, seed=5):
        return list(islice(stream(lambda rng: rng.random(), seed, 4, start), 5))

    whole = draws(0)
    assert draws(8)[:3] == whole[2:] and len(set(whole)) == 5
    assert draws(0, 6) != whole
    assert whole[1] == np.random.default_rng((5, 4)).random()


def test_every_problem_can_be_pinned(monkeypatch):
    """CUDA pins no tensor whose elements share memory, as those of an expanded mask do."""
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda t: pinned.append(t.is_contiguous()) or t)
    for i in range(len(WEIGHTS) * 3):
        problem(np.random.default_rng(i)).pin_memory()
    assert pinned and all(pinned)
