"""Other zero-shot samplers, to compare with: same denoiser, observation, canvas and physics.

Each is `restore(denoiser, operator, observation, sigma_y, generator, **settings) -> x0 [1,3,H,W]`
on the observation's canvas, not clamped; the caller crops. denoiser(x, sigma) is the undistilled
network; sigma_y the noise std of y in [-1, 1]; settings replace the tuned ones. One generator state
gives one sample. `NotDefined` says why a method has no answer.
"""

from collections.abc import Callable

from ud2m.evaluation.samplers.common import NotDefined
from ud2m.evaluation.samplers.ddrm import ddrm
from ud2m.evaluation.samplers.diffpir import diffpir
from ud2m.evaluation.samplers.dps import dps
from ud2m.evaluation.samplers.splitting import dpir, latino

SAMPLERS: dict[str, Callable] = {
    "dps": dps,
    "diffpir": diffpir,
    "ddrm": ddrm,
    "dpir": dpir,
    "latino": latino,
}

__all__ = ["SAMPLERS", "NotDefined", "ddrm", "diffpir", "dpir", "dps", "latino"]
