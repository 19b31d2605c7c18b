"""From a degraded frame to the tensors of a step: what the element does in Rust, in one place.

The operator says what is its own (margin, border, tensors); here is what all share.
"""

import math
from dataclasses import dataclass

import torch

from ud2m.physics.canvas import Canvas
from ud2m.physics.operators import Operator, Parameters


@dataclass
class Observation:
    """One frame on its canvas, ready for the step.

    The frame is `rows` and `columns` of the step's result.
    """

    y: torch.Tensor  # [1,3,H/s,W/s] what was observed, as the graph takes it, in [-1, 1]
    z0: torch.Tensor  # [1,3,H,W] initial estimate
    physics: tuple[torch.Tensor, ...]  # in the order of `Operator.inputs`
    rows: slice
    columns: slice


def observe(
    operator: Operator, y: torch.Tensor, parameters: Parameters, multiple: int
) -> Observation:
    """The frame y [1,3,h,w] on a canvas, with the operator's tensors and the initial estimate.

    parameters: those of the degradation, see `Operator.observe`. multiple: of which the canvas's
    sides are multiples, in output pixels, as the step graph needs it.
    """
    s, step = operator.scale, math.lcm(multiple, operator.multiple)
    canvas = Canvas.around(s * y.shape[-2], s * y.shape[-1], operator.margin(parameters), step)
    observed = operator.observe(canvas.pad(y, operator.border, s), canvas, parameters)
    tensors = operator.tensors(observed, canvas, parameters)
    physics = tuple(tensors[name] for name in operator.inputs)
    return Observation(
        tensors["y"],
        operator.initial(observed, canvas, parameters),
        physics,
        canvas.rows,
        canvas.columns,
    )
