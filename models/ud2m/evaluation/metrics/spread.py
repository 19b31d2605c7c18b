"""What posterior samples say about the error of their mean."""

from dataclasses import dataclass

import numpy as np
import torch

BINS = 10


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
