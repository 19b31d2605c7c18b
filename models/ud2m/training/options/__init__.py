"""Options of the trainings: each a dataclass that is the command line and is saved whole."""

from ud2m.training.options.arguments import described, parse, parser, saved
from ud2m.training.options.common import TrainingOptions
from ud2m.training.options.denoiser import DenoiserOptions
from ud2m.training.options.distillation import DistillationOptions
from ud2m.training.options.presets import PRESETS
from ud2m.training.options.problems import ProblemOptions
from ud2m.training.options.stddev import StddevOptions

__all__ = [
    "PRESETS",
    "DenoiserOptions",
    "DistillationOptions",
    "ProblemOptions",
    "StddevOptions",
    "TrainingOptions",
    "described",
    "parse",
    "parser",
    "saved",
]
