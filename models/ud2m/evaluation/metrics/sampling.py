"""Whether samples [M,3,H,W] are samples of the posterior of an image [3,H,W], both in [-1, 1].

For a perfect sampler the truth is one more sample, and every figure here has a value that is known;
`Spread` has the ratio of spread and error.
"""

import math
from itertools import combinations

import torch
from scipy import stats

from ud2m.evaluation.metrics.bands import grid, haar, laplacian, luma_chroma

CODES = 127.5  # code values of 8 bits in one unit of [-1, 1]
SHARES = (0.5, 0.9)  # of the central intervals
PATCH = 8  # pixels of the energy score's patches
ROUNDING = 1 / (12 * CODES**2)  # variance that rounding to 8 bits leaves in a plane


def figures(samples: torch.Tensor, truth: torch.Tensor, scale: int = 1) -> dict[str, float]:
    """All figures of one image by name; scores are in code values.

    `…_mean` are those of the samples' mean as the only answer. scale: of the observation.
    """
    mean = samples.mean(0)
    out = {"inside": inside(samples, truth)}
    for name, score in (("crps", crps), ("energy", energy_score)):
        out[name] = CODES * score(samples, truth)
        out[f"{name}_mean"] = CODES * score(mean[None], truth)
    out |= _coverages(samples, truth) | _powers(samples, mean, truth)
    if scale > 1:
        out["grid"] = float(grid(samples, scale).mean() - grid(truth, scale))
    return out


def crps(samples: torch.Tensor, truth: torch.Tensor) -> float:
    """Continuous ranked probability score of [M,...], mean over the values of [...].

    E|X - x| - 1/2 E|X - X'| without bias in M; for a single sample the absolute error.
    """
    count, error = len(samples), (samples - truth).abs().mean()
    if count == 1:
        return float(error)
    # Of sorted samples the i-th, from 0, is the larger of i pairs and the smaller of the others.
    rank = 2 * torch.arange(count, dtype=samples.dtype) - (count - 1)
    pairs = torch.tensordot(rank, samples.sort(0).values, 1).mean()
    return float(error - pairs / (count * (count - 1)))


def energy_score(samples: torch.Tensor, truth: torch.Tensor) -> float:
    """The same of patches of 8×8 pixels and all channels, by the root mean square of a patch."""
    each, true = _patches(samples), _patches(truth)
    count, size = len(samples), math.sqrt(true.shape[-1])
    error = (each - true).norm(dim=-1).mean()
    if count == 1:
        return float(error) / size
    pairs = [(a - b).norm(dim=-1).mean() for a, b in combinations(each, 2)]
    return float(error - torch.stack(pairs).sum() / (count * (count - 1))) / size


def _patches(x: torch.Tensor) -> torch.Tensor:
    """[...,3,H,W] -> [...,n,192]; what is left over at the lower and right edge is cut."""
    h, w = (n // PATCH for n in x.shape[-2:])
    x = x[..., : h * PATCH, : w * PATCH].unflatten(-2, (h, PATCH)).unflatten(-1, (w, PATCH))
    return x.movedim((-4, -2), (-5, -4)).flatten(-3).flatten(-3, -2)


def inside(samples: torch.Tensor, truth: torch.Tensor) -> float:
    """Share of the values whose truth lies within the range of the samples; (M - 1)/(M + 1).

    Within means not on it: equal samples hold nothing.
    """
    low, high = samples.amin(0), samples.amax(0)
    return float(((low < truth) & (truth < high)).double().mean())


def coverage(samples: torch.Tensor, truth: torch.Tensor, share: float) -> float:
    """How often the central interval of `share` of [M,...] holds the truth [...]; share is right.

    The interval is that of a Gaussian of which M draws are known, by Student's t, since M samples
    have no quantiles further out than their own.
    """
    count = len(samples)
    reach = float(stats.t.ppf((1 + share) / 2, count - 1)) * math.sqrt(1 + 1 / count)
    away = (truth - samples.mean(0)).abs()
    return float((away < reach * samples.std(0)).double().mean())


def _coverages(samples: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """`cover50_luma_1` …: by wavelet band, the finest is 1."""
    out, parts = {}, zip(luma_chroma(samples), luma_chroma(truth), strict=True)
    for colour, (each, true) in zip(("luma", "chroma"), parts, strict=True):
        for i, (a, b) in enumerate(zip(haar(each), haar(true), strict=True), 1):
            for share in SHARES:
                out[f"cover{share * 100:.0f}_{colour}_{i}"] = coverage(a, b, share)
    return out


def _powers(samples: torch.Tensor, mean: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """`power_luma_1` …: of a sample over that of the truth, by Laplacian band, the finest is 1.

    Rounding to 8 bits is added to both, so that a picture without colour has a ratio too.
    """
    out = {}
    parts = zip(luma_chroma(samples), luma_chroma(mean), luma_chroma(truth), strict=True)
    for colour, three in zip(("luma", "chroma"), parts, strict=True):
        bands = zip(*map(laplacian, three), strict=True)
        for i, (each, one, true) in enumerate(bands, 1):
            whole = _power(true)
            out[f"power_{colour}_{i}"] = float((_power(each) / whole).mean())
            out[f"power_mean_{colour}_{i}"] = float(_power(one) / whole)
    return out


def _power(band: torch.Tensor) -> torch.Tensor:
    """Variance over [...,C,H,W] of each image, as [...]."""
    return band.flatten(-3).var(-1, correction=0) + ROUNDING
