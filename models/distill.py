"""Distils the unfolded step over all families under a time budget. To resume, run the same command again.

    python models/distill.py --shards a.tar b.tar c.tar --kernels KERNELS --denoiser models/zoo/lite/denoiser.safetensors \\
        --scalars models/zoo/lite/scalars.json --out runs/distil --time-budget 90

--start takes up an earlier `step.safetensors` instead of --denoiser and --scalars. What may change is chosen by --rank: LoRA
adapters of that rank on the denoiser's layers, 0 for none (conditioning and scalars only), or `full` for all weights.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ud2m.nn import lora
from ud2m.nn.conditioning import Conditioning, ConditioningConfig, conditioned_flops_per_pixel
from ud2m.nn.weights import load_denoiser, provenance
from ud2m.physics.generators.kernels import mixture, recorded
from ud2m.physics.operators import FAMILIES
from ud2m.step.model import UnfoldedModel, load_model, save_model
from ud2m.step.scalars import ScalarValues
from ud2m.training.data import crops, decode, split
from ud2m.training.distillation import GO_ON, Perceptual, fidelity
from ud2m.training.losses import PRESETS
from ud2m.training.prefetch import stream
from ud2m.training.problems import MASKS, WEIGHTS, draw, largest_crop
from ud2m.training.trainer import Schedule, Trainer, default_device
from ud2m.training.validator import Validator

# Share of fresh noise in the first iteration: enough for samples to differ where the data leave room. See step.model.CHOSEN.
FRESH = {
    "blur": 0.1,
    "mask": 0.3,
    "denoise": 1e-3,
    "downscale2": 0.1,
    "downscale3": 0.1,
    "downscale4": 0.1,
    "jpeg": 0.05,
}


def begin(a: argparse.Namespace) -> UnfoldedModel:
    """The network to train, from an earlier step or from a denoiser."""
    if a.start:
        net = load_model(a.start)
    else:
        values = {
            f: ScalarValues(**e["values"]) for f, e in json.loads(a.scalars.read_text()).items()
        }
        values = {
            f: ScalarValues(**v.to_dict() | {"fresh_first": FRESH[f], "fresh_last": 1e-4})
            for f, v in values.items()
            if f in FAMILIES
        }
        denoiser = load_denoiser(a.denoiser)
        usual, recurrence = (
            ConditioningConfig(),
            (0, len(denoiser.config.channels) - 1),
        )  # the finest scale and the coarsest
        shape = ConditioningConfig(recurrence, usual.initial if a.initial == "learned" else None)
        net = UnfoldedModel(
            denoiser,
            None if a.conditioning == "none" else Conditioning(denoiser.config, shape),
            values,
            a.iterations,
        )
    net.ensemble = a.ensemble
    for family in set(net.scalars) - set(
        a.families
    ):  # a specialist speaks for what it was trained on
        del net.scalars[family]
    net.train().requires_grad_(True)
    net.keep_chosen()
    if a.rank != "full":
        lora.attach(net.denoiser, int(a.rank), a.alpha, a.targets)
    return net


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--shards", type=Path, nargs="+", required=True, help="tar files of square images"
    )
    p.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder of checkpoint, statistics, images and weights",
    )
    p.add_argument("--cache", type=Path, help="folder of the decoded images (default: OUT/cache)")
    p.add_argument("--kernels", type=Path, help="folder of .npz files with recorded blur kernels")
    p.add_argument("--denoiser", type=Path, help="denoiser.safetensors to begin with")
    p.add_argument(
        "--scalars", type=Path, help="scalars of each family to begin with (search_scalars.py)"
    )
    p.add_argument(
        "--start",
        type=Path,
        help="step.safetensors to go on from, instead of --denoiser and --scalars",
    )
    p.add_argument(
        "--families",
        nargs="+",
        default=list(WEIGHTS),
        choices=list(WEIGHTS),
        help="families to draw (all: one network for all)",
    )
    p.add_argument(
        "--shares",
        type=float,
        nargs="+",
        help="how often each family is drawn (default: training.problems.WEIGHTS)",
    )
    p.add_argument(
        "--masks",
        type=float,
        nargs=3,
        default=MASKS,
        metavar=("PIXELS", "BOXES", "STROKES"),
        help="shares of the kinds of masks",
    )
    p.add_argument(
        "--rank", default="full", help="of the LoRA adapters on the denoiser; 0, or full"
    )
    p.add_argument("--alpha", type=float, help="strength of the adapters (default: the rank)")
    p.add_argument(
        "--targets",
        default=r"head|tail|down|up|first|second|film",
        help="regular expression of the layers to adapt",
    )
    p.add_argument(
        "--initial", choices=("learned", "adjoint"), default="learned", help="f_psi, or A†y alone"
    )
    p.add_argument(
        "--conditioning",
        choices=("full", "none"),
        default="full",
        help="none: the denoiser sees an image and a level only",
    )
    p.add_argument(
        "--preset",
        choices=PRESETS,
        default="fidelity",
        help="weights of the losses (ud2m.training.losses.presets)",
    )
    p.add_argument(
        "--ensemble",
        action="store_true",
        help="let the networks see mirrored images (ud2m.step.unfolded.UnfoldedStep)",
    )
    p.add_argument(
        "--go-on",
        type=float,
        default=GO_ON,
        help="probability of a further outer step; low: the first is trained most, as with steps=1",
    )
    p.add_argument("--iterations", type=int, default=3, help="K: iterations of a step")
    p.add_argument("--crop", type=int, default=96)
    p.add_argument(
        "--time-budget", type=float, default=90, help="minutes of training over all resumed runs"
    )
    p.add_argument(
        "--image-budget",
        type=int,
        default=0,
        help="problems to train on over all resumed runs, instead of minutes",
    )
    p.add_argument(
        "--warm-up",
        type=int,
        help="problems over which the learning rate rises (default: 1500, at most an eighth of --image-budget)",
    )
    p.add_argument(
        "--exact-share", type=float, default=0.08, help="last share of the budget in float32"
    )
    for name, kind, usual in (("batch", int, 8), ("rate", float, 5e-4), ("seed", int, 0)):
        p.add_argument(f"--{name}", type=kind, default=usual)
    p.add_argument(
        "--every", type=float, default=240, help="seconds between checkpoints, scores and images"
    )
    p.add_argument(
        "--workers",
        type=int,
        default=0,
        help="processes that draw the problems ahead; a GPU needs some",
    )
    p.add_argument("--device", type=torch.device, default=default_device())
    a = p.parse_args()
    if not a.start and not (a.denoiser and a.scalars):
        p.error("name --start, or --denoiser and --scalars.")
    if a.shares is not None and len(a.shares) != len(a.families):
        p.error(
            f"--shares has {len(a.shares)} numbers for {len(a.families)} families; give one each."
        )
    if not 0 <= a.go_on <= 1:
        p.error(f"--go-on {a.go_on} must be between 0 and 1.")
    if a.warm_up is not None and a.warm_up < 1:
        p.error(f"--warm-up {a.warm_up} must be 1 problem or more.")
    if a.crop % 48:
        p.error(f"--crop {a.crop} must be a multiple of 48, so that every family's blocks fit.")
    if a.rank != "full" and not a.rank.isdigit():
        p.error(f"--rank {a.rank} must be a whole number or full.")

    torch.manual_seed(a.seed)
    images, sides = decode(a.shards, a.cache or a.out / "cache")
    if sides.min() < largest_crop(a.crop):
        p.error(
            f"the smallest image has {sides.min()} pixels a side, and --crop {a.crop} cuts pieces with a side of {largest_crop(a.crop)} pixels or more; leave it out."
        )
    train, held = split(len(images))
    draw_kernel = mixture(recorded(a.kernels) if a.kernels else [])
    net = begin(a)
    trained = sum(w.numel() for w in net.parameters() if w.requires_grad)
    flops, initial = (
        conditioned_flops_per_pixel(net.denoiser.config, net.conditioning.config)
        if net.conditioning
        else (0.0, 0.0)
    )
    print(
        f"{trained / 1e6:.2f} M weights to train, {flops / 1e3:.1f} kFLOP per pixel and evaluation, {initial / 1e3:.1f} for the initial network"
    )

    def source(which: np.ndarray, rng: np.random.Generator):
        return lambda count, size: crops(images, sides, count, size, rng, which)

    objective = (
        partial(fidelity, go_on=a.go_on)
        if a.preset == "fidelity"
        else Perceptual(PRESETS[a.preset], a.device, go_on=a.go_on)
    )
    shares = np.array([WEIGHTS[f] for f in a.families] if a.shares is None else a.shares)
    shares /= shares.sum()
    masks = tuple(v / sum(a.masks) for v in a.masks)

    def problem(rng):
        family = a.families[rng.choice(len(shares), p=shares)]
        return draw(family, source(train, rng), a.batch, a.crop, rng, draw_kernel, masks)

    validator = Validator(
        a.families,
        lambda family, rng: draw(family, source(held, rng), 8, a.crop, rng, draw_kernel).to(
            a.device
        ),
        a.out,
    )
    warm_up = a.warm_up or (min(1500, max(1, a.image_budget // 8)) if a.image_budget else 1500)
    schedule = Schedule(
        a.time_budget,
        a.image_budget,
        a.batch,
        a.rate,
        warm_up,
        ema_half_life=3000,
        exact_share=a.exact_share,
        seed=a.seed,
    )
    trainer = Trainer(net, schedule, a.out, a.device, fast="scalars")
    print(
        "resumed" if trainer.resume() else "started",
        f"at {trainer.images:,} images; held out: {validator.line(trainer.ema)}",
        flush=True,
    )
    problems = stream(problem, a.seed, a.batch, trainer.images, a.workers, a.device.type == "cuda")

    def loss(net, images, carried):
        rng = np.random.default_rng((a.seed, images, 1))  # not the one that drew the problem
        torch.manual_seed(int(rng.integers(2**62)))
        return objective(net, next(problems).to(a.device), rng, carried)

    config = {
        k: str(v)
        for k, v in vars(a).items()
        if k not in ("shards", "cache", "out", "device", "kernels", "denoiser", "scalars", "start")
    }
    trainer.run(
        loss,
        validator.scores,
        {"denoiser": net.denoiser.config.to_dict(), "shards": [s.name for s in a.shards], **config},
        a.every,
    )
    about = {
        "images": trainer.images,
        "minutes": round(trainer.spent / 60, 1),
        "seed": a.seed,
        "rank": a.rank,
        "preset": a.preset,
        "families": a.families,
    }
    if a.start:
        about["from"] = provenance(a.start)
    save_model(trainer.ema, a.out / "step.safetensors", about)
    print(f"weights in {a.out / 'step.safetensors'}")


if __name__ == "__main__":
    main()
