"""Training problems of denoising with the noise of real footage, and what a step is told of it."""

from collections.abc import Callable

import numpy as np
import torch

from ud2m.physics import noise_model
from ud2m.physics.generators import noise
from ud2m.physics.operators import Identity
from ud2m.training.problems.problem import Problem, Source, bins, inset

LEVELS = (0.012, 0.024, 0.05, 0.1)  # of full scale: bounds of the classes of the loss's balance
# What is held out: name -> kind, and level of full scale; None where it is drawn.
HELD_OUT: dict[str, tuple[str, float | None]] = {
    **{kind: (kind, None) for kind in noise.KINDS},
    "white-25": ("white", 25 / 255),
    "unclipped-15": ("unclipped", 15 / 255),
    "unclipped-25": ("unclipped", 25 / 255),
    "unclipped-50": ("unclipped", 50 / 255),
}


def real_noise(source: Source, count: int, side: int, rng: np.random.Generator) -> Problem:
    """`count` images of `side`, each with a kind of noise of its own; half are told with errors."""
    shares = np.array([share for share, _ in noise.KINDS.values()])
    kinds = [str(k) for k in rng.choice(list(noise.KINDS), count, p=shares / shares.sum())]
    problem = of_kinds(kinds, None, source, side, rng)
    basis, std, shape = problem.noise
    # An estimate errs: the level by a tenth, the correlations by 0.05. Papers state the level.
    errs = (rng.random(count) < 0.5) & np.array([k != "unclipped" for k in kinds])
    by = torch.from_numpy(errs[:, None] * rng.standard_normal((count, 3))).float()
    std = std * torch.exp(0.1 * by[:, :1])
    shape = torch.cat([(shape[:, :2] + 0.05 * by[:, 1:]).clamp(0, 1), shape[:, 2:]], 1)
    problem.noise, problem.sigma_y = (basis, std, shape), noise_model.level(std)
    return problem


def of_kinds(
    kinds: list[str], sigma: float | None, source: Source, side: int, rng: np.random.Generator
) -> Problem:
    """An image of `side` with each of `kinds`, told exactly; sigma: of full scale, None: drawn."""
    images = (source(len(kinds), side).double().numpy() + 1) / 2
    observed = []
    for image, kind in zip(images, kinds, strict=True):
        level = noise.draw_level(kind, rng) if sigma is None else sigma
        observed.append(noise.observe(image, kind, level, rng))
    models = [o.model for o in observed]
    told = noise_model.tensors(models)
    y, clean = _batch([o.y for o in observed]), _batch([o.clean for o in observed])
    levels = bins(np.array([model.sigma for model in models]), LEVELS)
    names = list(noise.KINDS)
    hardness = [8 * names.index(k) + b for k, b in zip(kinds, levels, strict=True)]
    sigma_y, inside = noise_model.level(told[1]), inset(side)
    return Problem("denoise", Identity(), clean, y, y, (), sigma_y, inside, hardness, told)


def _batch(images: list[np.ndarray]) -> torch.Tensor:
    """[B,3,H,W] in [-1, 1] of images in [0, 1]."""
    return torch.from_numpy(2 * np.stack(images) - 1).float()


def kinds_held_out(
    source_of: Callable[[np.random.Generator], Source], side: int, count: int = 12
) -> dict[str, Problem]:
    """`count` images of each of HELD_OUT, from the source that `source_of` makes of a generator."""
    problems = {}
    for i, (name, (kind, sigma)) in enumerate(HELD_OUT.items()):
        rng = np.random.default_rng((97, i))
        problems[name] = of_kinds([kind] * count, sigma, source_of(rng), side, rng)
    return problems
