"""Distillation: the unfolded step trained end to end on its own trajectories, over all families."""

from ud2m.training.distillation.fidelity import Balance, fidelity
from ud2m.training.distillation.perceptual import Perceptual
from ud2m.training.distillation.samples import Samples, known, sampled
from ud2m.training.distillation.teacher import Teacher
from ud2m.training.distillation.trajectory import (
    GO_ON,
    GRID_SHARES,
    GRIDS,
    GridShares,
    squared_error,
    trajectory,
)

__all__ = [
    "GO_ON",
    "GRIDS",
    "GRID_SHARES",
    "Balance",
    "GridShares",
    "Perceptual",
    "Samples",
    "Teacher",
    "fidelity",
    "known",
    "sampled",
    "squared_error",
    "trajectory",
]
