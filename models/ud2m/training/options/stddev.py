"""The options of `train_stddev.py`."""

from dataclasses import dataclass
from pathlib import Path

from ud2m.training.options.arguments import option, with_default
from ud2m.training.options.common import TrainingOptions
from ud2m.training.options.problems import ProblemOptions
from ud2m.training.trainer import Schedule


@dataclass(frozen=True, kw_only=True)
class StddevOptions(ProblemOptions):
    """For the answers of which model, and how long."""

    model: Path = option(help="package, or folder of steps, whose answers are judged", unit="path")
    start: Path | None = option(None, help="stddev.safetensors to go on from", unit="file")
    time_budget: float = with_default(TrainingOptions, "time_budget", 60.0)
    batch: int = with_default(TrainingOptions, "batch", 8)
    rate: float = with_default(TrainingOptions, "rate", 2e-3)
    every: float = with_default(TrainingOptions, "every", 240.0)

    @property
    def schedule(self) -> Schedule:
        """How long and how hard to train."""
        return Schedule(
            self.time_budget,
            self.image_budget,
            self.batch,
            self.rate,
            warm_up=1500,
            ema_half_life=3000,
            exact_share=self.exact_share,
            seed=self.seed,
        )
