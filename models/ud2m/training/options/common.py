"""What the trainings of a denoiser and of a step have in common."""

from dataclasses import dataclass
from pathlib import Path

from ud2m.training.options.arguments import option
from ud2m.training.trainer import Schedule, default_device


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Data, budgets and the machine. Budgets count over all resumed runs."""

    shards: list[Path] = option(help="tar files of square images", unit="tar")
    out: Path = option(help="of checkpoint, statistics, images and weights", unit="folder")
    cache: Path | None = option(
        None, help="of the decoded images (default: OUT/cache)", unit="folder"
    )
    crop: int = option(96, help="side of the crops", unit="pixels")
    time_budget: float = option(Schedule.time_budget, help="time of training", unit="minutes")
    image_budget: int = option(
        0, help="problems to train on, instead of minutes; 0: none", unit="problems"
    )
    batch: int = option(Schedule.batch, help="problems of an update", unit="problems")
    rate: float = option(Schedule.rate, help="peak learning rate of AdamW", unit="rate")
    exact_share: float = option(
        Schedule.exact_share, help="last share of the budget in float32, 0 to 1", unit="share"
    )
    seed: int = option(0, help="of weights, problems and noise", unit="number")
    every: float = option(60.0, help="between checkpoints, scores and images", unit="seconds")
    workers: int = option(0, help="that draw the batches ahead; a GPU needs some", unit="processes")
    device: str = option(
        lambda: str(default_device()), help="to train on (default: the GPU, if any)", unit="device"
    )

    @property
    def cache_folder(self) -> Path:
        """Of the decoded images."""
        return self.cache or self.out / "cache"
