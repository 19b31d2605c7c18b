"""Published diffusion models as denoisers: guided-diffusion (ADM, FFHQ-10m), pytorch_diffusion.

An `ImportedDenoiser` goes wherever a `Denoiser` goes: the unfolded step, export, the element. The
package stands on the noise schedule and on adapters only.
"""

from ud2m.nn.imported.adapter import merge_adapter, save_adapter
from ud2m.nn.imported.adm import AdmConfig, AdmUNet
from ud2m.nn.imported.checkpoint import from_tensors, read_checkpoint
from ud2m.nn.imported.ddpm import DdpmConfig, DdpmUNet
from ud2m.nn.imported.denoiser import ImportedDenoiser, adapt

__all__ = [
    "AdmConfig",
    "AdmUNet",
    "DdpmConfig",
    "DdpmUNet",
    "ImportedDenoiser",
    "adapt",
    "from_tensors",
    "merge_adapter",
    "read_checkpoint",
    "save_adapter",
]
