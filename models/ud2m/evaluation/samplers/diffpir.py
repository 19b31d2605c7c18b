"""DiffPIR (Zhu et al. 2023, arXiv 2305.08995, Algorithm 1).

At each level it denoises, pulls to the data and noises again to the next. Own code, because deepinv
0.5.0's `DiffPIR` needs a physics object of its own for each operator and draws from the global
generator; a test holds the two against each other (it halves the data term, so its lambda counts
twice).
"""

from itertools import pairwise

import torch

from ud2m.diffusion.schedule import LEVELS, alpha_bar, sigmas
from ud2m.evaluation.samplers.common import Data, Restoration, denoise, normal
from ud2m.evaluation.samplers.settings import of

EVALUATIONS = 100


def levels(count: int) -> list[int]:
    """Indices from 999 to 0, dense at low noise: the paper's quadratic sequence."""
    path = (LEVELS * torch.linspace(0, 1, count, dtype=torch.float64).sqrt()).long()
    return (LEVELS - 1 - path.clamp_max(LEVELS - 1)).tolist()


@torch.no_grad()
def diffpir(given: Restoration, **settings: float) -> torch.Tensor:
    """A sample; see the package for the arguments.

    Settings: lambda_, the weight of the prior against the data, rho_t = lambda_ s²/sigma_t²; zeta,
    the share of fresh noise. As in the paper's code s is the noise std of full scale 1 and sigma_t
    the level in [-1, 1], so that s = sigma_y/2.
    """
    chosen, z0 = of("diffpir", given.operator, settings), given.observation.z0
    lambda_, zeta = chosen["lambda_"], chosen["zeta"]
    data, grid = Data(given), levels(EVALUATIONS)
    abar, sigma = alpha_bar().tolist(), sigmas().tolist()
    noise = normal(z0, given.generator)
    x = abar[grid[0]] ** 0.5 * z0 + (1 - abar[grid[0]]) ** 0.5 * noise
    for t, s in pairwise([*grid, None]):
        x0 = denoise(given.denoiser, x / abar[t] ** 0.5, sigma[t]).clamp(-1, 1)
        if s is None:
            break
        x0 = data.pull(x0, 4 * sigma[t] ** 2 / lambda_)
        eps = (x - abar[t] ** 0.5 * x0) / (1 - abar[t]) ** 0.5
        eps = (1 - zeta) ** 0.5 * eps + zeta**0.5 * normal(x, given.generator)
        x = abar[s] ** 0.5 * x0 + (1 - abar[s]) ** 0.5 * eps
    return x0
