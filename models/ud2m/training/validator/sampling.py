"""Are the samples of a step in training samples? A few cheap numbers on held-out problems.

One outer step, a few samples of a few images of each problem: they show the way that a training
takes, and replace no evaluation.
"""

import math

import torch

from ud2m.step.model import UnfoldedModel
from ud2m.training.distillation import sampled, squared_error
from ud2m.training.distillation.perceptual import cut, frame_of
from ud2m.training.losses.energy import bands, luma_and_chroma
from ud2m.training.problems import Problem

SAMPLES, IMAGES, SEED = 4, 4, 6
FIRST_LEVEL = 999


@torch.no_grad()
def sampling_scores(net: UnfoldedModel, problem: Problem) -> dict[str, float]:
    """Means over images, by name; `grid` for reduced images alone.

    psnr_sample, psnr_mean: dB, of one sample and of the mean of SAMPLES; 3.01 dB less
    10 log10(1 + 1/SAMPLES) lie between those of a perfect sampler. spread_error: std of the
    samples over the RMS error of their mean; 1 is right. power_luma, power_chroma: of the two
    finest bands of a sample, over that of the truth; 1 is right. grid: how unequal the power of
    the finest luma band is over the s×s phases of the reduction (std over mean), less that of the
    truth; 0 is right.
    """
    problem = problem.first(IMAGES)
    generator = torch.Generator().manual_seed(SEED)
    samples = [sampled(net, problem, FIRST_LEVEL, generator) for _ in range(SAMPLES)]
    frame = frame_of(problem.inside)
    every = torch.stack([cut(x.float().clamp(-1, 1), frame) for x in samples])
    truth, mean = cut(problem.clean, frame), every.mean(0)
    error = (mean - truth).square().mean()
    spread = (SAMPLES + 1) / SAMPLES * every.var(0).mean()
    power = [_power(x) for x in (every[0], truth)]
    ratios = [float((a / b.clamp_min(1e-9)).mean()) for a, b in zip(*power, strict=True)]
    out = {
        "psnr_sample": _psnr(samples[0].clamp(-1, 1), problem),
        "psnr_mean": _psnr(torch.stack(samples).mean(0).clamp(-1, 1), problem),
        "spread_error": math.sqrt(float(spread / error)),
        "power_luma": ratios[0],
        "power_chroma": ratios[1],
    }
    if problem.operator.scale > 1:
        uneven = [_phases(x, problem.operator.scale) for x in (every[0], truth)]
        out["grid"] = float((uneven[0] - uneven[1]).mean())
    return {name: round(value, 3) for name, value in out.items()}


def _psnr(x: torch.Tensor, problem: Problem) -> float:
    return float((-10 * (squared_error(x, problem) / 4).log10()).mean())


def _power(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """[B] of luma and of chroma: mean square of the two finest bands of x [B,3,H,W], summed."""
    luma, chroma = (
        torch.stack([b.square().mean((1, 2, 3)) for b in bands(plane, 2)]).sum(0)
        for plane in luma_and_chroma(x)
    )
    return luma, chroma


def _phases(x: torch.Tensor, scale: int) -> torch.Tensor:
    """[B] std over mean of the power of the finest luma band in the scale×scale phases."""
    band = bands(luma_and_chroma(x)[0], 1)[0][:, 0]
    rows, columns = (side // scale * scale for side in band.shape[-2:])
    band = band[:, :rows, :columns]
    cells = band.reshape(len(band), rows // scale, scale, columns // scale, scale)
    power = cells.square().mean((1, 3)).flatten(1)
    return power.std(1, unbiased=False) / power.mean(1).clamp_min(1e-9)
