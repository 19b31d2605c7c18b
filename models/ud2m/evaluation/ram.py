"""The paper's own first estimate f_psi: the network RAM (Terris et al. 2025) of deepinv, as an option of evaluation.

RAM restores y in one pass from y, the operator and the noise. In the paper it sees a second observation too, the state x_t, as
sqrt(abar_t) x plus noise. Here it answers once, before the first outer step, and there x_t is pure noise: at level 999
sigma_t = 157 times an image of [-1, 1], which says nothing beside y. So RAM(y) alone is right; each later step begins with
the last estimate, as without RAM.

Never exported: the element has the learned initial network of `nn.conditioning`. Needs deepinv and its weights, which are fetched by hand.
Images are [B,3,H,W] in [-1, 1] on the canvas of `physics.observation.observe`; RAM's own range is [0, 1].
"""

import pickle
from pathlib import Path

import torch
import torch.nn.functional as F
from deepinv import physics as linear
from deepinv.models import RAM

from ud2m.physics.observation import Observation
from ud2m.physics.operators import Blur, Downscale, Identity, Jpeg, Mask, Operator
from ud2m.physics.operators.jpeg import EIGHT_BIT_STEP

SOURCE = "https://huggingface.co/mterris/ram/resolve/main/ram.pth.tar"
OPTIONAL = {"fact_realign"}  # one scalar that is 1 unless weights say otherwise
NEIGHBOURS, SPREAD = 0.95, 0.4  # of the usual image: correlation of adjacent pixels, std in [-1, 1]


def load_ram(path: Path | None) -> RAM:
    """The network in float32 and eval mode; raises ValueError when the file is missing or holds another network."""
    if path is None or not path.is_file():
        raise ValueError(
            f"RAM's weights are not at {path}; download {SOURCE} and name the file with --ram-weights."
        )
    other = f"{path} does not hold the weights of this RAM; download {SOURCE} again."
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as reason:
        raise ValueError(other) from reason
    net = RAM(pretrained=False, device="cpu")  # True would download
    own = net.state_dict()
    # Keys that the network lacks change nothing; what it would be left without does.
    if (
        not isinstance(weights, dict)
        or not set(own) - OPTIONAL <= set(weights)
        or any(weights[k].shape != v.shape for k, v in own.items() if k in weights)
    ):
        raise ValueError(other)
    net.load_state_dict({k: weights[k] for k in own if k in weights}, strict=False)
    return net.eval().requires_grad_(False)


def physics_of(operator: Operator, c: Observation, sigma: float) -> linear.LinearPhysics:
    """deepinv's physics of an operator on the canvas of `c`, with Gaussian noise of std `sigma`; ValueError for an unknown kind.

    JPEG is not linear and gets the physics of noise alone (see `rounding`).
    """
    shape, noise = tuple(c.z0.shape[1:]), linear.GaussianNoise(sigma)
    if isinstance(operator, Blur):
        otf, _ = c.physics  # as circular: y is smooth across the wrap
        psf = torch.fft.ifft2(
            torch.complex(otf[0], otf[1])
        ).real  # centred at pixel 0; deepinv wants the middle
        return linear.BlurFFT(shape, filter=torch.fft.fftshift(psf)[None, None], noise_model=noise)
    if isinstance(operator, Mask):
        return linear.Inpainting(shape, mask=c.physics[0], noise_model=noise)
    if isinstance(operator, Downscale):
        # deepinv looks at pixel 0 of each block through a flipped window of odd size; ours is centred on the block.
        before = operator.scale - 1
        window = F.pad(c.physics[0], (before, 0, before, 0)).flip(0, 1)[None, None]
        return linear.Downsampling(
            shape, filter=window, factor=operator.scale, padding="circular", noise_model=noise
        )
    if isinstance(operator, Identity | Jpeg):
        return linear.Denoising(noise)
    raise ValueError(
        f"RAM has no physics for {type(operator).__name__}; add it to ud2m/evaluation/ram.py."
    )


def rounding(quant_luma: torch.Tensor) -> float:
    """Std in [-1, 1] of the noise that JPEG stands for, from its luma steps [8,8] in code values.

    RAM knows no rounding, only noise. A coefficient errs by step²/12, but by no more than its own variance once it is rounded
    to zero; variances are those of a first-order Markov image. In code values that is 12.2, 8.1 and 3.9 at qualities 10, 30 and
    75; the four photographs of scikit-image err by 9.6 … 12.7, 6.2 … 8.9 and 4.1 … 6.4 (colour included).
    """
    place = torch.arange(8)
    alike = NEIGHBOURS ** (place[:, None] - place).abs().float()
    basis = Jpeg().basis[:, 0]
    variance = SPREAD**2 * torch.einsum("nij,nkl,ik,jl->n", basis, basis, alike, alike)
    return float(
        torch.minimum((EIGHT_BIT_STEP * quant_luma).square().flatten() / 12, variance).mean().sqrt()
    )


@torch.no_grad()
def initial(
    model: RAM, operator: Operator, observation: Observation, sigma_y: float
) -> torch.Tensor:
    """z0 [B,3,H,W]: RAM's answer to the observation of `observation`, whose noise has std sigma_y in [-1, 1]."""
    y, noise = observation.y, sigma_y
    if isinstance(operator, Jpeg):
        white, noise = torch.ones_like(y), max(sigma_y, rounding(observation.physics[0]))
    else:
        whole = (
            (observation.physics[0], torch.ones_like(observation.physics[1]))
            if isinstance(operator, Blur)
            else observation.physics
        )
        white = operator.A(torch.ones_like(observation.z0), *whole)
    # A (x + 1)/2 = (y + A 1)/2: a missing pixel stays 0, and a kernel need not sum to 1.
    return 2 * model((y + white) / 2, physics_of(operator, observation, noise / 2)) - 1
