"""The options of `distill.py`."""

from dataclasses import dataclass
from pathlib import Path

from ud2m.nn.denoiser import SIZES
from ud2m.training.distillation import GO_ON, GRID_SHARES, GRIDS, GridShares
from ud2m.training.losses import LOSSES
from ud2m.training.options.arguments import option, with_default
from ud2m.training.options.common import TrainingOptions
from ud2m.training.options.presets import PRESETS
from ud2m.training.options.problems import ProblemOptions, refuse
from ud2m.training.trainer import Schedule

WARM_UP = 1500  # problems


@dataclass(frozen=True, kw_only=True)
class DistillationOptions(ProblemOptions):
    """What is trained, on which problems, and how. Raises ValueError where options do not fit."""

    preset: str | None = option(None, help="fills the options that are not given", choices=PRESETS)
    denoiser: Path | None = option(None, help="denoiser.safetensors to begin with", unit="file")
    scalars: Path | None = option(
        None, help="scalars of each family to begin with (search_scalars.py)", unit="file"
    )
    start: Path | None = option(
        None, help="step to go on from, instead of --denoiser and --scalars", unit="file"
    )
    size: str | None = option(
        None, help="of a new network to begin with, instead of --start or --denoiser", choices=SIZES
    )
    rank: str = option(
        "full", help="of the LoRA adapters on the denoiser; 0: none; full: all weights", unit="rank"
    )
    alpha: float | None = option(
        None, help="strength of the adapters (default: the rank)", unit="strength"
    )
    targets: str = option(
        r"head|tail|down|up|first|second|film",
        help="regular expression of the layers to adapt",
        unit="regex",
    )
    initial: str = option("learned", help="f_psi, or A†y alone", choices=("learned", "adjoint"))
    conditioning: str = option(
        "full", help="none: the denoiser sees an image and a level only", choices=("full", "none")
    )
    iterations: int = option(3, help="K: iterations of a step", unit="count")
    final: bool = option(
        False, help="end a new step with a data step, so that its answer fits the observation"
    )
    quick: bool = option(
        False, help="let a new step take cheaper data steps: for blur, less exact at borders"
    )
    branches: bool = option(
        False, help="train the denoiser's 3×3 convolutions as several branches (nn.reparam)"
    )
    ensemble: bool = option(False, help="let the networks see mirrored images (step.unfolded)")
    loss: str = option(
        "fidelity", help="weights of its terms (training.losses.LOSSES)", choices=LOSSES
    )
    teacher: Path | None = option(
        None, help="step, or folder of specialists, whose answer is a target too", unit="path"
    )
    teacher_weight: float = option(
        1.0, help="of the squared error to the teacher, that to the image having 1", unit="weight"
    )
    grid_shares: GridShares = option(
        GRID_SHARES,
        help="how often the sampler takes 1, 2, 3, 4, 5 outer steps; scores are of the most "
        "frequent count",
        unit="share",
    )
    realism: bool = option(
        False,
        help="let the step answer with samples too: --sample-share of the batches ask for two, "
        "which an energy score judges; scores are then of samples as well",
    )
    sample_share: float = option(
        0.5, help="of the batches that ask for samples, with --realism", unit="share"
    )
    feature_weight: float = option(
        0.1, help="of features in that score; 0: without their network", unit="weight"
    )
    fine_noise_only: bool = option(
        False, help="leave the coarse channels of the texture noise out, which can draw stripes"
    )
    go_on: float = option(
        GO_ON,
        help="that a trajectory has a further outer step; low: the first is trained most",
        unit="probability",
    )
    time_budget: float = with_default(TrainingOptions, "time_budget", 90.0)
    batch: int = with_default(TrainingOptions, "batch", 8)
    rate: float = with_default(TrainingOptions, "rate", 5e-4)
    exact_share: float = with_default(TrainingOptions, "exact_share", 0.08)
    every: float = with_default(TrainingOptions, "every", 240.0)
    warm_up: int | None = option(
        None,
        help=f"over which the learning rate rises (default: {WARM_UP}, "
        "at most an eighth of --image-budget)",
        unit="problems",
    )

    def __post_init__(self) -> None:
        if self.preset and self.start and self.size == PRESETS[self.preset].get("size"):
            object.__setattr__(self, "size", None)  # the size of the start takes its place
        wrong = {
            "name --start, or --denoiser and --scalars, or --size.": not self.start
            and not (self.denoiser and self.scalars)
            and not self.size,
            "--size is of a new network; leave --start and --denoiser out.": bool(self.size)
            and bool(self.start or self.denoiser),
            f"--teacher-weight {self.teacher_weight} must be 0 or more.": self.teacher_weight < 0,
            f"--teacher is for squared error; leave --loss {self.loss} out.": bool(self.teacher)
            and self.loss != "fidelity",
            f"--go-on {self.go_on} must be between 0 and 1.": not 0 <= self.go_on <= 1,
            "--realism needs the networks to be conditioned; leave --conditioning none "
            "out.": self.realism and self.conditioning == "none",
            f"--realism has a loss of its own; leave --loss {self.loss} out.": self.realism
            and self.loss != "fidelity",
            "--fine-noise-only is about samples; add --realism.": self.fine_noise_only
            and not self.realism,
            f"--sample-share {self.sample_share} must be between 0 and 1.": not 0
            <= self.sample_share
            <= 1,
            f"--feature-weight {self.feature_weight} must be 0 or more.": self.feature_weight < 0,
            "--grid-shares must be 0 or more, and not all 0.": min(self.grid_shares) < 0
            or sum(self.grid_shares) == 0,
            f"--warm-up {self.warm_up} must be 1 problem or more.": self.warm_up is not None
            and self.warm_up < 1,
            f"--rank {self.rank} must be a whole number or full.": self.rank != "full"
            and not self.rank.isdigit(),
        }
        super().__post_init__()
        refuse(wrong)

    @property
    def grids(self) -> GridShares:
        """How often the sampler takes 1, 2, 3, 4, 5 outer steps, of 1 in all."""
        one, two, three, four, five = (s / sum(self.grid_shares) for s in self.grid_shares)
        return one, two, three, four, five

    @property
    def usual_steps(self) -> int:
        """N: the count of outer steps that is trained most often."""
        return max(zip(self.grid_shares, GRIDS, strict=True))[1]

    @property
    def schedule(self) -> Schedule:
        """How long and how hard to train."""
        eighth = max(1, self.image_budget // 8) if self.image_budget else WARM_UP
        return Schedule(
            self.time_budget,
            self.image_budget,
            self.batch,
            self.rate,
            self.warm_up or min(WARM_UP, eighth),
            ema_half_life=3000,
            exact_share=self.exact_share,
            seed=self.seed,
        )
