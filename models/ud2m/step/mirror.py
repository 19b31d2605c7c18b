"""The image mirrored, each level of the outer sampler in its own way."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

WAYS = ((0, 0), (0, 1), (1, 1), (1, 0))  # whether up-down, whether left-right
FAR = 1 << 30  # px, beyond any side; exact in single precision


def _order(way: tuple[int, int]) -> list[int]:
    """`Mirror.order` in one of WAYS."""
    begin, end, step = ((0, -1), (FAR, -FAR), (1, -1))  # as they are, backwards
    return [part[mirrored] for part in (begin, end, step) for mirrored in way]


class Mirror:
    """Mirrors images as the levels t [B] or [1] have it; its own inverse.

    Above 700 not at all, to 401 left-right, to 201 both ways, below up-down.
    """

    def __init__(self, t: torch.Tensor):
        self.across, self.down = (t <= 700) & (t > 200), t <= 400
        self.way = sum((t <= level).long() for level in (700, 400, 200))  # of WAYS

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The images x [B,C,H,W]."""
        if not torch.compiler.is_exporting():
            return self._each(x, _backwards)
        # One level for all, and one node: an order of columns would be looked up pixel by pixel.
        return in_order(x, *self.order().split(2))

    def order(self) -> torch.Tensor:
        """Where rows and columns begin, where they end, and their steps, [6] whole numbers."""
        orders = torch.tensor([_order(way) for way in WAYS], device=self.way.device)
        return F.embedding(self.way[0], orders)

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


@torch.library.custom_op("ud2m::in_order", mutates_args=())
def in_order(
    x: torch.Tensor, begin: torch.Tensor, end: torch.Tensor, step: torch.Tensor
) -> torch.Tensor:
    """Rows and columns of x [B,C,H,W] in an order that a graph is told: its operator Slice.

    begin, end, step: [2] each, whole numbers. PyTorch's slices have no negative steps.
    """
    turned = [axis for axis, s in zip((-2, -1), step.tolist(), strict=True) if s < 0]
    return x.flip(turned)


@in_order.register_fake
def _(x: torch.Tensor, begin: torch.Tensor, end: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


def _backwards(i: torch.Tensor) -> torch.Tensor:
    """n - 1 … 0 for i = 0 … n - 1."""
    return i[-1:] - i


def _negative(i: torch.Tensor) -> torch.Tensor:
    """-i modulo n for i = 0 … n - 1."""
    return torch.where(i > 0, i[-1:] + 1 - i, 0)
