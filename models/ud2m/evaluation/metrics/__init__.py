"""How good a restoration is: image against truth, and samples against their spread."""

from ud2m.evaluation.metrics.image import Score, inner, lpips, psnr, residual_rms, ssim
from ud2m.evaluation.metrics.sampling import figures
from ud2m.evaluation.metrics.spread import Spread, spread_against_error

__all__ = [
    "Score",
    "Spread",
    "figures",
    "inner",
    "lpips",
    "psnr",
    "residual_rms",
    "spread_against_error",
    "ssim",
]
