"""The options of the trainings that draw problems of restoration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ud2m.training.options.arguments import option
from ud2m.training.options.common import TrainingOptions
from ud2m.training.problems import MASKS, WEIGHTS


@dataclass(frozen=True, kw_only=True)
class ProblemOptions(TrainingOptions):
    """Which problems are drawn. Raises ValueError where options do not fit."""

    kernels: Path | None = option(
        None, help="of .npz files with recorded blur kernels", unit="folder"
    )
    families: list[str] = option(
        lambda: list(WEIGHTS), help="to draw (default: all, one network for all)", choices=WEIGHTS
    )
    shares: list[float] | None = option(
        None,
        help="how often each family is drawn (default: WEIGHTS of training.problems)",
        unit="share",
    )
    masks: tuple[float, float, float] = option(
        MASKS, help="how often a mask is random pixels, boxes, strokes", unit="share"
    )
    noise_model: bool = option(
        False,
        help="tell the step the model of the noise, and draw that of footage for denoise; "
        "scores are then by kind of noise, with one step",
    )

    def __post_init__(self) -> None:
        refuse(
            {
                f"--shares has {len(self.shares or [])} numbers for {len(self.families)} families; "
                "give one each.": self.shares is not None
                and len(self.shares) != len(self.families),
                f"--crop {self.crop} must be a multiple of 48, so that every family's blocks "
                "fit.": self.crop % 48 != 0,
            }
        )


def refuse(wrong: Mapping[str, bool]) -> None:
    """Raises ValueError with the first sentence that is true."""
    for sentence, is_wrong in wrong.items():
        if is_wrong:
            raise ValueError(sentence)
