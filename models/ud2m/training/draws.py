"""Which problems a distillation draws, by its options."""

import numpy as np
import torch

from ud2m.physics.generators.kernels import mixture, recorded
from ud2m.step.model import UnfoldedModel
from ud2m.step.realism import draw
from ud2m.training.data import ImageSet
from ud2m.training.distillation import known
from ud2m.training.options import ProblemOptions
from ud2m.training.problems import WEIGHTS, Problem, Source, largest_crop
from ud2m.training.problems import draw as draw_problem
from ud2m.training.problems.real_noise import kinds_held_out

HELD_OUT = 8  # problems of each family
SEED = 97  # of what is held out


class Draws:
    """Problems of the images that are trained on, and of those that are held out.

    Raises ValueError where an image is smaller than the pieces that are cut.
    """

    def __init__(self, options: ProblemOptions, images: ImageSet):
        largest = largest_crop(options.crop)
        if images.smallest < largest:
            raise ValueError(
                f"the smallest image has {images.smallest} pixels a side, and --crop "
                f"{options.crop} cuts pieces with a side of {largest} pixels or more; leave it out."
            )
        self.options, self.images = options, images
        self.kernel = mixture(recorded(options.kernels) if options.kernels else [])
        families, shares = options.families, options.shares
        self.shares = np.array([WEIGHTS[f] for f in families] if shares is None else shares)
        self.shares /= self.shares.sum()
        pixels, boxes, strokes = (share / sum(options.masks) for share in options.masks)
        self.masks = (pixels, boxes, strokes)

    def train(self, rng: np.random.Generator) -> Problem:
        """A batch to train on, of a family by its share."""
        o = self.options
        family = o.families[rng.choice(len(self.shares), p=self.shares)]
        source = self._source(self.images.train, rng)
        return draw_problem(
            family, source, o.batch, o.crop, rng, self.kernel, self.masks, o.noise_model
        )

    def held_out(self) -> dict[str, Problem]:
        """Batches on images that no training sees, by family, or by kind of noise.

        Of each the same, whichever others there are; masks have their usual shares.
        """
        problems: dict[str, Problem] = {}
        for family in self.options.families:
            if self.options.noise_model and family == "denoise":
                problems |= kinds_held_out(self._held_out_source, self.options.crop)
                continue
            rng = np.random.default_rng((SEED, list(WEIGHTS).index(family)))
            source, crop = self._held_out_source(rng), self.options.crop
            problems[family] = draw_problem(family, source, HELD_OUT, crop, rng, self.kernel)
        return {name: problem.to(self.options.device) for name, problem in problems.items()}

    def _held_out_source(self, rng: np.random.Generator) -> Source:
        return self._source(self.images.held, rng)

    def _source(self, which: np.ndarray, rng: np.random.Generator) -> Source:
        return lambda count, side: self.images.crops(which, count, side, rng)


def shapes(problem: Problem, net: UnfoldedModel) -> dict[str, list[int]]:
    """The size of each tensor of a batch, and of what `net` takes besides."""
    names = ("clean", "y", "z0", "sigma_y", "inside")
    step, batch = net.step(problem.family, problem.operator), len(problem.clean)
    told = known(step, problem)
    if step.takes_realism:
        told = (*draw(step.operator, problem.y, torch.ones(batch), torch.randn), *told)
    tensors = [*((name, getattr(problem, name)) for name in names)]
    tensors.append(("noise", problem.clean[:, None].expand(-1, net.iterations, -1, -1, -1)))
    tensors += zip(step.inputs, told, strict=True)
    return {name: list(v.shape) for name, v in tensors}
