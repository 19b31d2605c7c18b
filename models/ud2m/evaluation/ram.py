"""The paper's own initial estimate f_psi, as an option of evaluation: RAM (Terris et al. 2025).

RAM restores y in one pass from y, the operator and the noise. In the paper it sees a second
observation too, the state x_t, as sqrt(abar_t) x plus noise. Here it answers once, before the first
outer step, and there x_t is pure noise: at level 999 sigma_t = 157 times an image of [-1, 1], which
says nothing beside y. So RAM(y) alone is right; each later step begins with the last estimate, as
without RAM.

Never exported: the element has the learned initial network of `nn.conditioning`. Needs deepinv and
its weights, which are fetched by hand. Images are [B,3,H,W] in [-1, 1] on the canvas of
`physics.observation.observe`; RAM's own range is [0, 1].
"""

import pickle
from functools import singledispatch
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
    """The network in float32 and eval mode; ValueError when the file is missing or another."""
    if path is None or not path.is_file():
        raise ValueError(
            f"RAM's weights are not at {path}; "
            f"download {SOURCE} and name the file with --ram-weights."
        )
    other = f"{path} does not hold the weights of this RAM; download {SOURCE} again."
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as reason:
        raise ValueError(other) from reason
    net = RAM(pretrained=False, device="cpu")  # True would download
    own = net.state_dict()
    # Keys that the network lacks change nothing; what it would be left without does.
    if not isinstance(weights, dict) or not set(own) - OPTIONAL <= set(weights):
        raise ValueError(other)
    if any(weights[k].shape != v.shape for k, v in own.items() if k in weights):
        raise ValueError(other)
    net.load_state_dict({k: weights[k] for k in own if k in weights}, strict=False)
    return net.eval().requires_grad_(False)


@singledispatch
def physics_of(operator: Operator, c: Observation, sigma: float) -> linear.LinearPhysics:
    """deepinv's physics of an operator on the canvas of `c`, with noise of std `sigma`.

    sigma is of full scale 1. JPEG is not linear and gets the physics of noise alone (see
    `rounding`). Raises ValueError for an operator that is not known.
    """
    name = type(operator).__name__
    raise ValueError(f"RAM has no physics for {name}; add it to ud2m/evaluation/ram.py.")


@physics_of.register(Identity)
@physics_of.register(Jpeg)
def _(operator: Operator, c: Observation, sigma: float) -> linear.LinearPhysics:
    return linear.Denoising(linear.GaussianNoise(sigma))


@physics_of.register
def _(operator: Mask, c: Observation, sigma: float) -> linear.LinearPhysics:
    return linear.Inpainting(_shape(c), mask=c.physics[0], noise_model=linear.GaussianNoise(sigma))


@physics_of.register
def _(operator: Blur, c: Observation, sigma: float) -> linear.LinearPhysics:
    otf, _ = c.physics  # as circular: y is smooth across the wrap
    psf = torch.fft.ifft2(torch.complex(otf[0], otf[1])).real  # centred at pixel 0
    window = torch.fft.fftshift(psf)[None, None]  # deepinv wants the middle
    return linear.BlurFFT(_shape(c), filter=window, noise_model=linear.GaussianNoise(sigma))


@physics_of.register
def _(operator: Downscale, c: Observation, sigma: float) -> linear.LinearPhysics:
    # deepinv looks at pixel 0 of each block through a flipped window; ours is centred on the block.
    before = operator.scale - 1
    window = F.pad(c.physics[0], (before, 0, before, 0)).flip(0, 1)[None, None]
    noise = linear.GaussianNoise(sigma)
    return linear.Downsampling(
        _shape(c), filter=window, factor=operator.scale, padding="circular", noise_model=noise
    )


def _shape(c: Observation) -> tuple[int, ...]:
    """[3,H,W] of the canvas."""
    return tuple(c.z0.shape[1:])


@singledispatch
def _of_white(operator: Operator, c: Observation) -> torch.Tensor:
    """A 1: what the operator makes of a white canvas, as RAM's physics have it."""
    return operator.A(torch.ones_like(c.z0), *c.physics)


@_of_white.register
def _(operator: Blur, c: Observation) -> torch.Tensor:
    otf, mask = c.physics
    return operator.A(torch.ones_like(c.z0), otf, torch.ones_like(mask))


@_of_white.register
def _(operator: Jpeg, c: Observation) -> torch.Tensor:
    return torch.ones_like(c.y)


def rounding(quant_luma: torch.Tensor) -> float:
    """Std in [-1, 1] of the noise that JPEG stands for, from its luma steps [8,8] in code values.

    RAM takes noise only, so rounding is given as noise. A coefficient errs by step²/12, but by no
    more than its own variance once it is rounded to zero; variances are those of a first-order
    Markov image. In code values that is 12.2, 8.1 and 3.9 at qualities 10, 30 and 75; the four
    photographs of scikit-image err by 9.6 … 12.7, 6.2 … 8.9 and 4.1 … 6.4 (colour included).
    """
    place = torch.arange(8)
    alike = NEIGHBOURS ** (place[:, None] - place).abs().float()
    basis = Jpeg().basis[:, 0]
    variance = SPREAD**2 * torch.einsum("nij,nkl,ik,jl->n", basis, basis, alike, alike)
    of_steps = (EIGHT_BIT_STEP * quant_luma).square().flatten() / 12
    return float(torch.minimum(of_steps, variance).mean().sqrt())


@torch.no_grad()
def initial(
    model: RAM, operator: Operator, observation: Observation, sigma_y: float
) -> torch.Tensor:
    """z0 [B,3,H,W]: RAM's answer to an observation whose noise has std sigma_y in [-1, 1]."""
    y, noise = observation.y, sigma_y
    if isinstance(operator, Jpeg):
        noise = max(sigma_y, rounding(observation.physics[0]))
    # A (x + 1)/2 = (y + A 1)/2: a missing pixel stays 0, and a kernel need not sum to 1.
    y = (y + _of_white(operator, observation)) / 2
    return 2 * model(y, physics_of(operator, observation, noise / 2)) - 1
