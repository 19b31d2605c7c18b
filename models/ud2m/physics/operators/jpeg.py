"""JPEG: the quantised DCT of blocks of Y, Cb and Cr.

Luma has its full size, chroma too (4:4:4) or is averaged over 2×2 (4:2:0) or 1×2 pixels (4:2:2).
The observation is the decoded image. Each coefficient of the original lay within half a step of the
decoded one; the proximal step takes that as Gaussian noise of variance step²/12 and then stays
within the cell. It works on Y, Cb, Cr in their own metric, in which the transform to RGB is left
out of account.
"""

import math

import torch
import torch.nn.functional as F

from ud2m.physics.canvas import Border
from ud2m.physics.operators.base import Operator

# ITU-T T.81, Annex K: the tables that the IJG quality scales.
LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
) + ((99,) * 8,) * 4
EIGHT_BIT_STEP = 2 / 255  # one 8-bit code value in [-1, 1]
# Pixels to a chroma sample, down and across.
FACTORS = {"4:2:0": (2, 2), "4:2:2": (1, 2), "4:4:4": (1, 1)}
TO_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)
TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))


def quantisation(quality: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Luma and chroma steps [8,8] in code values for an IJG quality of 1 … 100, else ValueError."""
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG quality is {quality}; choose 1 to 100.")
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (
        ((torch.tensor(table) * scale + 50) // 100).clamp(1, 255).float()
        for table in (LUMA, CHROMA)
    )
    return luma, chroma


def _dct_basis() -> torch.Tensor:
    """[64,1,8,8] orthonormal DCT-II patterns, vertical frequency major."""
    n, k = torch.arange(8, dtype=torch.float64), torch.arange(8, dtype=torch.float64)[:, None]
    rows = torch.cos(math.pi * (2 * n + 1) * k / 16) * torch.where(k == 0, math.sqrt(1 / 8), 0.5)
    return torch.einsum("ui,vj->uvij", rows, rows).reshape(64, 1, 8, 8).float()


def _pair(value: torch.Tensor) -> torch.Tensor:
    """[B,1,1,1] for the 2B chroma planes; one value for all stays one."""
    return value if value.shape[0] == 1 else value.repeat_interleave(2, 0)


class Jpeg(Operator):
    """Compression with the quantisation steps `quant_luma`, `quant_chroma` [8,8], in code values.

    Sides are multiples of `multiple`, on the encoder's block grid. subsampling: a key of `FACTORS`.
    parameters: `quality`, 1 … 100.
    """

    kind = family = "jpeg"
    inputs = ("quant_luma", "quant_chroma")
    border = Border.SYMMETRIC
    acts_on_channels_alike = False

    def __init__(self, subsampling: str = "4:2:0"):
        super().__init__()
        self.factors = FACTORS[subsampling]
        self.multiple = 8 * max(self.factors)
        self.register_buffer("basis", _dct_basis(), persistent=False)
        # Which of the f·g blocks of 8×8 a coefficient of luma is of.
        places = torch.eye(math.prod(self.factors))
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("to_ycc", torch.tensor(TO_YCC)[:, :, None, None], persistent=False)
        self.register_buffer("to_rgb", torch.tensor(TO_RGB)[:, :, None, None], persistent=False)

    def tensors(self, observed, canvas, parameters):
        luma, chroma = quantisation(parameters["quality"])
        return {"y": observed, "quant_luma": luma, "quant_chroma": chroma}

    def _patterns(self, to: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Patterns in R, G, B of luma [64,3,8,8] and of Cb, Cr [128,3,8f,8g], by weights to [3,3].

        The rows of `to` are Y, Cb, Cr. A pattern of chroma has each value f×g times.
        """
        f, g = self.factors
        wide = self.basis.reshape(64, 1, 8, 1, 8, 1).expand(-1, -1, -1, f, -1, g)
        wide = wide.reshape(64, 1, 8 * f, 8 * g)
        luma, *chroma = (row[None, :, None, None] for row in to)
        return self.basis * luma, torch.cat([wide * row for row in chroma])

    def planes(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Coefficients of luma [B,64,H/8,W/8], and of Cb and Cr [2B,64,H/8f,W/8g].

        Chroma is averaged over f×g pixels, the `factors`.
        """
        f, g = self.factors
        luma, chroma = self._patterns(self.to_ycc[:, :, 0, 0])
        planes = F.conv2d(x, chroma / (f * g), stride=(8 * f, 8 * g))
        return F.conv2d(x, luma, stride=8), planes.reshape(-1, 64, *planes.shape[-2:])

    def _image(self, luma: torch.Tensor, chroma: torch.Tensor) -> torch.Tensor:
        """The image [B,3,H,W] of coefficients as `planes` has them, with chroma repeated."""
        f, g = self.factors
        to_luma, to_chroma = self._patterns(self.to_rgb[:, :, 0, 0].T)
        both = chroma.reshape(-1, 128, *chroma.shape[-2:])
        image = F.conv_transpose2d(luma, to_luma, stride=8)
        return image + F.conv_transpose2d(both, to_chroma, stride=(8 * f, 8 * g))

    def _lattice(self, quant_luma, quant_chroma):
        """The steps in [-1, 1]; tables are one for all images or one for each, [8,8] or [B,8,8]."""
        tables = (q.reshape(-1, 64, 1, 1) for q in (quant_luma, quant_chroma))
        luma, chroma = (EIGHT_BIT_STEP * q for q in tables)
        return [luma, _pair(chroma)]

    def A(self, x, quant_luma, quant_chroma):
        """Compressed and decoded, before rounding to 8 bits; chroma is repeated over f×g pixels."""
        steps = self._lattice(quant_luma, quant_chroma)
        # A code value v stands at EIGHT_BIT_STEP (v - 127.5), but the encoder shifts by 128: by
        # half a code value more, which is 8 times that in the DC term.
        coefficients = []
        for c, q, dc in zip(self.planes(x), steps, (4 * EIGHT_BIT_STEP, 0.0), strict=True):
            shift = dc * F.one_hot(torch.tensor(0, device=x.device), 64).reshape(1, 64, 1, 1)
            coefficients.append(torch.round((c - shift) / q) * q + shift)
        return self._image(*coefficients)

    def decoded(self, x, quant_luma, quant_chroma):
        """`A` with luma and chroma rounded and clipped to 8 bits each, as a decoder has them."""
        ycc = F.conv2d(self.A(x, quant_luma, quant_chroma), self.to_ycc)
        luma = (ycc[:, :1] / EIGHT_BIT_STEP + 127.5).round().clamp(0, 255)
        luma = (luma - 127.5) * EIGHT_BIT_STEP
        chroma = (ycc[:, 1:] / EIGHT_BIT_STEP).round().clamp(-128, 127) * EIGHT_BIT_STEP
        return F.conv2d(torch.cat([luma, chroma], 1), self.to_rgb)

    def _blocks(self, to: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`_patterns` of blocks of 8f×8g pixels: f·g times luma's [64fg,3,8f,8g], and chroma's.

        So all coefficients are one tensor, and each operation on them is one node of a graph.
        """
        f, g = self.factors
        luma, chroma = self._patterns(to)
        places = self.places.reshape(f * g, 1, 1, f, 1, g, 1)
        wide = places * luma.reshape(1, 64, 3, 1, 8, 1, 8)
        return wide.reshape(-1, 3, 8 * f, 8 * g), chroma

    def prepare(self, y, quant_luma, quant_chroma):
        f, g = self.factors
        luma, chroma = self._blocks(self.to_ycc[:, :, 0, 0])
        analysis = torch.cat([luma, chroma / (f * g)])
        synthesis = torch.cat(self._blocks(self.to_rgb[:, :, 0, 0].T))
        tables = [q.reshape(-1, 64, 1, 1) for q in (quant_luma, quant_chroma)]
        steps = EIGHT_BIT_STEP * torch.cat([*tables[:1] * (f * g), *tables[1:] * 2], 1)
        return y, analysis, synthesis, steps

    def data_step(self, z, weight, sigma_y, y, analysis, synthesis, steps):
        f, g = self.factors
        # Averaging over f×g and repeating are adjoint up to f·g: chroma weighs that much less.
        share = torch.ones_like(steps[:1])
        share = torch.cat([share[:, : 64 * f * g], share[:, 64 * f * g :] / (f * g)], 1)
        weights = weight * share / (steps.square() / 12 + sigma_y.square())
        reach = steps / 2 + 2 * sigma_y  # the decoder rounded and clipped
        way = F.conv2d(y - z, analysis, stride=(8 * f, 8 * g))
        # The minimiser leaves 1 / (1 + weights) of the way to the data, and no more than `reach`.
        left = reach * (way * (1 / (reach * (1 + weights)))).clamp(-1, 1)
        return z + F.conv_transpose2d(way - left, synthesis, stride=(8 * f, 8 * g))

    def strengths(self, quant_luma, quant_chroma):
        means = [q.mean((-2, -1)).reshape(-1) for q in (quant_luma, quant_chroma)]
        means = torch.stack(means, 1).log10()
        fine = torch.full_like(means[:, :1], float(self.factors == (1, 1)))
        return torch.cat([means, fine], 1)
