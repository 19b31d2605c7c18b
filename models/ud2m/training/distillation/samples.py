"""The loss of a step that answers with the mean or with samples, as it is asked.

Half of the batches ask for the mean, and their loss is the squared error; half ask for two samples,
which an energy score holds against the clean image. A sample's x_t is drawn from the clean image,
as the sampler with fresh noise in each step (zeta = 1) has it; it enters by the data step, and the
step begins with the plain initial estimate, which knows nothing of the step before.
"""

import math
from collections.abc import Callable

import numpy as np
import torch

from ud2m.diffusion.schedule import alpha_bar, time_grid
from ud2m.nn.lpips import Lpips
from ud2m.physics import noise_model
from ud2m.step.model import UnfoldedModel
from ud2m.step.realism import draw
from ud2m.step.unfolded import UnfoldedStep
from ud2m.training.distillation.fidelity import Balance, fidelity
from ud2m.training.distillation.perceptual import cut, frame_of
from ud2m.training.distillation.trajectory import GRID_SHARES, GRIDS, GridShares
from ud2m.training.losses import energy
from ud2m.training.problems import Problem

WEIGHTS = {"luma": 1.0, "chroma": 0.5, "features": 0.1}  # of the scores, each over its own error
GRID = 4.0  # weight of texture that lies unevenly on the grid of the network or of the data step
# Weight of the spread, and the share of the budget over which it rises to 1. From 0 on, a training
# first unlearned the texture noise.
FIRST_SPREAD, RISE = 0.5, 0.1
WINDOW = 64  # pixels a side of what the features are taken of: their network costs the most
Objective = Callable[[UnfoldedModel, Problem, np.random.Generator, dict], torch.Tensor]


class Samples:
    """Squared error for the mean, an energy score for samples.

    mean: the loss of the other batches. realism: share of the batches that ask for samples.
    features: weight of the score of VGG's features (LPIPS'), of a window of the image; 0: none.
    `carried` tells the progress of the training, 0 … 1. Errors as `Lpips`.
    """

    def __init__(
        self,
        mean: Objective = fidelity,
        device: torch.device | str = "cpu",
        grid_shares: GridShares = GRID_SHARES,
        features: float = WEIGHTS["features"],
        realism: float = 0.5,
    ):
        self.mean, self.grid_shares, self.realism = mean, grid_shares, realism
        self.weights = WEIGHTS | {"features": features}
        self.features = Lpips("vgg16").to(device) if features else None

    def __call__(
        self, net: UnfoldedModel, problem: Problem, rng: np.random.Generator, carried: dict
    ) -> torch.Tensor:
        if rng.random() >= self.realism:
            return self.mean(net, problem, rng, carried)
        t = self._level(rng)
        first, second = (sampled(net, problem, t) for _ in range(2))
        rise = min(1.0, carried.get("progress", 1.0) / RISE)
        spread = FIRST_SPREAD + (1 - FIRST_SPREAD) * rise
        balance = Balance(carried.setdefault("expected", {}), own=0.0)
        terms = []
        with torch.autocast(first.device.type, enabled=False):
            scores = self._scores(first, second, problem, rng)
            uneven = self._grid(net, first, second, problem)
        for name, part in scores.items():
            weights = balance.weights(part.error, problem, name)
            value = (part.error - spread * part.spread) * weights
            terms.append(self.weights[name] * value.mean())
        return torch.stack(terms).sum() + GRID * uneven

    def _grid(
        self, net: UnfoldedModel, first: torch.Tensor, second: torch.Tensor, problem: Problem
    ) -> torch.Tensor:
        """`energy.grid` of the luma of both samples."""
        frame = frame_of(problem.inside)
        samples, truth = (
            energy.luma_and_chroma(cut(x.float(), frame))[0]
            for x in (torch.cat([first, second]), problem.clean)
        )
        period = math.lcm(net.denoiser.config.unshuffle, problem.operator.scale)
        return energy.grid(samples, truth, period)

    def _level(self, rng: np.random.Generator) -> int:
        """The level of a sample's outer step: any of a grid, by its share."""
        return int(rng.choice(time_grid(int(rng.choice(GRIDS, p=self.grid_shares)))))

    def _scores(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        problem: Problem,
        rng: np.random.Generator,
    ) -> dict[str, energy.Score]:
        frame = frame_of(problem.inside)
        images = [cut(x.float(), frame) for x in (first, second, problem.clean)]
        planes = [energy.luma_and_chroma(x) for x in images]
        luma, chroma = zip(*planes, strict=True)
        out = {
            "luma": energy.score(energy.patch_distance, *luma),
            "chroma": energy.score(energy.patch_distance, *chroma),
        }
        if self.features:
            places = (int(rng.integers(max(1, n - WINDOW + 1))) for n in images[0].shape[-2:])
            top, left = places
            window = (..., slice(top, top + WINDOW), slice(left, left + WINDOW))
            seen = [self.features.features(x[window]) for x in images]
            out["features"] = energy.score(energy.feature_distance, *seen)
        return out


def sampled(
    net: UnfoldedModel, problem: Problem, t: int, generator: torch.Generator | None = None
) -> torch.Tensor:
    """A sample [B,3,H,W] by the outer step at level t, whose state is drawn from the clean image.

    At the first level of a run, 999, nothing of the image is left in it.
    """
    step, shape = net.step(problem.family, problem.operator), problem.clean.shape
    device = generator.device if generator else problem.clean.device

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator, device=device).to(problem.clean)

    abar, xt = alpha_bar().float()[t], normal(*shape)
    if t < len(alpha_bar()) - 1:
        xt = abar.sqrt() * problem.clean + (1 - abar).sqrt() * xt
    noise = normal(shape[0], net.iterations, *shape[1:])
    level = torch.tensor([float(t)], device=problem.clean.device)
    share = torch.ones(shape[0], device=problem.clean.device)
    told = draw(step.operator, problem.y, share, normal)
    physics = (*told, *known(step, problem))
    return step(xt, problem.z0, problem.y, noise, level, problem.sigma_y, *physics)


def known(step: UnfoldedStep, problem: Problem) -> tuple[torch.Tensor, ...]:
    """The tensors of the noise, white where the problem tells of none, and of the operator."""
    if not step.takes_noise_model:
        return problem.physics
    return (*(problem.noise or noise_model.white_tensors(problem.sigma_y)), *problem.physics)
