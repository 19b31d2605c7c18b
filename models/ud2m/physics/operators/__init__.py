"""Degradation operators with closed-form proximal steps, fit for export.

Every operator wears the names of deepinv (`A`, `A_adjoint`, `prox_l2`) and knows nothing of diffusion. Images are
[B,3,H,W] in [-1, 1]; convolutions are circular (images are padded before they come here).
"""

from ud2m.physics.operators.base import Operator
from ud2m.physics.operators.blur import Blur
from ud2m.physics.operators.downscale import Downscale
from ud2m.physics.operators.jpeg import Jpeg
from ud2m.physics.operators.mask import Identity, Mask

__all__ = ["Blur", "Downscale", "Identity", "Jpeg", "Mask", "Operator"]
