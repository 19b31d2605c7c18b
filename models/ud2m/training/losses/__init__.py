"""The terms of the distillation's loss: regression is the caller's, the perceptual and the adversarial ones are here."""

from ud2m.training.losses.adversarial import (
    Discriminator,
    discriminator_loss,
    generator_loss,
    zero_centred_penalty,
)
from ud2m.training.losses.perceptual import FeatureDistance
from ud2m.training.losses.presets import PRESETS, LossWeights

__all__ = [
    "PRESETS",
    "Discriminator",
    "FeatureDistance",
    "LossWeights",
    "discriminator_loss",
    "generator_loss",
    "zero_centred_penalty",
]
