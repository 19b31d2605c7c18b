"""DDRM (Kawar et al. 2022, arXiv 2201.11793, eqs. 4-8): 20 steps in the singular basis of A.

Each coefficient there has its own noise. Own code: deepinv 0.5.0's `DDRM` has no singular basis for
reduction and halves the variance of its noise. Defined where the basis is in closed form:
denoising, masks, circular blur (Fourier; y is smooth across the wrap, and taken as observed all
over), reduction (aliased Fourier). JPEG rounds and has none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, singledispatch
from itertools import pairwise

import torch

from ud2m.diffusion.schedule import LEVELS, sigmas
from ud2m.evaluation.samplers.common import NotDefined, Restoration, denoise, normal
from ud2m.evaluation.samplers.settings import of
from ud2m.physics.operators import Blur, Downscale, Identity, Mask, Operator

EVALUATIONS = 20
GAIN_LEAST = 1e-4  # a singular value below this is nought


@dataclass
class Basis:
    """Coefficients of the row space of A, in which white noise stays white.

    What `back(to(x))` loses of x does not reach y.
    """

    to: Callable[[torch.Tensor], torch.Tensor]  # x [1,3,H,W] -> coefficients
    back: Callable[[torch.Tensor], torch.Tensor]  # the transpose
    gain: torch.Tensor  # singular values, broadcast over the coefficients
    target: torch.Tensor  # y in the same coefficients, divided by the gain


@singledispatch
def basis(operator: Operator, y: torch.Tensor, *physics: torch.Tensor) -> Basis:
    """Singular value decomposition of A; NotDefined where there is none."""
    raise NotDefined(
        f"DDRM is not defined for {operator.family}: the operator is not linear, it has no "
        "singular values."
    )


@basis.register
def _(operator: Identity, y: torch.Tensor) -> Basis:
    return Basis(_same, _same, torch.ones_like(y), y)


@basis.register
def _(operator: Mask, y: torch.Tensor, mask: torch.Tensor) -> Basis:
    return Basis(_same, _same, mask.expand_as(y), y)


@basis.register
def _(operator: Blur, y: torch.Tensor, otf: torch.Tensor, mask: torch.Tensor) -> Basis:
    shape = y.shape[-2:]
    h = torch.complex(*otf.unbind(-3))[..., : shape[1] // 2 + 1]
    gain = h.abs()
    # The phase of h goes to the left basis, so that the right one is the plain transform.
    target = _fft(y) * h.conj() / gain.square().clamp_min(GAIN_LEAST**2)
    return Basis(_fft, partial(_inverse_fft, shape=shape), _all_channels(gain), target)


@basis.register
def _(operator: Downscale, y: torch.Tensor, kernel: torch.Tensor, gram: torch.Tensor) -> Basis:
    gain = gram[..., : gram.shape[-1] // 2 + 1].clamp_min(GAIN_LEAST**2).sqrt()

    def to(x: torch.Tensor) -> torch.Tensor:
        return _fft(operator.A(x, kernel)) / gain

    def back(f: torch.Tensor) -> torch.Tensor:
        return operator.A_adjoint(_inverse_fft(f / gain, y.shape[-2:]), kernel)

    return Basis(to, back, _all_channels(gain), _fft(y) / gain)


def _same(x: torch.Tensor) -> torch.Tensor:
    return x


def _fft(x: torch.Tensor) -> torch.Tensor:
    return torch.fft.rfft2(x, norm="ortho")


def _inverse_fft(f: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    return torch.fft.irfft2(f, shape, norm="ortho")


def _all_channels(gain: torch.Tensor) -> torch.Tensor:
    return gain.expand(1, 3, *gain.shape[-2:])


@torch.no_grad()
def ddrm(given: Restoration, **settings: float) -> torch.Tensor:
    """A sample; see the package for the arguments.

    Settings: eta, the share of fresh noise in what the data do not fix; eta_b, how far coefficients
    less noisy than the level follow the data.
    """
    observation, sigma_y = given.observation, given.sigma_y
    chosen = of("ddrm", given.operator, settings)
    eta, eta_b = chosen["eta"], chosen["eta_b"]
    b = basis(given.operator, observation.y, *observation.physics)
    grid = list(range(0, LEVELS, LEVELS // EVALUATIONS))[::-1]
    level = [float(sigmas()[t]) for t in grid] + [0.0]
    level_of_data = sigma_y / b.gain.clamp_min(GAIN_LEAST)
    noise_to_gain = torch.where(b.gain > GAIN_LEAST, level_of_data, torch.inf)
    observed = noise_to_gain < torch.inf
    keep = (1 - eta**2) ** 0.5

    n = normal(observation.z0, given.generator)
    known = noise_to_gain < level[0]
    spread = (level[0] ** 2 - torch.where(known, noise_to_gain, 0.0).square()).sqrt()
    row = torch.where(known, b.target, torch.zeros(())) + spread * b.to(n)
    x = b.back(row) + level[0] * (n - b.back(b.to(n)))
    for now, after in pairwise(level):
        clean = denoise(given.denoiser, x, now)
        n = normal(x, given.generator)
        c, x_row, n_row = b.to(clean), b.to(x), b.to(n)
        hidden = c + keep * after / now * (x_row - c) + eta * after * n_row
        toward = keep * after / noise_to_gain.clamp_min(1e-12) * (b.target - c)
        noisy = c + toward + eta * after * n_row
        taken = eta_b * torch.where(after >= noise_to_gain, noise_to_gain, 0.0)
        left = (after**2 - taken.square()).clamp_min(0).sqrt()
        sure = (1 - eta_b) * c + eta_b * b.target + left * n_row
        row = torch.where(observed, torch.where(after < noise_to_gain, noisy, sure), hidden)
        # The null space of a reduction lies outside the coefficients: as what is not observed.
        whole = clean + keep * after / now * (x - clean) + eta * after * n
        x = b.back(row) + whole - b.back(b.to(whole))
    return x
