"""How good a restoration is: against the truth, and against the observation.

Images are [3,H,W] in [-1, 1] unless a canvas [1,3,H,W] is said.
"""

import sys
from collections.abc import Callable

import numpy as np
import torch
from skimage.metrics import structural_similarity

from ud2m.nn.lpips import Lpips
from ud2m.physics.observation import Observation
from ud2m.physics.operators import Operator

Score = Callable[[torch.Tensor, torch.Tensor, int], float]  # (image, truth, border)


def inner(x: torch.Tensor, border: int) -> torch.Tensor:
    """x without `border` pixels on each side."""
    return x[..., border : x.shape[-2] - border, border : x.shape[-1] - border]


def psnr(a: torch.Tensor, b: torch.Tensor, border: int = 0) -> float:
    """In dB, peak 2 (the width of [-1, 1]); 120 when equal."""
    mse = float(((inner(a, border) - inner(b, border)) / 2).square().mean())
    return float(-10 * np.log10(max(mse, 1e-12)))


def ssim(a: torch.Tensor, b: torch.Tensor, border: int = 0) -> float:
    """Mean structural similarity (Wang et al. 2004), windows of 7 pixels, channels averaged."""
    pair = inner(a, border).numpy(), inner(b, border).numpy()
    return float(structural_similarity(*pair, channel_axis=0, data_range=2.0))


def lpips() -> Score | None:
    """LPIPS of AlexNet, 0 when equal; None, and a warning, without its weights."""
    try:
        net = Lpips("alexnet")
    except FileNotFoundError as missing:
        print(f"warning: LPIPS is left out. {missing}", file=sys.stderr)
        return None

    @torch.no_grad()
    def distance(a: torch.Tensor, b: torch.Tensor, border: int = 0) -> float:
        return float(net(inner(a, border)[None], inner(b, border)[None])[0])

    return distance


def residual_rms(
    operator: Operator, x0: torch.Tensor, observation: Observation, sigma_y: float
) -> float:
    """|y - A x0| / (sigma_y sqrt(n)) over the n observed values inside the frame.

    It is 1 for the truth, and below 1 where noise was fitted. sigma_y: noise std of y in [-1, 1].
    x0 [1,3,H,W] is the whole canvas, for A reaches over the frame's border; outside the frame y is
    an extrapolation and does not count. JPEG observes without noise: there sigma_y is only the
    unit.
    """
    s, y, physics = operator.scale, observation.y, observation.physics
    frame = observation.rows, observation.columns
    rows, columns = (slice(v.start // s, v.stop // s) for v in frame)
    residual = operator.residual(x0, y, *physics)[..., rows, columns]
    observed = operator.observed(y, *physics)[..., rows, columns].expand_as(residual)
    return float((residual * observed).norm()) / (sigma_y * max(float(observed.sum()), 1.0) ** 0.5)
