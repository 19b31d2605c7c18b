"""Training problems of denoising with the noise of real footage, and what a step is told of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from ud2m.physics import noise_model
from ud2m.physics.generators import noise
from ud2m.physics.operators import Identity
from ud2m.training.problems.problem import Problem, Source, bins, inset

LEVELS = (0.012, 0.024, 0.05, 0.1)  # of full scale: bounds of the classes of the loss's balance
MADE = ("camera", "subsampled", "jpeg", "filtered")  # of footage: nobody can state their noise
GRAY_SHARE = 0.3  # of the images of noise.SEEN_GRAY are made gray
# What is held out: name -> kind, and level of full scale; None where it is drawn.
HELD_OUT: dict[str, tuple[str, float | None]] = {
    **{kind: (kind, None) for kind in noise.KINDS},
    "white-25": ("white", 25 / 255),
    "unclipped-15": ("unclipped", 15 / 255),
    "unclipped-25": ("unclipped", 25 / 255),
    "unclipped-50": ("unclipped", 50 / 255),
    **{f"{kind}, gray": (kind, None) for kind in ("camera", "jpeg", "filtered")},
}


def real_noise(source: Source, count: int, side: int, rng: np.random.Generator) -> Problem:
    """`count` images of `side`, each with a kind of noise of its own.

    Most are told an estimate, which errs.
    """
    shares = np.array([share for share, _ in noise.KINDS.values()])
    kinds = [str(k) for k in rng.choice(list(noise.KINDS), count, p=shares / shares.sum())]
    gray = [k in noise.SEEN_GRAY and rng.random() < GRAY_SHARE for k in kinds]
    problem = of_kinds(kinds, None, source, side, rng, gray)
    basis, std, shape = problem.noise
    # Papers state the noise. Of footage it is mostly estimated.
    chances = np.array([0.0 if k == "unclipped" else 0.85 if k in MADE else 0.5 for k in kinds])
    std, shape = errs(std, shape, rng.random(count) < chances, rng)
    problem.noise, problem.sigma_y = (basis, std, shape), noise_model.level(std)
    return problem


def errs(
    std: torch.Tensor, shape: torch.Tensor, estimated: np.ndarray, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Told stds [B,3] and shapes [B,SHAPE] with the errors of an estimate where `estimated` [B].

    The level of half of the estimates is off by a factor of up to five in most cases, for texture
    looks like noise, and codecs empty the blocks that are quiet; that of the others by a tenth.
    """
    count = len(std)
    gross = np.where(rng.random(count) < 1 / 2, 0.8, 0.1)[:, None]
    level = gross * rng.standard_normal((count, 1)) + 0.1 * rng.standard_normal((count, 3))
    by = torch.from_numpy(rng.standard_normal((count, 3)) * (0.1, 0.1, 0.15)).float()
    moved = shape.clone()
    moved[:, :2] = (moved[:, :2] + by[:, :2]).clamp(0, 1)
    moved[:, 2] = (moved[:, 2] + by[:, 2]).clamp(-1, 1)
    moved[:, 4] = 1
    which = torch.from_numpy(estimated)[:, None]
    wrong = (std * torch.from_numpy(np.exp(level)).float()).clamp_min(noise_model.LEAST_STD)
    return torch.where(which, wrong, std), torch.where(which, moved, shape)


def of_kinds(
    kinds: list[str],
    sigma: float | None,
    source: Source,
    side: int,
    rng: np.random.Generator,
    gray: Sequence[bool] = (),
) -> Problem:
    """An image of `side` with each of `kinds`, told exactly.

    sigma: of full scale, None: drawn. gray: which images are made gray; none if it is empty.
    """
    images = (source(len(kinds), side).double().numpy() + 1) / 2
    observed = []
    for image, kind, made_gray in zip(images, kinds, gray or [False] * len(kinds), strict=True):
        level = noise.draw_level(kind, rng) if sigma is None else sigma
        seen = noise.observe(image, kind, level, rng)
        observed.append(noise.grayed(seen) if made_gray else seen)
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
    """`count` images of each of HELD_OUT, from the source that `source_of` makes of a generator.

    The noise of footage is told as an estimate.
    """
    problems = {}
    for i, (name, (kind, sigma)) in enumerate(HELD_OUT.items()):
        rng = np.random.default_rng((97, i))
        gray = [name.endswith("gray")] * count
        problem = of_kinds([kind] * count, sigma, source_of(rng), side, rng, gray)
        if kind in MADE:
            basis, std, shape = problem.noise
            std, shape = errs(std, shape, np.ones(count, bool), rng)
            problem = replace(problem, noise=(basis, std, shape), sigma_y=noise_model.level(std))
        problems[name] = problem
    return problems
