"""The two rivals nearest to UD²M: half-quadratic splitting (DPIR) and zero-shot LATINO. Own code; deepinv has no sampler for them.

Both alternate the exact proximal step of the data with one evaluation of the prior at falling levels, and end with the
prior. LATINO noises in between what DPIR hands on as it is. UD²M's unfolded step is the same loop with an outer diffusion
state, learned levels and a learned share of noise.
"""

import torch

from ud2m.evaluation.samplers.common import Data, denoise, falling, normal
from ud2m.evaluation.samplers.settings import of
from ud2m.physics.observation import Condition
from ud2m.physics.operators import Mask, Operator

EVALUATIONS = 8
FIRST = 0.4  # LATINO's first level in [-1, 1]; 0.1 and 0.2 change its PSNR by less than 0.2 dB
EVALUATIONS_MASK = 24  # DPIR: far holes fill slowly when no noise is added


@torch.no_grad()
def dpir(prior, operator: Operator, condition: Condition, sigma_y: float, generator: torch.Generator, **settings: float) -> torch.Tensor:
    """Zhang et al. 2021 (arXiv 2008.13751), eq. 6: alpha_k = lambda_ sigma_y²/sigma_k², sigma_k from `first` to sigma_y. Draws nothing."""
    chosen = of("dpir", operator, settings)
    data, z = Data(operator, condition, sigma_y), condition.z0
    for sigma in falling(chosen["first"], sigma_y, EVALUATIONS_MASK if isinstance(operator, Mask) else EVALUATIONS):
        z = denoise(prior, data.pull(z, sigma**2 / chosen["lambda_"]), sigma)
    return z


@torch.no_grad()
def latino(prior, operator: Operator, condition: Condition, sigma_y: float, generator: torch.Generator, **settings: float) -> torch.Tensor:
    """Spagnoletti et al. 2025 (arXiv 2503.12615): prox, noise to level s_k, back to a clean picture.

    s_k from FIRST to last · sigma_y; the prox has variance (spread s_k)². The paper goes back by a consistency model; here by
    the denoiser, the only map that a zero-shot rival may use.
    """
    chosen = of("latino", operator, settings)
    data, z = Data(operator, condition, sigma_y), condition.z0
    for sigma in falling(FIRST, chosen["last"] * sigma_y, EVALUATIONS):
        u = data.pull(z, (chosen["spread"] * sigma) ** 2)
        z = denoise(prior, u + sigma * normal(u, generator), sigma)
    return z
