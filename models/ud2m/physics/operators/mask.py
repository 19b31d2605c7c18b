"""Missing pixels."""

import torch
import torch.nn.functional as F

from ud2m.physics.operators.base import Operator


class Mask(Operator):
    """y = M x, `mask` [B,1,H,W] 1 where observed. y must be finite where it is missing.

    Its value there is not used.

    parameters: `mask` [1,1,h,w] of the frame.
    """

    kind = family = "mask"
    inputs = ("mask",)

    def _on(self, canvas, parameters):
        return canvas.pad(parameters["mask"], self.border)

    def observe(self, padded, canvas, parameters):
        return padded * self._on(canvas, parameters)

    def initial(self, observed, canvas, parameters):
        return fill(observed, self._on(canvas, parameters))

    def tensors(self, observed, canvas, parameters):
        return {"y": observed, "mask": self._on(canvas, parameters)}

    def A(self, x, mask):
        return x * mask

    def A_adjoint(self, y, mask):
        return y * mask

    def solve(self, z, gamma, y, mask):
        return (z + gamma * mask * y) / (1 + gamma * mask)

    def observed(self, x, mask):
        return mask


def fill(y: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """y [B,3,H,W] where mask [B,1,H,W] is 1, and holes from ever coarser means (push-pull)."""
    if min(y.shape[-2:]) < 2 or bool((mask > 0).all()):
        return y
    h, w = y.shape[-2:]
    odd = (0, w % 2, 0, h % 2)
    weight = F.avg_pool2d(F.pad(mask, odd), 2)
    mean = F.avg_pool2d(F.pad(y * mask, odd), 2) / weight.clamp_min(1e-8)
    coarse = fill(mean, (weight > 0).float())
    up = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)[..., :h, :w]
    return mask * y + (1 - mask) * up
