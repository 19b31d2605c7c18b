"""What all families of training problems share: the batch itself, and how noise is drawn."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ud2m.physics.operators import Operator

DEFAULT_SIGMA = 0.01  # of full scale: the element's default, and that of the paper's tables
MASKS = (0.6, 0.25, 0.15)  # how often a mask is random pixels, a box, strokes
Source = Callable[[int, int], torch.Tensor]  # (count, side) -> clean crops [count,3,side,side]


@dataclass(frozen=True)
class Choices:
    """What a training chooses of the degradations that it draws."""

    kernel: Callable[[np.random.Generator], np.ndarray]  # draws a blur kernel [n,n]
    masks: tuple[float, float, float] = MASKS
    real_noise: bool = False  # denoise: the noise of real footage, with its model


@dataclass
class Problem:
    """A batch of one family on a canvas of H × W; images are in [-1, 1]."""

    family: str
    operator: Operator
    clean: torch.Tensor  # [B,3,H,W]
    y: torch.Tensor  # [B,3,H/s,W/s]
    z0: torch.Tensor  # [B,3,H,W] initial estimate
    physics: tuple[torch.Tensor, ...]  # of the operator, in the order of its `inputs`
    sigma_y: torch.Tensor  # [B] noise std of y
    inside: torch.Tensor  # [1,1,H,W] 1 where the answer counts
    hardness: list[int] = field(
        default_factory=list
    )  # [B] coarse class of each degradation, for the balance of the loss
    noise: tuple[torch.Tensor, ...] = ()  # of noise_model.INPUTS; none where the noise is white

    def tensors(self, noise_model: bool) -> tuple[torch.Tensor, ...]:
        """Of the noise, for a step that takes its model, and of the operator."""
        return (*self.noise, *self.physics) if noise_model else self.physics

    @classmethod
    def drawn(
        cls,
        operator: Operator,
        clean: torch.Tensor,
        y: torch.Tensor,
        z0: torch.Tensor,
        physics: tuple[torch.Tensor, ...],
        sigma: np.ndarray,
        hardness: list[int],
        border: int = 0,
    ) -> "Problem":
        """A problem of square images. sigma [B] is of full scale; `border` pixels do not count."""
        std, inside = torch.from_numpy(2 * sigma).float(), inset(clean.shape[-1], border)
        return cls(operator.family, operator, clean, y, z0, physics, std, inside, hardness)

    def first(self, count: int) -> "Problem":
        """The first `count` images of the batch, or all where it has fewer."""
        batch = len(self.clean)
        physics = tuple(  # the kernel of a reduction, a matrix, is one for all
            v[:count] if v.dim() > 2 and len(v) == batch else v for v in self.physics
        )
        each = {n: getattr(self, n)[:count] for n in ("clean", "y", "z0", "sigma_y", "hardness")}
        noise = tuple(v[:count] for v in self.noise)
        return replace(self, physics=physics, noise=noise, **each)

    def to(self, device: torch.device | str) -> "Problem":
        """On `device`; from pinned memory the copy does not wait."""
        return self._each(lambda v: v.to(device, non_blocking=True), self.operator.to(device))

    def pin_memory(self) -> "Problem":
        """In pages that a GPU can copy from by itself."""
        # Expanded tensors cannot be pinned.
        return self._each(lambda v: v.contiguous().pin_memory(), self.operator)

    def _each(
        self, change: Callable[[torch.Tensor], torch.Tensor], operator: Operator
    ) -> "Problem":
        names = ("clean", "y", "z0", "sigma_y", "inside")
        tensors = {name: change(getattr(self, name)) for name in names}
        for name in ("physics", "noise"):
            tensors[name] = tuple(map(change, getattr(self, name)))
        return Problem(self.family, operator, hardness=self.hardness, **tensors)


def draw_sigma(
    count: int, rng: np.random.Generator, low: float, high: float, usual: float = 0.4
) -> np.ndarray:
    """[count] noise std of full scale 1: a share `usual` at the default, the rest log-uniform from
    `low` to `high`.
    """
    default = rng.random(count) < usual
    return np.where(default, DEFAULT_SIGMA, np.exp(rng.uniform(np.log(low), np.log(high), count)))


def noisy(x: torch.Tensor, sigma: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """x [B,3,H,W] with noise of std sigma [B] of full scale 1, rounded and clipped to 8 bits."""
    n = torch.from_numpy(rng.standard_normal(x.shape, np.float32))
    y = x + torch.from_numpy(2 * sigma.astype(np.float32))[:, None, None, None] * n
    return ((127.5 * (y + 1)).round().clamp(0, 255)) / 127.5 - 1


def inset(side: int, border: int = 0) -> torch.Tensor:
    """[1,1,side,side] 1 but for `border` pixels at each edge."""
    m = torch.zeros(1, 1, side, side)
    m[..., border : side - border, border : side - border] = 1
    return m


def bins(values: np.ndarray, edges: tuple[float, ...]) -> list[int]:
    """Which of the intervals between `edges` each value lies in."""
    return np.digitize(values, edges).tolist()
