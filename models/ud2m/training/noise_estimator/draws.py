"""Noisy images, what the estimator sees of them, and the truth.

Scenes are photographs as they are, small parts of them, enlarged ones, which have no fine detail as
frames of large videos have none, smooth ones, and ones of few colours, as drawings have. Where the
task is not `denoise`, the scene is blurred before the noise comes, and no camera smoothed the
noise.
"""

import math
from dataclasses import replace

import numpy as np
from scipy import ndimage

from ud2m.physics.generators import noise
from ud2m.physics.noise_features import features
from ud2m.physics.noise_model import OPPONENT, NoiseModel

# Std of full scale 1, log-uniform; who asks for noise to be removed has some.
LEVELS = {True: (0.006, 0.15), False: (0.003, 0.15)}
CLEAN = 0.06  # share of the images without noise
BLURRED = 0.3  # share of the images of tasks other than `denoise`
SENSED = ("white", "unclipped", "gray", "ycc", "chroma", "growing", "subsampled")
GRAY_SHARE = 0.3  # of the images of noise.SEEN_GRAY are made gray
LEAST_SIDE = 64  # pixels
OFFSET = 1e-3  # of full scale 1: stds are learned as log(std + OFFSET)
TARGETS = 5


def draw(image: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """Inputs [FEATURES + 1] and targets [TARGETS] of `image` [S,S,3] uint8 with noise.

    None where all is one colour.
    """
    scene = _changed(image.astype(float).transpose(2, 0, 1) / 255, rng)
    denoise = bool(rng.random() >= BLURRED)
    kinds = list(noise.KINDS) if denoise else list(SENSED)
    if not denoise:
        scene = _blurred(scene, rng)
    shares = np.array([noise.KINDS[kind][0] for kind in kinds])
    kind = str(rng.choice(kinds, p=shares / shares.sum()))
    none = bool(rng.random() < CLEAN)
    level = 1e-6 if none else math.exp(rng.uniform(*np.log(LEVELS[denoise])))
    seen = noise.observe(scene, kind, level, rng)
    if kind in noise.SEEN_GRAY and rng.random() < GRAY_SHARE:
        seen = noise.grayed(seen)
    found = features(np.clip(seen.y, 0, 1))
    if found is None:
        return None
    model = seen.model
    if none:
        model = replace(model, covariance=np.zeros((3, 3)))
    elif kind == "filtered":  # of the whole image: its flat parts may show next to nothing
        model = noise.measured(seen.y - seen.clean, seen.clean)
    return np.append(found, np.float32(denoise)), targets(model)


def _changed(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[3,H,W] with even sides: as it is, a part, enlarged, smooth, or of few colours."""
    if rng.random() < 0.5:
        sides = rng.integers(LEAST_SIDE, scene.shape[1] + 1, 2)
        top, left = (int(rng.integers(scene.shape[1] - side + 1)) for side in sides)
        scene = scene[:, top : top + sides[0], left : left + sides[1]]
    way = rng.random()
    if way < 0.5:
        by = rng.uniform(1.2, 4.0)
        height, width = (max(LEAST_SIDE, int(side / by)) for side in scene.shape[1:])
        scene = np.clip(ndimage.zoom(scene[:, :height, :width], (1, by, by), order=3), 0, 1)
    elif way < 0.58:  # skies, walls, what is out of focus
        std = rng.uniform(4.0, 20.0)
        scene = ndimage.gaussian_filter(scene, (0, std, std))
    elif way < 0.64:
        count = int(rng.integers(2, 12))
        smooth = ndimage.gaussian_filter(scene, (0, 1.5, 1.5))
        scene = np.clip(np.rint(smooth * count) / count, 0, 1)
    return scene[:, : scene.shape[1] // 2 * 2, : scene.shape[2] // 2 * 2]


def _blurred(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """By a Gaussian or a box, or not at all."""
    way = rng.random()
    if way < 0.5:
        std = rng.uniform(0.6, 4.0)
        return ndimage.gaussian_filter(scene, (0, std, std))
    if way < 0.75:
        height, width = rng.integers(1, 14, 2)
        return ndimage.uniform_filter(scene, (1, int(height), int(width)))
    return scene


def targets(model: NoiseModel) -> np.ndarray:
    """log(std + OFFSET) along each axis of OPPONENT; correlation of neighbours, luma and chroma."""
    variances = np.diag(OPPONENT @ model.covariance @ OPPONENT.T)
    std = np.sqrt(np.maximum(variances, 0))
    correlations = (model.luma_correlation, model.chroma_correlation)
    return np.array([*np.log(std + OFFSET), *correlations], np.float32)
