"""The options of `train_denoiser.py`."""

from dataclasses import dataclass
from pathlib import Path

from ud2m.nn.denoiser import SIZES
from ud2m.training.options.arguments import option
from ud2m.training.options.common import TrainingOptions
from ud2m.training.trainer import Schedule


@dataclass(frozen=True, kw_only=True)
class DenoiserOptions(TrainingOptions):
    """Which denoiser, and how it is trained."""

    size: str = option("lite", help="of the network", choices=SIZES)
    start: Path | None = option(
        None, help="denoiser.safetensors to go on from, whatever --size", unit="file"
    )

    @property
    def schedule(self) -> Schedule:
        """How long and how hard to train."""
        return Schedule(
            self.time_budget,
            self.image_budget,
            self.batch,
            self.rate,
            exact_share=self.exact_share,
            seed=self.seed,
        )
