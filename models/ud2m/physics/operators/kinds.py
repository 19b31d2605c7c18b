"""The degradations there are: one row for each step graph."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from ud2m.physics.operators.base import STRENGTHS, Operator
from ud2m.physics.operators.blur import Blur
from ud2m.physics.operators.downscale import Downscale
from ud2m.physics.operators.identity import Identity
from ud2m.physics.operators.jpeg import Jpeg
from ud2m.physics.operators.mask import Mask


@dataclass(frozen=True)
class Kind:
    """A step graph: the family whose network and scalars serve it, and its operator."""

    family: str
    operator: Callable[[], Operator]


# Name of the step graph -> kind. Trained networks know the order in which kinds first stand here:
# append new ones.
KINDS = {
    "denoise": Kind("denoise", Identity),
    "mask": Kind("mask", Mask),
    "blur": Kind("blur", Blur),
    "downscale2": Kind("downscale2", partial(Downscale, 2)),
    "downscale3": Kind("downscale3", partial(Downscale, 3)),
    "downscale4": Kind("downscale4", partial(Downscale, 4)),
    "jpeg": Kind("jpeg", partial(Jpeg, "4:2:0")),
    "jpeg422": Kind("jpeg", partial(Jpeg, "4:2:2")),
    "jpeg444": Kind("jpeg", partial(Jpeg, "4:4:4")),
}
FAMILIES = tuple(dict.fromkeys(kind.family for kind in KINDS.values()))
_ORDER = tuple(dict.fromkeys(kind.operator().kind for kind in KINDS.values()))
CONTEXT_LENGTH = len(_ORDER) + STRENGTHS  # of `context`


def operator_of(graph: str) -> Operator:
    """The operator whose step graph is GRAPH.onnx; KeyError where there is none."""
    return KINDS[graph].operator()


def graphs_of(family: str) -> tuple[str, ...]:
    """The step graphs of a family: one, but for JPEG, whose chroma comes at three sizes."""
    return tuple(graph for graph, kind in KINDS.items() if kind.family == family)


def context(operator: Operator, *physics: torch.Tensor) -> torch.Tensor:
    """[B or 1, CONTEXT_LENGTH] an operator as networks see it: which kind it is, and how strong."""
    strengths = operator.strengths(*physics)
    kinds = [float(operator.kind == kind) for kind in _ORDER]
    return torch.cat(
        [strengths.new_tensor(kinds).expand(strengths.shape[0], len(kinds)), strengths], 1
    )
