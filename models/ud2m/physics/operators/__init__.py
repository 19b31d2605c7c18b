"""Degradation operators with closed-form proximal steps, fit for export.

Methods have the names that deepinv uses (`A`, `A_adjoint`, `prox_l2`). Images are [B,3,H,W] in [-1,
1]; convolutions are circular (images are padded before they come here).
"""

from ud2m.physics.operators.base import Operator, Parameters
from ud2m.physics.operators.blur import Blur
from ud2m.physics.operators.downscale import Downscale
from ud2m.physics.operators.identity import Identity
from ud2m.physics.operators.jpeg import Jpeg
from ud2m.physics.operators.kinds import (
    CONTEXT_LENGTH,
    FAMILIES,
    KINDS,
    context,
    graphs_of,
    operator_of,
)
from ud2m.physics.operators.mask import Mask

__all__ = [
    "CONTEXT_LENGTH",
    "FAMILIES",
    "KINDS",
    "Blur",
    "Downscale",
    "Identity",
    "Jpeg",
    "Mask",
    "Operator",
    "Parameters",
    "context",
    "graphs_of",
    "operator_of",
]
