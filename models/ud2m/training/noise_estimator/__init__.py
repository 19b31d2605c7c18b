"""The network that tells the noise of a frame from statistics of its blocks."""

from ud2m.training.noise_estimator.draws import draw
from ud2m.training.noise_estimator.network import Estimator, save
from ud2m.training.noise_estimator.train import Draws, errors, fit

__all__ = ["Draws", "Estimator", "draw", "errors", "fit", "save"]
