"""How the network of the standard deviation learns: from the errors of a model's answers."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F

from ud2m.nn.stddev import StddevNetwork
from ud2m.training.distillation import Teacher
from ud2m.training.distillation.perceptual import cut, frame_of
from ud2m.training.problems import Problem

WINDOW = 5  # pixels a side over which an error is averaged


class Errors:
    """What a model answers, and how far that is from the truth.

    multiple: sides of what is handed on are multiples of this. Errors as `Teacher`.
    """

    def __init__(self, model: Teacher, multiple: int):
        self.model, self.multiple = model, multiple

    def of(self, problem: Problem) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """Inputs of the network, cut to where the answer counts, and the squared error [B,1,h,w].

        The error is the mean over R, G and B, of images in [-1, 1], and over the pixels `around`.
        """
        x0 = self.model(problem)
        rows, columns = frame_of(problem.inside)
        rows, columns = self._whole(rows), self._whole(columns)
        images = (cut(v, (rows, columns)) for v in (x0, problem.z0, _observed(problem)))
        x0, initial, observed = images
        error = (x0.clamp(-1, 1) - cut(problem.clean, (rows, columns))).square().mean(1, True)
        return (x0, initial, observed, problem.sigma_y), around(error, observed)

    def _whole(self, side: slice) -> slice:
        length = (side.stop - side.start) // self.multiple * self.multiple
        return slice(side.start, side.start + length)


def _observed(problem: Problem) -> torch.Tensor:
    """[B,1,H,W] 1 where a pixel of the image was observed."""
    ones = torch.ones_like(problem.clean[:, :1])
    return ones * problem.physics[0] if problem.family == "mask" else ones


def around(error: torch.Tensor, observed: torch.Tensor) -> torch.Tensor:
    """Squared errors [B,1,H,W], means over the pixels of 5×5 that were observed, or lost, alike.

    An expected error is what is learned: that of one pixel tells little of it, and next to nothing
    where it happens to be zero.
    """
    out = torch.zeros_like(error)
    for alike in (observed, 1 - observed):
        sums = F.avg_pool2d(error * alike, WINDOW, 1, WINDOW // 2)
        share = F.avg_pool2d(alike, WINDOW, 1, WINDOW // 2)
        out = out + alike * sums / share.clamp_min(1 / WINDOW**2)
    return out


def loss(stddev: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
    """Half the negative log-likelihood of errors under normal distributions, but for a constant.

    stddev, error: [B,1,H,W], standard deviation and squared error.
    """
    return (stddev.log() + error / (2 * stddev.square())).mean()


@torch.no_grad()
def scores(net: StddevNetwork, errors: Errors, problems: Mapping[str, Problem]) -> dict[str, float]:
    """On held-out problems: `loss`, its mean over them, and predicted over found RMS of all."""
    out, predicted, found = {}, [], []
    for name, problem in problems.items():
        inputs, error = errors.of(problem)
        stddev = net(*inputs)
        out[name] = float(loss(stddev, error))
        predicted.append(stddev.square().mean())
        found.append(error.mean())
    out["mean"] = sum(out.values()) / len(out)
    out["ratio"] = float((torch.stack(predicted).mean() / torch.stack(found).mean()).sqrt())
    return {name: round(value, 3) for name, value in out.items()}
