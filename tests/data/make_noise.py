#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Writes noise.npz: noise as the training draws describe it, for the estimate to agree with.

Descriptions of noise and the tensors that a step is told of them; and small frames with known noise
on a smooth image. Run it after a change of either:  python3 tests/data/make_noise.py
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ud2m.physics import noise_model
from ud2m.physics.generators.noise import KINDS, Sources, draw_sources, stored, ycc
from ud2m.physics.noise_features import features
from ud2m.physics.noise_model import NoiseModel

SIDE = 64  # of the frames
DRAWN = ("white", "gray", "ycc", "chroma", "correlated", "growing")
FRAMES = {
    "white": Sources(0.04 * np.eye(3)),
    "gray": ycc(0.04, 0.0),
    "ycc": ycc(0.03, 0.02),
    "chroma": ycc(0.0, 0.03),
    "correlated": Sources(0.04 * np.eye(3), (0.7, 0.7, 0.7)),
    "growing": Sources(0.05 * np.eye(3), growth=0.9),
}


def models() -> list[NoiseModel]:
    """Of each kind three, and one of unequal, correlated channels as a camera's; half estimated."""
    rng = np.random.default_rng(26)
    drawn = [draw_sources(kind, rng.uniform(*KINDS[kind][1]), rng) for kind in 3 * DRAWN]
    factor = np.array([[0.03, 0.0, 0.0], [0.01, 0.02, 0.0], [0.005, -0.01, 0.04]])
    described = [*(s.model() for s in drawn), NoiseModel(factor @ factor.T, 0.5, 0.8, -0.6)]
    return [replace(model, estimated=i % 2 == 1) for i, model in enumerate(described)]


def smooth() -> np.ndarray:
    """[3,SIDE,SIDE] in [0, 1]: slopes and slow waves, each channel its own."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return np.stack([0.25 + 0.5 * x + 0.04 * np.sin(7 * y + c) for c in range(3)])


def main() -> None:
    described = models()
    basis, std, shape = noise_model.tensors(described)
    rng = np.random.default_rng(27)
    frames, found = [], []
    for sources in FRAMES.values():
        noise, model = sources.sample(smooth(), rng)
        frames.append(255 * stored(smooth() + noise))
        found.append(model)
    arrays = {
        "covariance": np.stack([m.covariance for m in described]),
        "noise_basis": basis.numpy(),
        "noise_std": std.numpy(),
        "noise_shape": shape.numpy(),
        "sigma_y": noise_model.level(std).numpy(),
        "frames": np.stack(frames),
        "frame_features": np.stack([features(f.astype(float) / 255) for f in frames]),
        "frame_covariance": np.stack([m.covariance for m in found]),
        "frame_shape": noise_model.tensors(found)[2].numpy(),
    }
    single = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez_compressed(Path(__file__).with_name("noise.npz"), allow_pickle=False, **single)


if __name__ == "__main__":
    main()
