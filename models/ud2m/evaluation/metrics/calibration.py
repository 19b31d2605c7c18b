"""Whether a predicted standard deviation is that of the error."""

import torch
import torch.nn.functional as F

BINS = 10
BLOCK = 8  # pixels a side


def calibration(stddev: list[torch.Tensor], error: list[torch.Tensor]) -> dict[str, float]:
    """Of predictions and errors [C,H,W] of several images; errors are answer less truth.

    correlation: over blocks of 8×8 pixels of all images, of the predicted with the found root mean
    square. calibration_error: mean of |log2(predicted / found)| over ten bins of equal size, rising
    in the prediction; 0 is right, 1 a factor of two. ratio: predicted over found, of all.
    """
    pairs = [(s.square().mean(0), e.square().mean(0)) for s, e in zip(stddev, error, strict=True)]
    predicted, found = (torch.cat([v.flatten().double() for v in part]) for part in _turned(pairs))
    order = predicted.argsort()
    bins = [(_root(predicted[i]), _root(found[i])) for i in order.tensor_split(BINS)]
    blocks = [torch.cat([_blocks(v) for v in part]) for part in _turned(pairs)]
    off = torch.tensor([a.log2() - b.clamp_min(1e-6).log2() for a, b in bins])
    return {
        "correlation": float(torch.corrcoef(torch.stack(blocks))[0, 1]),
        "calibration_error": float(off.abs().mean()),
        "ratio": float(_root(predicted) / _root(found)),
    }


def _turned(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> list[tuple[torch.Tensor, ...]]:
    return list(zip(*pairs, strict=True))


def _root(squares: torch.Tensor) -> torch.Tensor:
    return squares.mean().sqrt()


def _blocks(square: torch.Tensor) -> torch.Tensor:
    """[N] root mean square of whole blocks of squares [H,W]."""
    return F.avg_pool2d(square[None, None].double(), BLOCK).sqrt().flatten()
