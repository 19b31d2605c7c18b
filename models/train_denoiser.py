"""Trains the denoiser on tar shards of images under a time budget.

python models/train_denoiser.py --shards a.tar b.tar c.tar --out runs/lite --time-budget 120

To resume, run the same command again.
"""

import json

import numpy as np
import torch

from ud2m.nn.denoiser import SIZES, Denoiser
from ud2m.nn.flops import flops_per_pixel
from ud2m.nn.weights import load_denoiser, save_denoiser
from ud2m.training.data import ImageSet
from ud2m.training.denoising import (
    SCORED_IMAGES,
    SCORED_SIDE,
    NoiseScores,
    balanced_loss,
    draw_sigma,
)
from ud2m.training.options import DenoiserOptions, described, parse, parser, saved
from ud2m.training.prefetch import stream
from ud2m.training.trainer import Trainer, seeded


def main() -> None:
    p = parser(DenoiserOptions, __doc__)
    options, dry_run = parse(p, DenoiserOptions)
    torch.manual_seed(options.seed)
    images = ImageSet.read(options.shards, options.cache_folder)
    net = load_denoiser(options.start) if options.start else Denoiser(SIZES[options.size])
    multiple = net.config.multiple
    if options.crop % multiple or options.crop > images.smallest:
        p.error(
            f"--crop {options.crop} must be a multiple of {multiple} "
            f"and at most {images.smallest}, the smallest image."
        )
    if dry_run:
        print(json.dumps(saved(options), indent=1))
    weights = sum(w.numel() for w in net.parameters()) / 1e6
    flops = flops_per_pixel(net.config) / 1e3
    print(f"{weights:.2f} M weights, {flops:.0f} kFLOP per pixel, {len(images.train)} images")
    if dry_run:
        first = batch(images, options, np.random.default_rng((options.seed, 0)))
        print("first batch:", list(first.shape))
    else:
        train(net, images, options)


def batch(images: ImageSet, options: DenoiserOptions, rng: np.random.Generator) -> torch.Tensor:
    """Clean crops to train on."""
    return images.crops(images.train, options.batch, options.crop, rng)


def train(net: Denoiser, images: ImageSet, options: DenoiserOptions) -> None:
    """Trains `net` to the end of its budget, and writes its average."""
    trainer = Trainer(net, options.schedule, options.out, options.device)
    rng, multiple = np.random.default_rng(1), net.config.multiple
    side = min(SCORED_SIDE, images.smallest) // multiple * multiple
    clean = images.crops(images.held, SCORED_IMAGES, side, rng)
    clean = clean.to(trainer.device).contiguous(memory_format=torch.channels_last)
    scores = NoiseScores(clean, rng)
    begun = "resumed" if trainer.resume() else "started"
    print(f"{begun} at {trainer.images:,} images", flush=True)
    batches = stream(
        lambda rng: batch(images, options, rng),
        options.seed,
        options.batch,
        trainer.images,
        options.workers,
        trainer.device.type == "cuda",
    )

    def loss(net: Denoiser, images: int, carried: dict) -> torch.Tensor:
        rng, there = seeded(options.seed, images), trainer.device
        clean = next(batches).to(there, memory_format=torch.channels_last, non_blocking=True)
        sigma = draw_sigma(options.batch, rng).to(there)
        return balanced_loss(net, clean, sigma, torch.randn_like(clean), carried)

    config = {"denoiser": net.config.to_dict(), "options": saved(options)}
    trainer.run(loss, scores, config, options.every)
    about = {"images": trainer.images, "minutes": round(trainer.spent / 60, 1)}
    path = options.out / "denoiser.safetensors"
    save_denoiser(trainer.ema, path, about | {"options": described(options)})
    print(f"weights in {path}")


if __name__ == "__main__":
    main()
