"""Other zero-shot samplers, to compare with: same denoiser, observation, canvas and physics.

Each is `restore(given, **settings) -> x0 [1,3,H,W]` on the observation's canvas, not clamped; the
caller crops. given: a `Restoration`; settings replace the tuned ones, ValueError for another name.
`NotDefined` says why a method has no answer.
"""

from collections.abc import Callable

from ud2m.evaluation.samplers.common import NotDefined, Restoration
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

__all__ = ["SAMPLERS", "NotDefined", "Restoration", "ddrm", "diffpir", "dpir", "dps", "latino"]
