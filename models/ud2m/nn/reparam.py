"""3×3 convolutions of several branches in training that are one convolution at export.

Beside its own kernel a layer has a 1×1 branch, and one that widens by 1×1 before its 3×3 (in the
spirit of RepVGG, Ding et al. 2021, and ECBSR, Zhang et al. 2021). All are linear and none has a
bias of its own, so that their sum is one 3×3 kernel, at the borders too. It is formed before each
use, by PyTorch's parametrisation: training pays for one convolution, and `lora.merge` leaves one.
"""

import torch
from torch import nn
from torch.nn.utils import parametrize

WIDER = 2  # channels of the widening branch, over those of the layer's input


class Branches(nn.Module):
    """The kernel [O,I,3,3] plus those of the branches, which are zero at the start."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        outs, ins = weight.shape[:2]
        self.point = nn.Parameter(torch.zeros(outs, ins))
        self.widen = nn.Parameter(torch.randn(WIDER * ins, ins) * ins**-0.5)
        self.narrow = nn.Parameter(torch.zeros(outs, WIDER * ins, 3, 3))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        wide = torch.einsum("omhw,mi->oihw", self.narrow, self.widen)
        point = nn.functional.pad(self.point[:, :, None, None], (1, 1, 1, 1))
        return weight + point + wide


def attach(net: nn.Module) -> list[str]:
    """Gives the 3×3 convolutions of `net` branches, in place; returns the names of the layers.

    The answers stay as they are until the branches are trained.
    """
    names = [
        name
        for name, layer in net.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)
    ]
    for name in names:
        layer = net.get_submodule(name)
        parametrize.register_parametrization(layer, "weight", Branches(layer.weight))
    return names
