"""Distils the unfolded step over all families under a time budget.

python models/distill.py --shards a.tar b.tar c.tar --kernels KERNELS \\
    --denoiser models/zoo/lite/denoiser.safetensors --scalars models/zoo/lite/scalars.json \\
    --out runs/joint --time-budget 90

To resume, run the same command again. --start takes up an earlier `step.safetensors` instead of
--denoiser and --scalars. What may change is chosen by --rank: LoRA adapters of that rank on the
denoiser's layers, 0 for none (conditioning and scalars only), or `full` for all weights. --preset
fills in the options of a training of the bundled models (ud2m/training/options/presets.py).
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from ud2m.nn.weights import provenance
from ud2m.step.model import UnfoldedModel, save_model
from ud2m.training.data import ImageSet
from ud2m.training.distillation import Perceptual, Samples, Teacher, fidelity
from ud2m.training.draws import Draws, shapes
from ud2m.training.losses import LOSSES
from ud2m.training.options import PRESETS, DistillationOptions, described, parse, parser, saved
from ud2m.training.prefetch import stream
from ud2m.training.start import begin, size
from ud2m.training.trainer import Trainer, seeded
from ud2m.training.validator import ONE_STEP, Validator, scored_steps

Objective = Callable[..., torch.Tensor]


def main() -> None:
    p = parser(DistillationOptions, __doc__)
    options, dry_run = parse(p, DistillationOptions, PRESETS)
    torch.manual_seed(options.seed)
    try:
        draws = Draws(options, ImageSet.read(options.shards, options.cache_folder))
        net = begin(options)
        score = None if dry_run else objective(options)
    except (FileNotFoundError, ValueError) as reason:
        p.error(str(reason))
    if dry_run:
        print(json.dumps(saved(options), indent=1))
    print(size(net))
    if score is None:
        first = draws.train(np.random.default_rng((options.seed, 0)))
        print(f"first problem: {first.family}", json.dumps(shapes(first, net)))
    else:
        train(net, draws, score, options)


def objective(options: DistillationOptions) -> Objective:
    """The loss of a problem's trajectory, or of samples."""
    lengths: dict[str, Any] = {"go_on": options.go_on, "grid_shares": options.grids}
    if options.loss != "fidelity":
        return Perceptual(LOSSES[options.loss], options.device, **lengths)
    teacher = Teacher(options.teacher, options.device) if options.teacher else None
    mean = partial(fidelity, **lengths, teacher=teacher, teacher_weight=options.teacher_weight)
    if not options.realism:
        return mean
    share, features = options.sample_share, options.feature_weight
    return Samples(mean, options.device, options.grids, features, share)


def train(net: UnfoldedModel, draws: Draws, score: Objective, options: DistillationOptions) -> None:
    """Trains `net` to the end of its budget; writes its average with each checkpoint."""
    steps = ONE_STEP if options.noise_model else scored_steps(options.usual_steps)
    validator = Validator(draws.held_out(), options.out, steps)
    trainer = Trainer(net, options.schedule, options.out, options.device, fast="scalars")
    begun = "resumed" if trainer.resume() else "started"
    held_out = validator.line(trainer.ema)
    print(f"{begun} at {trainer.images:,} images; held out: {held_out}", flush=True)
    on_gpu = trainer.device.type == "cuda"
    start, workers = trainer.images, options.workers
    problems = stream(draws.train, options.seed, options.batch, start, workers, on_gpu)

    def loss(net: UnfoldedModel, images: int, carried: dict) -> torch.Tensor:
        rng = seeded(options.seed, images)
        carried["progress"] = trainer.progress()
        return score(net, next(problems).to(trainer.device), rng, carried)

    path = options.out / "step.safetensors"

    def validate(average: UnfoldedModel) -> dict[str, float]:
        about: dict = {"images": trainer.images, "minutes": round(trainer.spent / 60, 1)}
        about["options"] = described(options)
        if options.start:
            about["from"] = provenance(options.start)
        save_model(average, path, about)  # at each checkpoint: a training may be cut short
        return validator.scores(average)

    config = {"denoiser": net.denoiser.config.to_dict(), "options": saved(options)}
    trainer.run(loss, validate, config, options.every)
    print(f"weights in {path}")


if __name__ == "__main__":
    main()
