"""Scores the undistilled step's scalars on degraded images, and searches for better ones.

The search perturbs the logarithm of the scalars around the best so far, at random, with a shrinking
width; the seed fixes it.
"""

from collections.abc import Callable

import numpy as np
import torch

from ud2m.diffusion.sampler import sample
from ud2m.nn.denoiser import Denoiser
from ud2m.physics.generators import degradations
from ud2m.physics.observation import observe
from ud2m.physics.operators import Parameters, operator_of
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.unfolded import UnfoldedStep

STEPS, ITERATIONS = 3, 3  # N, K
BORDER = 16  # pixels not scored: beyond the border the image is unknown
BLURS = [
    (degradations.gaussian(1.7320508, 5), 0.01),
    (degradations.gaussian(2.0), 0.02),
    (degradations.uniform(9), 0.01),
]  # point spread function, noise std of full scale 1
NOISE = [15 / 255, 50 / 255, 25 / 255, 35 / 255]  # std of full scale 1
QUALITIES = [10, 20, 10, 40]
Degraded = tuple[torch.Tensor, Parameters]


def _blur(x: torch.Tensor, i: int, rng: np.random.Generator) -> Degraded:
    blurs = [*BLURS, (degradations.trajectory(19, rng), 0.01)]
    return degradations.blur(x, *blurs[i % 4], rng)


def _mask(x: torch.Tensor, i: int, rng: np.random.Generator) -> Degraded:
    h, w = x.shape[1:]
    box = i % 4 == 3
    mask = degradations.box_mask(h, w) if box else degradations.random_mask(h, w, 0.3, rng)
    return degradations.mask(x, mask, 0.01, rng)


# Image [3,H,W], its place, generator -> observation, its parameters.
CASES: dict[str, Callable[[torch.Tensor, int, np.random.Generator], Degraded]] = {
    "blur": _blur,
    "mask": _mask,
    "denoise": lambda x, i, r: degradations.denoise(x, NOISE[i % 4], r),
    "downscale2": lambda x, i, r: degradations.downscale(x, 2, 0.01, r),
    "downscale3": lambda x, i, r: degradations.downscale(x[:, :126, :126], 3, 0.01, r),
    "downscale4": lambda x, i, r: degradations.downscale(x, 4, 0.01, r),
    "jpeg": lambda x, i, r: degradations.jpeg(x, QUALITIES[i % 4]),
}


def _sigma(family: str, i: int) -> float:
    """The noise std of full scale 1 that a step is told of image `i`."""
    if family == "denoise":
        return NOISE[i % 4]
    return [*(sigma for _, sigma in BLURS), 0.01][i % 4] if family == "blur" else 0.01


class Bench:
    """Degraded images of one family, and the score of a set of scalars on them."""

    def __init__(self, family: str, clean: torch.Tensor, denoiser: Denoiser, seed: int):
        self.family, self.denoiser, self.operator = family, denoiser, operator_of(family)
        self.items = []
        for i, x in enumerate(clean):
            rng = np.random.default_rng((seed, i))
            y, physics = CASES[family](x, i, rng)
            c = observe(self.operator, y[None], physics, denoiser.config.multiple)
            shape = (1 + STEPS * ITERATIONS, *c.z0.shape)
            noise = torch.from_numpy(rng.standard_normal(shape, np.float32))
            height, width = (side * self.operator.scale for side in y.shape[1:])
            self.items.append((c, 2 * _sigma(family, i), noise, x[:, :height, :width]))

    @torch.no_grad()
    def scores(
        self,
        values: ScalarValues,
        make: type[Scalars] = Scalars,
        chain: bool = True,
    ) -> np.ndarray:
        """PSNR of each image in dB.

        Without `chain` every step starts from the observation, not from the last estimate.
        """
        step = UnfoldedStep(self.denoiser, self.operator, make(values), ITERATIONS)
        out = []
        for c, sigma_y, noise, clean in self.items:
            told = torch.tensor([sigma_y])

            def run(xt, z, n, t, c=c, told=told):
                return step(xt, z if chain else c.z0, c.y, n, t, told, *c.physics)

            def inner(i, noise=noise):
                return noise[1 + ITERATIONS * i :][:ITERATIONS].transpose(0, 1)

            x0 = sample(run, c.z0, noise[0], STEPS, inner)[0][:, c.rows, c.columns].clamp(-1, 1)
            error = (x0 - clean)[:, BORDER:-BORDER, BORDER:-BORDER].square().mean() / 4
            out.append(float(-10 * error.log10()))
        return np.array(out)


def search(
    bench: Bench, first: ScalarValues, tries: int, seed: int, log: Callable[[str], None]
) -> tuple[ScalarValues, float]:
    """Best scalars found and their mean PSNR in dB; `log` gets a line for each that is better."""
    rng = np.random.default_rng(seed)
    best, score = first, bench.scores(first).mean()
    log(f"{bench.family:11s} start {score:.3f} dB")
    names = list(first.to_dict())
    for i in range(tries):
        width = 0.8 * 0.15 ** (i / tries)
        move = rng.standard_normal(len(names)) * width * (rng.random(len(names)) < 0.4)
        old = best.to_dict()
        new = {n: old[n] * np.exp(m) for n, m in zip(names, move, strict=True)}
        tried = ScalarValues(**{n: float(np.clip(v, 1e-4, 30)) for n, v in new.items()})
        got = bench.scores(tried).mean()
        if got > score:
            best, score = tried, got
            values = " ".join(f"{k}={v:.3g}" for k, v in best.to_dict().items())
            log(f"{bench.family:11s} {i + 1:4d}/{tries} {score:.3f} dB  {values}")
    return best, score
