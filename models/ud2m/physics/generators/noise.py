"""Draws the noise of real footage onto clean images, with the model that describes it.

Images are [3,H,W] arrays in [0, 1] with even sides. What a camera or a codec made of the noise is
measured from the difference to the clean image, as an estimator would measure it.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ud2m.physics.generators.camera import camera_noise
from ud2m.physics.generators.codec import compressed, halved_chroma, stored
from ud2m.physics.generators.in_camera import NoiseFilter
from ud2m.physics.noise_model import (
    OPPONENT,
    RGB_OF_YCC,
    YCC_OF_RGB,
    NoiseModel,
    gaussian_taps,
    neighbour_correlation,
)

# How often each kind is drawn, and the range of its level (full scale 1, log-uniform).
KINDS = {
    "white": (0.12, (0.006, 0.3)),  # independent in R, G, B, clipped and rounded to 8 bits
    "unclipped": (0.12, (0.006, 0.3)),  # neither clipped nor rounded: the protocol of papers
    "gray": (0.08, (0.006, 0.2)),  # one noise for three channels; half of the images are gray
    "ycc": (0.1, (0.006, 0.15)),  # another level in Y than in Cb, Cr
    "chroma": (0.03, (0.006, 0.1)),  # in Cb, Cr alone
    "correlated": (0.1, (0.006, 0.12)),  # over pixels
    "growing": (0.05, (0.006, 0.15)),  # with brightness, or towards the shadows
    "camera": (0.1, (0.006, 0.1)),  # of a sensor: linear light, demosaicing, white balance, gamma
    "subsampled": (0.05, (0.006, 0.1)),  # white to camera, before chroma is averaged to 4:2:0
    "jpeg": (0.05, (0.006, 0.08)),  # white to camera, before JPEG
    "filtered": (0.2, (0.008, 0.12)),  # white to camera, before a camera's filter, mostly JPEG
}
# Kinds that black-and-white footage has too.
SEEN_GRAY = ("correlated", "growing", "camera", "subsampled", "jpeg", "filtered")
BEFORE_CODEC = ("white", "correlated", "growing", "camera")
SMOOTH = 12  # std in pixels of the Gaussian that takes an image's detail
LEAST_SHARE = 0.02  # of the variance at mid-gray: noise that depends on the signal is no less


@dataclass
class Observation:
    """A noisy image, what it would be without noise, both [3,H,W], and the model of its noise."""

    y: np.ndarray
    clean: np.ndarray
    model: NoiseModel


@dataclass(frozen=True)
class Sources:
    """Noise = sqrt(variance of the signal) · factor @ s: s are three independent unit noises.

    factor [3,3]; lengths: std in pixels of the Gaussian that correlates each source, 0 is white;
    growth: see NoiseModel.
    """

    factor: np.ndarray
    lengths: tuple[float, float, float] = (0.0, 0.0, 0.0)
    growth: float = 0.0

    def model(self, mean_variance: float = 1.0) -> NoiseModel:
        """What an estimator would find where the variance is `mean_variance` times mid-gray's."""
        power = (OPPONENT @ self.factor) ** 2  # [opponent axis, source]
        rho = np.array([neighbour_correlation(length) for length in self.lengths])
        luma, chroma = (float(p @ rho / max(p.sum(), 1e-12)) for p in (power[0], power[1:].sum(0)))
        return NoiseModel(mean_variance * self.factor @ self.factor.T, luma, chroma, self.growth)

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, NoiseModel]:
        """Noise [3,H,W] on `clean`, and its model."""
        fields = np.stack([unit_field(clean.shape[1:], length, rng) for length in self.lengths])
        noise = np.tensordot(self.factor, fields, 1)
        if self.growth == 0:
            return noise, self.model()
        own = np.array_equal(
            self.factor, np.diag(np.diag(self.factor))
        )  # each channel's own photons
        signal = clean if own else np.tensordot(YCC_OF_RGB[0], clean, 1)[None]
        variance = np.maximum(1 + self.growth * (2 * signal - 1), LEAST_SHARE)
        return noise * np.sqrt(variance), self.model(float(variance.mean()))


def draw_level(kind: str, rng: np.random.Generator) -> float:
    """Std of full scale 1 for an image of `kind`."""
    low, high = KINDS[kind][1]
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def grayed(observation: Observation) -> Observation:
    """The luma of `observation` in all three channels, rounded to 8 bits, with one noise."""
    y, clean = (
        np.broadcast_to(np.tensordot(YCC_OF_RGB[0], v, 1), v.shape)
        for v in (observation.y, observation.clean)
    )
    model = observation.model
    variance = YCC_OF_RGB[0] @ model.covariance @ YCC_OF_RGB[0]
    model = replace(model, covariance=np.full((3, 3), variance), chroma_correlation=0.0)
    return Observation(stored(y), clean, model)


def observe(clean: np.ndarray, kind: str, sigma: float, rng: np.random.Generator) -> Observation:
    """`clean` with noise of a `kind` of KINDS; sigma: std of R, G, B, or of Y, full scale 1."""
    if kind == "filtered":
        return _filtered(clean, sigma, rng)
    if kind in ("subsampled", "jpeg"):
        noise, _ = _before_codec(clean, str(rng.choice(BEFORE_CODEC)), sigma, rng)
        return _after_codec(clean, noise, kind, rng)
    if kind == "gray" and rng.random() < 0.5:
        clean = np.broadcast_to(np.tensordot(YCC_OF_RGB[0], clean, 1), clean.shape)
    noise, model = _before_codec(clean, kind, sigma, rng)
    if kind == "unclipped":
        return Observation(clean + noise, clean, replace(model, clipped=False, rounded=False))
    return Observation(stored(clean + noise), clean, model)


def _before_codec(
    clean: np.ndarray, kind: str, sigma: float, rng: np.random.Generator
) -> tuple[np.ndarray, NoiseModel]:
    if kind == "camera":
        noise = camera_noise(clean, sigma, rng)
        return noise, measured(noise, clean)
    return draw_sources(kind, sigma, rng).sample(clean, rng)


def draw_sources(kind: str, sigma: float, rng: np.random.Generator) -> Sources:
    """Sources of a `kind` that is not a camera's or a codec's; ValueError for another."""
    white = Sources(sigma * np.eye(3))
    if kind in ("white", "unclipped"):
        return white
    if kind == "gray":
        return ycc(sigma, 0.0)
    if kind == "ycc":
        return _draw_ycc(sigma, rng)
    if kind == "chroma":
        length = rng.choice([0.0, rng.uniform(0.4, 1.5)])
        return ycc(0.0, sigma, (0.0, length, length))
    if kind == "correlated":
        length = rng.uniform(0.4, 1.2)
        coarser = length + rng.uniform(0, 0.8)
        video = replace(_draw_ycc(sigma, rng), lengths=(length, coarser, coarser))
        choices = (replace(white, lengths=(length,) * 3), ycc(sigma, 0.0, (length,) * 3), video)
        return choices[rng.choice(3, p=(0.5, 0.2, 0.3))]
    if kind == "growing":
        base = white if rng.random() < 0.6 else _draw_ycc(sigma, rng)
        return replace(base, growth=rng.uniform(-0.9, 1.0))
    raise ValueError(
        f"{kind} has no sources; choose white, gray, ycc, chroma, correlated or growing."
    )


def ycc(
    luma: float, chroma: float, lengths: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Sources:
    """Noise of std `luma` in Y and `chroma` in each of Cb, Cr."""
    return Sources(RGB_OF_YCC * np.array([luma, chroma, chroma]), lengths)


def _draw_ycc(luma: float, rng: np.random.Generator) -> Sources:
    """Luma alone in a fifth of the draws; else chroma at 0.15 to 1.5 of it, some of it coarser."""
    share = np.exp(rng.uniform(math.log(0.15), math.log(1.5)))
    length = rng.choice([0.0, rng.uniform(0.4, 1.5)])
    return ycc(luma, 0.0 if rng.random() < 0.2 else luma * share, (0.0, length, length))


def unit_field(shape: tuple[int, int], length: float, rng: np.random.Generator) -> np.ndarray:
    """[H,W] normal noise of variance one, correlated by a Gaussian of std `length` pixels."""
    field = rng.standard_normal(shape)
    if length <= 0:
        return field
    taps = gaussian_taps(length)
    for axis in (0, 1):
        field = ndimage.convolve1d(field, taps, axis, mode="wrap")
    return field / (taps @ taps)


def _after_codec(
    clean: np.ndarray, noise: np.ndarray, kind: str, rng: np.random.Generator
) -> Observation:
    """Noise from before chroma was averaged, or from before JPEG; `clean` has its chroma so."""
    if kind == "subsampled":
        smooth = bool(rng.random() < 0.5)
        y, clean = (halved_chroma(v, smooth) for v in (clean + noise, clean))
        return Observation(stored(y), clean, measured(y - clean, clean))
    quality, halved = int(rng.integers(75, 99)), bool(rng.random() < 0.6)
    y = compressed(clean + noise, quality, halved)
    clean = halved_chroma(clean, True) if halved else clean
    return Observation(y, clean, measured(y - clean, clean))


def _filtered(clean: np.ndarray, sigma: float, rng: np.random.Generator) -> Observation:
    """Noise that a camera's filter has cleaned, and mostly JPEG.

    What is told of it is measured where nothing is busy: on `clean` without its detail. The
    reference is what the filter makes of `clean`, as the mean of many such frames would show it.
    """
    kind, seed = str(rng.choice(BEFORE_CODEC)), int(rng.integers(2**63))
    own, flat = NoiseFilter.draw(rng), ndimage.gaussian_filter(clean, (0, SMOOTH, SMOOTH))
    quality, halved = int(rng.integers(70, 99)), bool(rng.random() < 0.6)
    packed = bool(rng.random() < 0.8)
    observed = []
    for image in (clean, flat):
        noise, _ = _before_codec(image, kind, sigma, np.random.default_rng(seed))
        std = float(np.tensordot(YCC_OF_RGB[0], noise, 1).std())
        image, noise = own.apply(image, noise, std)
        y = compressed(image + noise, quality, halved) if packed else stored(image + noise)
        observed.append((y, halved_chroma(image, True) if packed and halved else image))
    (y, clean), (y_flat, flat) = observed
    return Observation(y, clean, measured(y_flat - flat, flat))


def measured(noise: np.ndarray, clean: np.ndarray) -> NoiseModel:
    """The model that noise [3,H,W] on `clean` shows."""
    flat = noise.reshape(3, -1)
    covariance = flat @ flat.T / flat.shape[1]
    opponent = np.tensordot(OPPONENT, noise, 1)
    luma, chroma = (_neighbour_correlation(v) for v in (opponent[:1], opponent[1:]))
    return NoiseModel(covariance, luma, chroma, _growth(noise, clean))


def _neighbour_correlation(x: np.ndarray) -> float:
    """Mean of both directions, of x [C,H,W]; never negative."""
    across = np.mean(x[:, :, 1:] * x[:, :, :-1])
    down = np.mean(x[:, 1:] * x[:, :-1])
    return float(np.clip((across + down) / 2 / max(np.mean(x**2), 1e-12), 0, 1))


def _growth(noise: np.ndarray, clean: np.ndarray) -> float:
    """Slope of the variance with brightness; drawn to zero where brightness hardly varies."""
    signal, power = clean.mean(0), np.mean(noise**2, 0)
    centred = signal - signal.mean()
    slope = np.mean(centred * power) / (np.mean(centred**2) + 0.002)
    middle = power.mean() + slope * (0.5 - signal.mean())
    return float(np.clip(slope / 2 / max(middle, 0.2 * power.mean()), -1, 1))
