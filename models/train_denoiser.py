"""Trains the denoiser on tar shards of images under a time budget. To resume, run the same command again.

python models/train_denoiser.py --shards a.tar b.tar c.tar --out runs/lite --time-budget 120
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from ud2m.nn.denoiser import SIZES, Denoiser, flops_per_pixel
from ud2m.nn.weights import load_denoiser, save_denoiser
from ud2m.training.data import crops, decode, split
from ud2m.training.prefetch import stream
from ud2m.training.trainer import Schedule, Trainer, default_device

SCORED = (0.02, 0.1176, 0.3922, 1.0)  # noise levels of the progress lines: 0.02 … 1 of [-1, 1]
BINS = 24  # of log sigma, for the balance of the loss


def draw_sigma(count: int, rng: np.random.Generator) -> torch.Tensor:
    """[count] noise levels: nine in ten where restoration works (0.01 … 2), the rest up to the end of the schedule."""
    low, high = np.log([0.01, 2.0]), np.log([2.0, 160.0])
    ends = np.where(rng.random(count)[:, None] < 0.92, low, high)
    return torch.from_numpy(np.exp(rng.uniform(ends[:, 0], ends[:, 1])).astype(np.float32))


def balanced_loss(
    net: Denoiser, clean: torch.Tensor, sigma: torch.Tensor, noise: torch.Tensor, carried: dict
) -> torch.Tensor:
    """Squared error over the running mean of the error at its noise level, so that no level drowns the others."""
    error = (
        (net(clean + sigma[:, None, None, None] * noise, sigma).float() - clean)
        .square()
        .mean((1, 2, 3))
    )
    bins = ((sigma.log() - np.log(0.01)) / np.log(160 / 0.01) * BINS).long().clamp(0, BINS - 1)
    expected = carried.setdefault("expected", torch.full((BINS,), -1.0))
    for b, e in zip(bins.tolist(), error.detach().tolist()):
        expected[b] = e if expected[b] < 0 else torch.lerp(expected[b], torch.tensor(e), 0.01)
    return (error / expected[bins].clamp_min(1e-8)).mean()


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--shards", type=Path, nargs="+", required=True, help="tar files of square images"
    )
    p.add_argument(
        "--out", type=Path, required=True, help="folder of checkpoint, statistics and weights"
    )
    p.add_argument("--cache", type=Path, help="folder of the decoded images (default: OUT/cache)")
    p.add_argument("--size", choices=SIZES, default="lite")
    p.add_argument("--start", type=Path, help="weights to start from (denoiser.safetensors)")
    p.add_argument("--crop", type=int, default=96)
    p.add_argument(
        "--time-budget",
        type=float,
        default=Schedule.time_budget,
        help="minutes of training over all resumed runs",
    )
    p.add_argument(
        "--exact-share",
        type=float,
        default=Schedule.exact_share,
        help="last share of the budget in float32",
    )
    for name, kind in (("batch", int), ("rate", float), ("seed", int)):
        p.add_argument(f"--{name}", type=kind, default=getattr(Schedule, name))
    p.add_argument("--every", type=float, default=60, help="seconds between checkpoints and scores")
    p.add_argument(
        "--workers",
        type=int,
        default=0,
        help="processes that cut the crops ahead; a GPU needs some",
    )
    p.add_argument("--device", type=torch.device, default=default_device())
    a = p.parse_args()

    torch.manual_seed(a.seed)
    images, sides = decode(a.shards, a.cache or a.out / "cache")
    train, scored = split(len(images))
    net = load_denoiser(a.start) if a.start else Denoiser(SIZES[a.size])
    if a.crop % net.config.multiple or a.crop > sides.min():
        p.error(
            f"--crop {a.crop} must be a multiple of {net.config.multiple} and at most {sides.min()}, the smallest image."
        )
    print(
        f"{sum(w.numel() for w in net.parameters()) / 1e6:.2f} M weights, {flops_per_pixel(net.config) / 1e3:.0f} kFLOP per pixel, {len(train)} images"
    )

    def take(which, count, size, rng):
        return crops(images, sides, count, size, rng, which)

    rng = np.random.default_rng(1)
    size = min(128, int(sides.min())) // net.config.multiple * net.config.multiple
    clean = take(scored, 32, size, rng).to(a.device).contiguous(memory_format=torch.channels_last)
    noise = torch.from_numpy(rng.standard_normal(clean.shape, np.float32)).to(a.device)

    @torch.no_grad()
    def validate(net):
        out = {}
        for s in SCORED:
            error = (
                net(clean + s * noise, torch.full((len(clean),), s, device=a.device)).clamp(-1, 1)
                - clean
            ).square().mean((1, 2, 3)) / 4
            out[f"psnr_{s:g}"] = float((-10 * error.log10()).mean())
        return out

    schedule = Schedule(
        time_budget=a.time_budget,
        batch=a.batch,
        rate=a.rate,
        exact_share=a.exact_share,
        seed=a.seed,
    )
    trainer = Trainer(net, schedule, a.out, a.device)
    print("resumed" if trainer.resume() else "started", f"at {trainer.images:,} images", flush=True)
    batches = stream(
        lambda rng: take(train, a.batch, a.crop, rng),
        a.seed,
        a.batch,
        trainer.images,
        a.workers,
        a.device.type == "cuda",
    )

    def loss(net, images, carried):
        rng = np.random.default_rng((a.seed, images, 1))  # not the one that cut the crops
        torch.manual_seed(int(rng.integers(2**62)))
        clean = next(batches).to(a.device, memory_format=torch.channels_last, non_blocking=True)
        return balanced_loss(
            net, clean, draw_sigma(a.batch, rng).to(a.device), torch.randn_like(clean), carried
        )

    config = {
        "denoiser": net.config.to_dict(),
        "shards": [s.name for s in a.shards],
        "crop": a.crop,
        "start": a.start and a.start.name,
    }
    trainer.run(loss, validate, config, a.every)
    save_denoiser(
        trainer.ema,
        a.out / "denoiser.safetensors",
        {"images": trainer.images, "minutes": round(trainer.spent / 60, 1), "seed": a.seed},
    )
    print(f"weights in {a.out / 'denoiser.safetensors'}")


if __name__ == "__main__":
    main()
