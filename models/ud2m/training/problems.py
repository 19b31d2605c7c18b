"""Draws training problems: which degradation, how strong, and the observation, a family a batch, other physics in each image.

What a step gets here is what `physics.observation` gives it at run time: observations with true borders (cut from larger
images), mirrored onto a canvas or, as inside a tile, running to its edge; rounded to 8 bits. Operators are applied
here with their own draws (deepinv's division: generators draw, operators apply).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from ud2m.physics.generators import degradations
from ud2m.physics.observation import crossfade, fill, pad
from ud2m.physics.operators import Blur, Downscale, Identity, Jpeg, Mask, Operator
from ud2m.physics.operators.downscale import antialias, gram
from ud2m.physics.operators.fft import otf
from ud2m.physics.operators.jpeg import quantisation

DEFAULT_SIGMA = 0.01  # of full scale: the element's default, and that of the paper's tables
Source = Callable[[int, int], torch.Tensor]  # (count, side) -> clean crops [count,3,side,side]


@dataclass
class Problem:
    """A batch of one family on a canvas of H × W. `inside` [1,1,H,W] is 1 where the answer counts."""

    family: str
    operator: Operator
    clean: torch.Tensor
    y: torch.Tensor
    z0: torch.Tensor
    physics: tuple[torch.Tensor, ...]
    sigma_y: torch.Tensor  # [B], of [-1, 1]
    inside: torch.Tensor
    hardness: list[int] = field(
        default_factory=list
    )  # coarse class of each image's degradation, for the balance of the loss

    def to(self, device: torch.device | str) -> "Problem":
        """On `device`; from pinned memory the copy does not wait."""
        return self._each(lambda v: v.to(device, non_blocking=True), self.operator.to(device))

    def pin_memory(self) -> "Problem":
        """In pages that a GPU can copy from by itself."""
        return self._each(
            lambda v: v.contiguous().pin_memory(), self.operator
        )  # expanded ones cannot be pinned

    def _each(
        self, change: Callable[[torch.Tensor], torch.Tensor], operator: Operator
    ) -> "Problem":
        tensors = {n: change(getattr(self, n)) for n in ("clean", "y", "z0", "sigma_y", "inside")}
        return Problem(
            self.family,
            operator,
            physics=tuple(map(change, self.physics)),
            hardness=self.hardness,
            **tensors,
        )


def draw_sigma(
    count: int, rng: np.random.Generator, low: float, high: float, usual: float = 0.4
) -> np.ndarray:
    """[count] noise of full scale 1: a share `usual` at the default, the rest log-uniform."""
    return np.where(
        rng.random(count) < usual,
        DEFAULT_SIGMA,
        np.exp(rng.uniform(np.log(low), np.log(high), count)),
    )


def noisy(x: torch.Tensor, sigma: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """x with noise of std sigma [B], rounded and clipped to 8 bits."""
    n = torch.from_numpy(rng.standard_normal(x.shape, np.float32))
    y = x + torch.from_numpy(2 * sigma.astype(np.float32))[:, None, None, None] * n
    return ((127.5 * (y + 1)).round().clamp(0, 255)) / 127.5 - 1


def _inside(height: int, width: int, border: int) -> torch.Tensor:
    m = torch.zeros(1, 1, height, width)
    m[..., border : height - border, border : width - border] = 1
    return m


def _bins(values: np.ndarray, edges: tuple[float, ...]) -> list[int]:
    return np.digitize(values, edges).tolist()


def _std(sigma: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(2 * sigma).float()


def blur(
    source: Source, count: int, side: int, rng: np.random.Generator, draw_kernel: Callable
) -> Problem:
    """Convolution with another kernel in each image; a third of the batches are whole frames with borders.

    Half as many images of 1.5 times the side: what a sharp inverse makes of an edge rings far into a small crop.
    """
    count, side = max(1, count // 2), -(-side * 3 // 2 // 16) * 16
    psfs = [draw_kernel(rng) for _ in range(count)]
    radius = max(k.shape[0] for k in psfs) // 2
    margin = max(16, 2 * radius + 8)
    whole = rng.random() < 1 / 3
    if whole:  # a canvas with room for the margins
        side = -(-max(side + 32, 2 * margin + 48) // 16) * 16
    visible = side - 2 * margin if whole else side
    big = source(count, visible + 2 * radius)
    spectra = torch.stack([otf(torch.from_numpy(k.copy()), *big.shape[-2:]) for k in psfs])
    blurred = torch.fft.irfft2(
        torch.fft.rfft2(big)
        * torch.complex(*spectra[:, None].unbind(2))[..., : big.shape[-1] // 2 + 1],
        big.shape[-2:],
    )
    cut = slice(radius, radius + visible)
    sigma = draw_sigma(count, rng, 0.002, 0.1)
    y, clean = noisy(blurred[..., cut, cut], sigma, rng), big[..., cut, cut]
    band = min(margin, side // 8)
    if whole:
        y, clean = (pad(v, margin, margin, side, side, False) for v in (y, clean))
    transfer = torch.stack([otf(torch.from_numpy(k.copy()), side, side) for k in psfs])[:, None]
    widths = np.array([(k**2).sum() for k in psfs])
    hardness = [3 * a + b for a, b in zip(_bins(sigma, (0.006, 0.03)), _bins(widths, (0.01, 0.04)))]
    mask = _inside(side, side, margin if whole else max(band, radius)).expand(
        count, -1, -1, -1
    )  # inside a tile the blur does not wrap either
    inside = _inside(side, side, margin if whole else side // 6)
    return Problem(
        "blur",
        Blur(),
        clean,
        crossfade(y, band),
        y,
        (transfer, mask),
        _std(sigma),
        inside,
        hardness,
    )


MASKS = (0.6, 0.25, 0.15)  # how often a mask is random pixels, a box, strokes


def mask(
    source: Source,
    count: int,
    side: int,
    rng: np.random.Generator,
    shares: tuple[float, float, float] = MASKS,
) -> Problem:
    """Random pixels at any rate, boxes, strokes."""
    clean, kinds = source(count, side), rng.choice(3, count, p=shares)
    masks = []
    for kind in kinds:
        if kind == 0:
            masks.append(
                degradations.random_mask(
                    side,
                    side,
                    rng.uniform(0.1, 0.6) if rng.random() < 0.8 else rng.uniform(0.6, 0.95),
                    rng,
                )
            )
        elif kind == 1:
            m, (h, w) = np.ones((side, side)), rng.integers(side // 12, side * 2 // 3, 2)
            top, left = rng.integers(0, side - h), rng.integers(0, side - w)
            m[top : top + h, left : left + w] = 0
            masks.append(m)
        else:
            masks.append(degradations.strokes_mask(side, side, rng))
    m = torch.from_numpy(np.stack(masks)).float()[:, None]
    sigma = draw_sigma(count, rng, 0.002, 0.2)
    y = noisy(clean, sigma, rng) * m
    kept = m.mean((1, 2, 3)).numpy()
    hardness = [
        10 * k + b + 4 * (s > 0.03)
        for k, b, s in zip(kinds.tolist(), _bins(kept, (0.25, 0.45, 0.9)), sigma)
    ]
    return Problem(
        "mask", Mask(), clean, y, fill(y, m), (m,), _std(sigma), _inside(side, side, 0), hardness
    )


def denoise(source: Source, count: int, side: int, rng: np.random.Generator) -> Problem:
    """Noise alone, clipped as cameras clip."""
    clean, sigma = source(count, side), draw_sigma(count, rng, 0.01, 0.3, 0.0)
    y = noisy(clean, sigma, rng)
    return Problem(
        "denoise",
        Identity(),
        clean,
        y,
        y,
        (),
        _std(sigma),
        _inside(side, side, 0),
        _bins(sigma, (0.03, 0.06, 0.12, 0.2)),
    )


def downscale(
    source: Source, count: int, side: int, rng: np.random.Generator, scale: int
) -> Problem:
    """Downscaling by bicubic or another antialias kernel, one a batch; a quarter of the batches are whole frames.

    Large scales: half as many images of 1.5 times the side, or most of the small image would be next to its edge.
    """
    kernel = antialias(
        scale,
        "bicubic"
        if rng.random() < 0.7
        else str(rng.choice(["box", "triangle", "gaussian", "lanczos2"])),
    )
    whole, margin, step = rng.random() < 0.25, 8 * scale, 48 if scale == 3 else 16
    if scale > 2:
        count, side = max(1, count // 2), -(-side * 3 // 2 // step) * step
    if whole:
        side = -(-(2 * margin + 64) // step) * step
    visible, reach = side - 2 * margin if whole else side, (kernel.shape[-1] - scale) // 2
    big = source(count, visible + 2 * reach)
    small = F.conv2d(big.reshape(-1, 1, *big.shape[-2:]), kernel[None, None], stride=scale).reshape(
        count, 3, visible // scale, visible // scale
    )
    sigma = draw_sigma(count, rng, 0.002, 0.1, 0.6)
    y, clean = (
        noisy(small.clamp(-1, 1), sigma, rng),
        big[..., reach : reach + visible, reach : reach + visible],
    )
    if whole:
        y = pad(y, margin // scale, margin // scale, side // scale, side // scale, True)
        clean = pad(clean, margin, margin, side, side, True)
    z0 = F.interpolate(y, scale_factor=scale, mode="bicubic", align_corners=False, antialias=True)
    physics = (kernel, gram(kernel, scale, side // scale, side // scale))
    inside = _inside(side, side, margin if whole else 2 * scale)
    return Problem(
        f"downscale{scale}",
        Downscale(scale),
        clean,
        crossfade(y, 2),
        z0,
        physics,
        _std(sigma),
        inside,
        _bins(sigma, (0.006, 0.03)),
    )


JPEGS = (
    ("4:2:0", False, 0.42),
    ("4:2:0", True, 0.3),
    ("4:2:2", True, 0.13),
    ("4:4:4", True, 0.15),
)  # chroma, planes as decoded, how often


def jpeg(source: Source, count: int, side: int, rng: np.random.Generator) -> Problem:
    """Quality five to ninety-five, low ones more often; from a decoder that interpolates chroma, or its planes as they are."""
    clean, (subsampling, planes, _) = (
        source(count, side),
        JPEGS[rng.choice(len(JPEGS), p=[share for *_, share in JPEGS])],
    )
    quality = np.clip(np.exp(rng.normal(np.log(22), 0.75, count)), 5, 95).astype(int)
    operator = Jpeg(subsampling)
    tables = tuple(torch.stack(t) for t in zip(*(quantisation(int(q)) for q in quality)))
    if planes:
        with torch.autocast("cpu", enabled=False):  # in half precision the codes would be others
            y = operator.decoded(clean, *tables)
    else:
        y = torch.stack(
            [degradations.jpeg(x, int(q), subsampling)[0] for x, q in zip(clean, quality)]
        )
    sigma = np.full(count, DEFAULT_SIGMA)
    if not planes and rng.random() < 0.25:
        sigma = draw_sigma(count, rng, 0.003, 0.05, 0.0)
        y = noisy(y, sigma, rng)
    return Problem(
        "jpeg",
        operator,
        clean,
        y,
        y,
        tables,
        _std(sigma),
        _inside(side, side, 0),
        _bins(quality, (9, 15, 30, 60)),
    )


WEIGHTS = {
    "blur": 0.26,
    "mask": 0.2,
    "denoise": 0.15,
    "downscale2": 0.06,
    "downscale3": 0.06,
    "downscale4": 0.13,
    "jpeg": 0.14,
}


def largest_crop(side: int) -> int:
    """Pixels a side of the largest piece that a problem of about `side` is cut from: blurs, with what their kernels reach."""
    return max(side * 3 // 2 + 32, 128)


def draw(
    family: str,
    source: Source,
    count: int,
    side: int,
    rng: np.random.Generator,
    draw_kernel: Callable,
    masks: tuple[float, float, float] = MASKS,
) -> Problem:
    """A batch of `family` (as in `physics.observation.FAMILIES`), about `count` images of about `side` (a multiple of 48)."""
    if family == "blur":
        return blur(source, count, side, rng, draw_kernel)
    if family.startswith("downscale"):
        return downscale(source, count, side, rng, int(family[-1]))
    if family == "mask":
        return mask(source, count, side, rng, masks)
    return {"denoise": denoise, "jpeg": jpeg}[family](source, count, side, rng)
