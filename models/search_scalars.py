"""Chooses the scalars of the undistilled step, a family at a time, on held-out training pictures.

    python models/search_scalars.py --prior runs/lite/prior.safetensors --cache runs/lite/cache --out runs/lite/knobs.json

Objective: mean PSNR of the full sampler (N = 3, K = 3) over the damages of `CASES`. Search: random perturbations in the
logarithm of the scalars around the best so far, with a shrinking width; the seed fixes it. Never run on evaluation pictures.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from ud2m.diffusion.sampler import sample
from ud2m.nn.weights import load_prior
from ud2m.physics.generators import degradations as damage
from ud2m.physics.observation import FAMILIES, condition, operator_of
from ud2m.step.unfolded import Knobs, KnobValues, UnfoldedStep, unsearched
from ud2m.training.data import crops, split

BORDER = 16  # pixels not scored: beyond the border the picture is unknown
BLURS = [(damage.gaussian(1.7320508, 5), 0.01), (damage.gaussian(2.0), 0.02), (damage.uniform(9), 0.01)]
CASES = {
    "blur": lambda x, i, r: damage.blur(x, *[*BLURS, (damage.trajectory(19, r), 0.01)][i % 4], r),
    "mask": lambda x, i, r: damage.mask(x, damage.box_mask(*x.shape[1:]) if i % 4 == 3 else damage.random_mask(*x.shape[1:], 0.3, r), 0.01, r),
    "denoise": lambda x, i, r: damage.denoise(x, (15, 50, 25, 35)[i % 4] / 255, r),
    "downscale2": lambda x, i, r: damage.downscale(x, 2, 0.01, r),
    "downscale3": lambda x, i, r: damage.downscale(x[:, :126, :126], 3, 0.01, r),
    "downscale4": lambda x, i, r: damage.downscale(x, 4, 0.01, r),
    "jpeg": lambda x, i, r: damage.jpeg(x, (10, 20, 10, 40)[i % 4]),
}


class Bench:
    """Damaged pictures of one family, and the score of a set of scalars on them."""

    def __init__(self, family: str, clean: torch.Tensor, prior, seed: int):
        self.family, self.prior, self.operator = family, prior, operator_of(family)
        self.items = []
        for i, x in enumerate(clean):
            rng = np.random.default_rng((seed, i))
            y, physics = CASES[family](x, i, rng)
            sigma = {"denoise": (15, 50, 25, 35)[i % 4] / 255, "blur": [*BLURS, (None, 0.01)][i % 4][1]}.get(family, 0.01)
            c = condition(self.operator, y[None], physics, prior.config.multiple)
            noise = torch.from_numpy(rng.standard_normal((10, *c.z0.shape), np.float32))
            target = x[:, : y.shape[1] * self.operator.scale, : y.shape[2] * self.operator.scale]
            self.items.append((c, 2 * sigma, noise, target))

    @torch.no_grad()
    def scores(self, values: KnobValues, steps: int = 3, make: type[Knobs] = Knobs, chain: bool = True) -> np.ndarray:
        """PSNR of each picture in dB. Without `chain` every step starts from the observation, not from the last estimate."""
        step = UnfoldedStep(self.prior, self.operator, make(values), 3)
        out = []
        for c, sigma_y, noise, clean in self.items:
            inner = lambda i: noise[1 + 3 * i : 4 + 3 * i].transpose(0, 1)
            run = lambda xt, z, n, t: step(xt, z if chain else c.z0, c.y, n, t, torch.tensor([sigma_y]), *c.physics)
            x0 = sample(run, c.z0, noise[0], steps, inner)[0][:, c.rows, c.columns].clamp(-1, 1)
            error = (x0 - clean)[:, BORDER:-BORDER, BORDER:-BORDER].square().mean() / 4
            out.append(float(-10 * error.log10()))
        return np.array(out)


def search(bench: Bench, start: KnobValues, tries: int, seed: int, log) -> tuple[KnobValues, float]:
    """Best scalars found and their mean PSNR in dB."""
    rng = np.random.default_rng(seed)
    best, score = start, bench.scores(start).mean()
    log(f"{bench.family:11s} start {score:.3f} dB")
    names = list(start.to_dict())
    for i in range(tries):
        width = 0.8 * 0.15 ** (i / tries)
        move = rng.standard_normal(len(names)) * width * (rng.random(len(names)) < 0.4)
        tried = KnobValues(**{n: float(np.clip(v * np.exp(m), 1e-4, 30)) for (n, v), m in zip(best.to_dict().items(), move)})
        got = bench.scores(tried).mean()
        if got > score:
            best, score = tried, got
            log(f"{bench.family:11s} {i + 1:4d}/{tries} {score:.3f} dB  " + " ".join(f"{k}={v:.3g}" for k, v in best.to_dict().items()))
    return best, score


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prior", type=Path, required=True)
    p.add_argument("--cache", type=Path, required=True, help="folder of the decoded pictures (see train_denoiser.py)")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--families", nargs="+", default=FAMILIES)
    p.add_argument("--pictures", type=int, default=8)
    p.add_argument("--tries", type=int, default=60)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    pictures, sides = np.load(a.cache / "pixels.npy", mmap_mode="r"), np.load(a.cache / "sizes.npy")
    clean = crops(pictures, sides, a.pictures, 128, np.random.default_rng(a.seed), split(len(pictures))[1], shrink=0)
    prior = load_prior(a.prior).to(memory_format=torch.channels_last)
    found = json.loads(a.out.read_text()) if a.out.exists() else {}
    for family in a.families:
        begin = KnobValues(**found[family]["values"]) if family in found else unsearched(family)
        best, score = search(Bench(family, clean, prior, a.seed), begin, a.tries, a.seed, lambda line: print(line, flush=True))
        found[family] = {"values": best.to_dict(), "psnr": round(score, 3), "pictures": a.pictures, "seed": a.seed}
        a.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
