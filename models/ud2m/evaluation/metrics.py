"""How good a restoration is: against the truth, against the observation, and in its spread.

Images are [3,H,W] in [-1, 1] unless a canvas [1,3,H,W] is said.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from skimage.metrics import structural_similarity

from ud2m.physics.observation import Observation
from ud2m.physics.operators import Operator

BINS = 10


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


def perceptual() -> Callable[[torch.Tensor, torch.Tensor, int], float] | None:
    """A perceptual distance (a, b, border) -> float, 0 when equal; None where there is none."""
    try:
        from ud2m.training.losses.perceptual import FeatureDistance
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("ud2m.training.losses"):
            raise
        return None
    net = FeatureDistance().eval()

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


@dataclass(frozen=True)
class Spread:
    """Spread of posterior samples against the error of their mean, both in [-1, 1]."""

    spread: float  # expected error of the mean if the samples came from the posterior
    error: float  # root mean square error of the mean
    ratio: float  # spread / error: 1 calibrated, below 1 overconfident
    # Of spread and absolute error over the values; 0 where the spread is the same everywhere.
    correlation: float
    # Mean |log2(spread / error)| over the bins: 0 calibrated, 1 wrong by a factor of two.
    calibration_error: float
    bins: tuple[tuple[float, float], ...]  # (spread, error) in bins of equal size, rising in spread


def spread_against_error(samples: torch.Tensor, truth: torch.Tensor) -> Spread:
    """The spread of samples [M,...] against the error of their mean from the truth [...].

    For M samples of the true posterior of variance v the error of their mean has variance
    v (1 + 1/M): the truth is one more sample, and the mean of M is itself noisy. That is what the
    spread is scaled to. Raises ValueError for less than 2 samples.
    """
    if len(samples) < 2:
        raise ValueError(f"Spread needs 2 samples or more; there are {len(samples)}.")
    variance = (samples.double().var(0) * (1 + 1 / len(samples))).flatten()
    square = (samples.double().mean(0) - truth).square().flatten()
    order = variance.argsort()
    bins = order.tensor_split(min(BINS, len(order)))
    pairs = [(_root_mean(variance[i]), _root_mean(square[i])) for i in bins]
    spread, error = _root_mean(variance), _root_mean(square)
    tiny = 1e-6  # far below a code value: keeps the logarithm of a collapsed sampler finite
    calibration_error = float(np.mean([abs(np.log2((a + tiny) / (b + tiny))) for a, b in pairs]))
    return Spread(
        spread,
        error,
        spread / max(error, tiny),
        _correlation(variance.sqrt(), square.sqrt()),
        calibration_error,
        tuple(pairs),
    )


def _root_mean(squares: torch.Tensor) -> float:
    return float(squares.mean().sqrt())


def _correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    """Of values [n]; 0 where one of them does not vary."""
    scale = float(a.std() * b.std())
    covariance = float(((a - a.mean()) * (b - b.mean())).sum() / (len(a) - 1))
    return covariance / scale if scale > 1e-12 else 0.0
