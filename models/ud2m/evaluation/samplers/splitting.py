"""Half-quadratic splitting (DPIR) and zero-shot LATINO: the two samplers nearest to UD²M.

Both alternate the exact proximal step of the data with one evaluation of the denoiser at falling
levels, and end with the denoiser. LATINO noises in between what DPIR hands on as it is. UD²M's
unfolded step is the same loop with an outer diffusion state, learned levels and a learned share of
noise. Own code: deepinv has no sampler for them.
"""

import torch

from ud2m.evaluation.samplers.common import Data, Restoration, denoise, falling, normal
from ud2m.evaluation.samplers.settings import of

EVALUATIONS = 8  # LATINO; DPIR's are among its settings
FIRST = 0.4  # LATINO's first level in [-1, 1]; 0.1 and 0.2 change its PSNR by less than 0.2 dB


@torch.no_grad()
def dpir(given: Restoration, **settings: float) -> torch.Tensor:
    """The estimate of Zhang et al. 2021 (arXiv 2008.13751), eq. 6; it draws nothing.

    alpha_k = lambda_ sigma_y²/sigma_k², sigma_k from `first` to sigma_y, in `evaluations` steps.
    """
    chosen = of("dpir", given.operator, settings)
    data, z = Data(given), given.observation.z0
    for sigma in falling(chosen["first"], given.sigma_y, int(chosen["evaluations"])):
        z = denoise(given.denoiser, data.pull(z, sigma**2 / chosen["lambda_"]), sigma)
    return z


@torch.no_grad()
def latino(given: Restoration, **settings: float) -> torch.Tensor:
    """A sample of Spagnoletti et al. 2025 (arXiv 2503.12615): prox, noise to s_k, clean again.

    s_k from FIRST to last · sigma_y; the prox has variance (rho_ratio s_k)². The paper goes back by
    a consistency model; here by the denoiser, the only map that a zero-shot sampler may use.
    """
    chosen = of("latino", given.operator, settings)
    data, z = Data(given), given.observation.z0
    for sigma in falling(FIRST, chosen["last"] * given.sigma_y, EVALUATIONS):
        u = data.pull(z, (chosen["rho_ratio"] * sigma) ** 2)
        z = denoise(given.denoiser, u + sigma * normal(u, given.generator), sigma)
    return z
