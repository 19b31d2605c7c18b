"""The perceptual and the adversarial term of the distillation's loss, and how much each weighs."""

from ud2m.training.losses.adversarial import (
    Discriminator,
    discriminator_loss,
    generator_loss,
    zero_centred_penalty,
)
from ud2m.training.losses.perceptual import FeatureDistance
from ud2m.training.losses.weights import LOSSES, LossWeights

__all__ = [
    "LOSSES",
    "Discriminator",
    "FeatureDistance",
    "LossWeights",
    "discriminator_loss",
    "generator_loss",
    "zero_centred_penalty",
]
