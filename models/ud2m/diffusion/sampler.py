"""The outer sampler (Algorithm 1 of the paper) over any step, as the element has it in Rust."""

from collections.abc import Callable

import torch

from ud2m.diffusion.schedule import alpha_bar, time_grid

# (xt, z, noise [B,K,3,H,W], t [1]) -> x0
Step = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
Draw = Callable[[int], torch.Tensor]  # of the step's place, from 0


def sample(
    step: Step,
    z0: torch.Tensor,
    xT: torch.Tensor,
    steps: int,
    inner: Draw,
    renoise: Draw | None = None,
    zeta: float = 0.0,
    mean: bool = False,
    restart: bool = False,
) -> torch.Tensor:
    """One posterior sample [B,3,H,W], or with `mean` the weighed mean of the steps' estimates.

    z0: initial estimate of the first step; each later one starts from the last estimate. xT:
    standard normal. steps: N, 1 … 100 (else ValueError). inner(i) gives the noise [B,K,3,H,W] of
    step i; renoise(i), needed where zeta > 0, fresh noise [B,3,H,W]. zeta: share of fresh noise,
    0 … 1; 0 is deterministic (DDIM). An estimate weighs as much as its place: 1, 2 … N. restart:
    each step starts from z0 rather than from the last estimate, of which it then knows by xt alone;
    with zeta = 1 and without `mean` that is how a step that answers with samples was trained.
    """
    if zeta > 0 and renoise is None:
        raise ValueError(f"zeta is {zeta}, which needs fresh noise; give renoise.")
    grid, abar, xt, z, so_far = time_grid(steps), alpha_bar().float(), xT, z0, z0
    for i, t in enumerate(grid):
        x0 = step(xt, z, inner(i), torch.tensor([float(t)]))
        so_far = so_far + (x0 - so_far) * (2 / (i + 2)) if mean else x0
        if i + 1 == len(grid):
            break
        eps = (xt - abar[t].sqrt() * x0) / (1 - abar[t]).sqrt()
        if zeta > 0 and renoise:
            eps = (1 - zeta) ** 0.5 * eps + zeta**0.5 * renoise(i)
        s = grid[i + 1]
        xt, z = abar[s].sqrt() * x0 + (1 - abar[s]).sqrt() * eps, z0 if restart else x0
    return so_far
