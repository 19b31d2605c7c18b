"""The noise filter of a camera, which cleans quiet areas more than busy ones, and its sharpening.

Each pixel becomes a mean of its neighbours, weighted by how much their luma resembles its own: a
bilateral filter, or non-local means where patches are compared. The weights come from the noisy
image. So what is left of the noise is correlated, and least where the image is flat.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ud2m.physics.noise_model import RGB_OF_YCC, YCC_OF_RGB


@dataclass(frozen=True)
class NoiseFilter:
    """A filter of [3,H,W] images.

    reach: neighbours up to so many pixels away. patch: pixels a side that are compared; 1 is a
    bilateral filter. tolerance: difference of luma that still resembles, in stds of its noise.
    luma, chroma: share of the filtered planes in the answer, 0 … 1. length: std in pixels of a
    Gaussian over chroma. sharpening: how much of what a Gaussian of one pixel takes from luma is
    added to it.
    """

    reach: int
    patch: int
    tolerance: float
    luma: float
    chroma: float
    length: float = 0.0
    sharpening: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "NoiseFilter":
        """Mild to strong; the strongest leave next to nothing in flat areas.

        Half of the draws leave at least a fifth of the noise there.
        """
        strong = bool(rng.random() < 0.5)
        patch = int(rng.choice([1, 3]))
        tolerance = rng.uniform(1.0, 3.0) if patch == 1 else rng.uniform(0.5, 1.2)
        return cls(
            int(rng.choice([2, 3])),
            patch,
            tolerance * (1.3 if strong else 1.0),
            rng.uniform(0.7, 1.0) if strong else rng.uniform(0.2, 0.8),
            rng.uniform(0.7, 1.0) if strong else rng.uniform(0.4, 0.9),
            length=float(rng.choice([0.0, rng.uniform(0.5, 2.5)])),
            sharpening=float(rng.choice([0.0, rng.uniform(0.2, 1.2)])),
        )

    def apply(
        self, signal: np.ndarray, noise: np.ndarray, std: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the filter makes of both parts of `signal` + `noise`, [3,H,W] each.

        Their sum is the filtered image. std: of the noise in luma, as the camera knows it.
        """
        parts = np.stack([np.tensordot(YCC_OF_RGB, v, 1) for v in (signal, noise)])
        guide = parts[:, 0].sum(0)
        total, weights = np.zeros_like(parts), np.zeros_like(guide)
        around = range(-self.reach, self.reach + 1)
        for shift in ((dy, dx) for dy in around for dx in around):
            weight = self._weight(guide, np.roll(guide, shift, (0, 1)), std)
            total += weight * np.roll(parts, shift, (2, 3))
            weights += weight
        share = np.array([self.luma, self.chroma, self.chroma])[:, None, None]
        parts += share * (total / weights - parts)
        if self.length:
            parts[:, 1:] = ndimage.gaussian_filter(parts[:, 1:], (0, 0, self.length, self.length))
        parts[:, 0] += self.sharpening * (
            parts[:, 0] - ndimage.gaussian_filter(parts[:, 0], (0, 1, 1))
        )
        clean, left = parts
        return np.tensordot(RGB_OF_YCC, clean, 1), np.tensordot(RGB_OF_YCC, left, 1)

    def _weight(self, guide: np.ndarray, other: np.ndarray, std: float) -> np.ndarray:
        distance = ndimage.uniform_filter((guide - other) ** 2, self.patch, mode="wrap")
        if self.patch > 1:  # noise alone makes patches differ by 2 std²
            distance = np.maximum(distance - 2 * std**2, 0)
        return np.exp(-distance / (2 * (self.tolerance * std) ** 2 + 1e-12))
