"""Chooses the scalars of the undistilled step, a family at a time, on held-out training images.

    python models/search_scalars.py --denoiser runs/lite/denoiser.safetensors --cache runs/lite/cache --out runs/lite/scalars.json

Objective: mean PSNR of the full sampler (N = 3, K = 3) over the degradations of `CASES`. Search: random perturbations in the
logarithm of the scalars around the best so far, with a shrinking width; the seed fixes it. Never run on evaluation images.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from ud2m.diffusion.sampler import sample
from ud2m.nn.weights import load_denoiser
from ud2m.physics.generators import degradations
from ud2m.physics.observation import observe
from ud2m.physics.operators import FAMILIES, operator_of
from ud2m.step.scalars import Scalars, ScalarValues, untuned
from ud2m.step.unfolded import UnfoldedStep
from ud2m.training.data import crops, split

BORDER = 16  # pixels not scored: beyond the border the image is unknown
BLURS = [
    (degradations.gaussian(1.7320508, 5), 0.01),
    (degradations.gaussian(2.0), 0.02),
    (degradations.uniform(9), 0.01),
]
CASES = {
    "blur": lambda x, i, r: degradations.blur(
        x, *[*BLURS, (degradations.trajectory(19, r), 0.01)][i % 4], r
    ),
    "mask": lambda x, i, r: degradations.mask(
        x,
        degradations.box_mask(*x.shape[1:])
        if i % 4 == 3
        else degradations.random_mask(*x.shape[1:], 0.3, r),
        0.01,
        r,
    ),
    "denoise": lambda x, i, r: degradations.denoise(x, (15, 50, 25, 35)[i % 4] / 255, r),
    "downscale2": lambda x, i, r: degradations.downscale(x, 2, 0.01, r),
    "downscale3": lambda x, i, r: degradations.downscale(x[:, :126, :126], 3, 0.01, r),
    "downscale4": lambda x, i, r: degradations.downscale(x, 4, 0.01, r),
    "jpeg": lambda x, i, r: degradations.jpeg(x, (10, 20, 10, 40)[i % 4]),
}


class Bench:
    """Degraded images of one family, and the score of a set of scalars on them."""

    def __init__(self, family: str, clean: torch.Tensor, denoiser, seed: int):
        self.family, self.denoiser, self.operator = family, denoiser, operator_of(family)
        self.items = []
        for i, x in enumerate(clean):
            rng = np.random.default_rng((seed, i))
            y, physics = CASES[family](x, i, rng)
            sigma = {
                "denoise": (15, 50, 25, 35)[i % 4] / 255,
                "blur": [*BLURS, (None, 0.01)][i % 4][1],
            }.get(family, 0.01)
            c = observe(self.operator, y[None], physics, denoiser.config.multiple)
            noise = torch.from_numpy(rng.standard_normal((10, *c.z0.shape), np.float32))
            target = x[:, : y.shape[1] * self.operator.scale, : y.shape[2] * self.operator.scale]
            self.items.append((c, 2 * sigma, noise, target))

    @torch.no_grad()
    def scores(
        self,
        values: ScalarValues,
        steps: int = 3,
        make: type[Scalars] = Scalars,
        chain: bool = True,
    ) -> np.ndarray:
        """PSNR of each image in dB. Without `chain` every step starts from the observation, not from the last estimate."""
        step = UnfoldedStep(self.denoiser, self.operator, make(values), 3)
        out = []
        for c, sigma_y, noise, clean in self.items:
            inner = lambda i: noise[1 + 3 * i : 4 + 3 * i].transpose(0, 1)
            run = lambda xt, z, n, t: step(
                xt, z if chain else c.z0, c.y, n, t, torch.tensor([sigma_y]), *c.physics
            )
            x0 = sample(run, c.z0, noise[0], steps, inner)[0][:, c.rows, c.columns].clamp(-1, 1)
            error = (x0 - clean)[:, BORDER:-BORDER, BORDER:-BORDER].square().mean() / 4
            out.append(float(-10 * error.log10()))
        return np.array(out)


def search(
    bench: Bench, first: ScalarValues, tries: int, seed: int, log
) -> tuple[ScalarValues, float]:
    """Best scalars found and their mean PSNR in dB."""
    rng = np.random.default_rng(seed)
    best, score = first, bench.scores(first).mean()
    log(f"{bench.family:11s} start {score:.3f} dB")
    names = list(first.to_dict())
    for i in range(tries):
        width = 0.8 * 0.15 ** (i / tries)
        move = rng.standard_normal(len(names)) * width * (rng.random(len(names)) < 0.4)
        tried = ScalarValues(
            **{
                n: float(np.clip(v * np.exp(m), 1e-4, 30))
                for (n, v), m in zip(best.to_dict().items(), move)
            }
        )
        got = bench.scores(tried).mean()
        if got > score:
            best, score = tried, got
            log(
                f"{bench.family:11s} {i + 1:4d}/{tries} {score:.3f} dB  "
                + " ".join(f"{k}={v:.3g}" for k, v in best.to_dict().items())
            )
    return best, score


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--denoiser", type=Path, required=True)
    p.add_argument(
        "--cache",
        type=Path,
        required=True,
        help="folder of the decoded images (see train_denoiser.py)",
    )
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--families", nargs="+", default=FAMILIES)
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--tries", type=int, default=60)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    images, sides = np.load(a.cache / "pixels.npy", mmap_mode="r"), np.load(a.cache / "sizes.npy")
    clean = crops(
        images, sides, a.images, 128, np.random.default_rng(a.seed), split(len(images))[1], shrink=0
    )
    denoiser = load_denoiser(a.denoiser).to(memory_format=torch.channels_last)
    found = json.loads(a.out.read_text()) if a.out.exists() else {}
    for family in a.families:
        begin = ScalarValues(**found[family]["values"]) if family in found else untuned(family)
        best, score = search(
            Bench(family, clean, denoiser, a.seed),
            begin,
            a.tries,
            a.seed,
            lambda line: print(line, flush=True),
        )
        found[family] = {
            "values": best.to_dict(),
            "psnr": round(score, 3),
            "images": a.images,
            "seed": a.seed,
        }
        a.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
