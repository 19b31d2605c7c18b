"""Published diffusion models as denoisers: guided-diffusion (ADM, FFHQ-10m) and pytorch_diffusion (LSUN).

Stands on `diffusion` and `lora` only; an `ImportedDenoiser` goes wherever a `Denoiser` goes: unfolding, export, the element.
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
