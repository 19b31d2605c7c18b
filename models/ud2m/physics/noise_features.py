"""What the element's noise estimator sees of a frame: statistics of its 8×8 blocks.

src/operator/noise/features.rs computes the same numbers; tests hold the two against each other.
Blocks are transformed by cosines along the axes of OPPONENT. Noise fills all blocks alike, texture
only some; so what quiet blocks show, how it falls with the frequency, how far quiet and busy blocks
are apart, and how normal the coefficients are tells the one from the other.
"""

import numpy as np
from scipy.fft import dctn

from ud2m.physics.noise_model import OPPONENT

SIDE = 8  # pixels of a block
BLOCKS = 10_000  # about so many are taken, evenly spread
LEAST_BLOCKS = 16  # fewer tell nothing
EDGES = (0.05, 0.1, 0.16, 0.22, 0.28, 0.34, 0.4, 0.47, 0.7)  # of the bands, cycles per pixel
RANKS = (0.005, 0.02, 0.08, 0.2, 0.5, 0.8)  # of blocks, by the power in them
QUIET = (0.02, 0.08, 0.3)  # shares of the blocks, the quietest
LUMA_QUIET = 0.1  # share of the blocks that are quietest in luma alone
LEAST_QUIET = 24  # blocks
PARTS = 4  # of the blocks by brightness
TINY = 1e-8  # of power: far below a code

_frequency = np.hypot(*np.mgrid[:SIDE, :SIDE]).ravel() / (2 * SIDE)
_bands = [
    (low <= _frequency) & (_frequency < high)
    for low, high in zip(EDGES[:-1], EDGES[1:], strict=True)
]
_half = np.add(*np.mgrid[:SIDE, :SIDE]).ravel() % 2  # rows and columns alternate
_textured = _frequency >= EDGES[0]


def features(image: np.ndarray) -> np.ndarray | None:
    """Statistics [FEATURES] of `image` [3,H,W] in [0, 1]; None where fewer than 16 blocks vary."""
    axes = np.tensordot(OPPONENT, image, 1)
    stride = max(2, round(float(np.sqrt(axes[0].size / BLOCKS))))
    windows = np.lib.stride_tricks.sliding_window_view(axes, (SIDE, SIDE), (1, 2))
    blocks = windows[:, ::stride, ::stride].reshape(3, -1, SIDE, SIDE)
    kept = (np.ptp(blocks.reshape(3, -1, SIDE**2), 2) > 1e-6).any(0)
    if kept.sum() < LEAST_BLOCKS:
        return None
    blocks = blocks[:, kept]
    brightness = blocks[0].mean((1, 2)) / np.sqrt(3)
    coefficients = dctn(blocks, axes=(2, 3), norm="ortho").reshape(3, -1, SIDE**2)
    power = coefficients**2
    found = [_ranked(power[:, :, 1:].mean(2))]
    found += [_quiet(coefficients, power, share) for share in QUIET]
    found += [_luma_quiet(power), _by_brightness(power, brightness)]
    found.append(np.append(np.quantile(brightness, (0.1, 0.5, 0.9), method="lower"), kept.mean()))
    return np.concatenate(found).astype(np.float32)


def _log(power: np.ndarray) -> np.ndarray:
    return np.log(power + TINY)


def _ranked(power: np.ndarray) -> np.ndarray:
    """Mean power of the blocks at each of RANKS, along each axis."""
    ranked = np.sort(power, 1)
    places = [int(rank * (power.shape[1] - 1)) for rank in RANKS]
    return _log(ranked[:, places]).ravel()


def _quietest(scores: np.ndarray, share: float) -> np.ndarray:
    """Indices of that share of the blocks, those of the lowest scores."""
    count = min(max(LEAST_QUIET, int(share * len(scores))), len(scores))
    return np.argpartition(scores, count - 1)[:count]


def _quiet(coefficients: np.ndarray, power: np.ndarray, share: float) -> np.ndarray:
    """Power by band in the quietest blocks, its kurtosis, and how the axes correlate there.

    One half of a block's coefficients says how quiet it is, the other half is measured.
    """
    square, fourth, products = np.zeros((3, 64)), np.zeros((3, 64)), np.zeros((3, 3))
    for half in (0, 1):
        scored, measured = _half == half, _half != half
        scored[0] = measured[0] = False
        chosen = _quietest(_log(power[:, :, scored].mean(2)).sum(0), share)
        own = power[:, chosen][:, :, measured]
        square[:, measured], fourth[:, measured] = own.mean(1), (own**2).mean(1)
        seen = coefficients[:, chosen][:, :, measured & _textured].reshape(3, -1)
        products += seen @ seen.T
    by_band = np.array([[axis[band].mean() for band in _bands] for axis in square])
    fourths = np.array([[axis[band].mean() for band in _bands] for axis in fourth])
    kurtosis = np.log(fourths / (by_band**2 + TINY**2) + 1e-3)
    return np.concatenate([_log(by_band).ravel(), kurtosis.ravel(), _cosines(products)])


def _cosines(products: np.ndarray) -> np.ndarray:
    std = np.sqrt(np.diag(products)) + 1e-12
    return np.array([products[a, b] / (std[a] * std[b]) for a, b in ((0, 1), (0, 2), (1, 2))])


def _luma_quiet(power: np.ndarray) -> np.ndarray:
    """Power by band in the blocks that are quietest in luma, whatever the colour does."""
    own = power[:, _quietest(power[0, :, 1:].mean(1), LUMA_QUIET)].mean(1)
    return _log(np.array([[axis[band].mean() for band in _bands] for axis in own])).ravel()


def _by_brightness(power: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    """Brightness of PARTS of the blocks, and power at high frequencies in the quiet ones of each.

    Half of the coefficients says how quiet a block is.
    """
    order = np.argsort(brightness, kind="stable")
    high = (_frequency >= 0.3) & (_half == 0)
    scored = _half == 1
    found = []
    for part in np.array_split(order, PARTS):
        chosen = part[_quietest(_log(power[:, part][:, :, scored].mean(2)).sum(0), 0.1)]
        means = power[:, chosen][:, :, high].mean((1, 2))
        found.append(np.append(_log(means), brightness[part].mean()))
    return np.concatenate(found)
