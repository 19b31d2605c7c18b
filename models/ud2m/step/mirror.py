"""The image mirrored, each level of the outer sampler in its own way."""

from collections.abc import Callable

import torch
import torch.nn.functional as F


class Mirror:
    """Mirrors images as the levels t [B] or [1] have it; its own inverse.

    Above 700 not at all, to 401 left-right, to 201 both ways, below up-down.
    """

    def __init__(self, t: torch.Tensor):
        self.across, self.down = (t <= 700) & (t > 200), t <= 400
        # Which of the four it is: 0 upright, 1 left-right, 2 both, 3 up-down.
        self.way = sum((t <= level).long() for level in (700, 400, 200))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The images x [B,C,H,W]."""
        return self._each(x, _backwards)

    def spectrum(self, f: torch.Tensor) -> torch.Tensor:
        """The transform of mirrored kernels, [B or 1,1,2,H,W], from [2,H,W] or [B,1,2,H,W]."""
        return self._each(f.reshape(-1, 1, *f.shape[-3:]), _negative)

    def _each(self, x: torch.Tensor, order: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """x with its rows and columns in the order of 0, 1 … n - 1 that they have if mirrored."""
        for axis, flag, ways in ((-2, self.down, (2, 3)), (-1, self.across, (1, 2))):
            i = torch.arange(x.shape[axis], device=x.device)
            turned = order(i)
            if torch.compiler.is_exporting():  # one level for all: no image is chosen, but an order
                orders = torch.stack([turned if way in ways else i for way in range(4)])
                x = x.index_select(axis, F.embedding(self.way[0], orders))
            else:
                chosen = flag.reshape(-1, *(1,) * (x.dim() - 1))
                x = torch.where(chosen, x.index_select(axis, turned), x)
        return x


def _backwards(i: torch.Tensor) -> torch.Tensor:
    """n - 1 … 0 for i = 0 … n - 1."""
    return i[-1:] - i


def _negative(i: torch.Tensor) -> torch.Tensor:
    """-i modulo n for i = 0 … n - 1."""
    return torch.where(i > 0, i[-1:] + 1 - i, 0)
