"""Batches drawn ahead of the training, by processes of their own where there are cores to spare.

Which batch comes at which image depends on the seed alone, not on how many processes draw, nor on
where a run was resumed.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np
from torch.utils.data import DataLoader, Dataset

AHEAD = 4  # batches that each process may be ahead


class Batches(Dataset):
    """The batch that begins at image `index`, drawn from a generator of (seed, index)."""

    def __init__(self, draw: Callable[[np.random.Generator], object], seed: int):
        self.draw, self.seed = draw, seed

    def __getitem__(self, index: int):
        return self.draw(np.random.default_rng((self.seed, index)))


def stream(
    draw: Callable[[np.random.Generator], object],
    seed: int,
    batch: int,
    start: int = 0,
    workers: int = 0,
    pinned: bool = False,
) -> Iterator:
    """What `draw` gives for the images start, start + batch …, without end.

    workers: processes that draw; 0: the caller draws. pinned: in memory that a GPU copies from
    while it computes; what `draw` returns is then a tensor or has a method pin_memory().
    """
    loader = DataLoader(
        Batches(draw, seed),
        batch_size=None,
        sampler=range(start, sys.maxsize, batch),
        num_workers=workers,
        pin_memory=pinned,
        prefetch_factor=AHEAD if workers else None,
    )
    return iter(loader)
