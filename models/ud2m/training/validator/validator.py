"""How far a training has come: scores on held-out problems that stay the same, and an image."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from ud2m.diffusion.sampler import sample
from ud2m.step.model import UnfoldedModel
from ud2m.training.distillation import squared_error
from ud2m.training.losses import FeatureDistance
from ud2m.training.problems import Problem
from ud2m.training.validator.sampling import sampling_scores

SHOWN = 3  # problems of each family in the image
STEPS = {"": 3, "one_": 1}
ONE_STEP = {"": 1}


def scored_steps(usual: int) -> dict[str, int]:
    """The usual count of outer steps, and a single one beside it; three where one is usual."""
    return {"": usual, "three_": 3} if usual == 1 else {"": usual, "one_": 1}


class Validator:
    """Batches by name, restored by the whole sampler.

    out: folder of the image. steps: how a score's name begins -> outer steps; "" are those of the
    mean score and of the image.
    """

    def __init__(self, problems: dict[str, Problem], out: Path, steps: dict[str, int] = STEPS):
        self.problems, self.out, self.steps = problems, out, steps
        self.distance = FeatureDistance().to(next(iter(problems.values())).clean.device)

    @torch.no_grad()
    def restored(self, net: UnfoldedModel, problem: Problem, steps: int) -> torch.Tensor:
        """[B,3,H,W] in [-1, 1], with the same noise every time."""
        generator = torch.Generator().manual_seed(5)
        step, shape = net.step(problem.family, problem.operator), problem.clean.shape
        tensors = problem.tensors(step.takes_noise_model)

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator).to(problem.clean)

        def run(
            xt: torch.Tensor, z: torch.Tensor, n: torch.Tensor, t: torch.Tensor
        ) -> torch.Tensor:
            level = t.to(z.device)
            return step(xt, z, problem.y, n, level, problem.sigma_y, *tensors)

        def inner(i: int) -> torch.Tensor:
            return normal(shape[0], net.iterations, *shape[1:])

        x0 = sample(run, problem.z0, normal(*shape), steps, inner, mean=net.ensemble)
        return x0.clamp(-1, 1)

    def scores(self, net: UnfoldedModel) -> dict[str, float]:
        """PSNR in dB of each batch, and with the other counts of steps under their own names.

        Besides the `mean` of the usual ones, and the mean `distance` of features. Of a step that
        takes realism also the means of `sampling_scores`. Writes `grid.png`, of each problem
        initial estimate, restored and clean.
        """
        out: dict[str, float] = {}
        rows, distances, usual = [], [], []
        for name, p in self.problems.items():
            for begin, steps in self.steps.items():
                x0 = self.restored(net, p, steps)
                psnr = (-10 * (squared_error(x0, p) / 4).log10()).mean()
                out[begin + name] = round(float(psnr), 3)
                if begin == "":
                    usual.append(float(psnr))
                    distances.append(float(self.distance(x0 * p.inside, p.clean * p.inside).mean()))
                    shown = [torch.cat([p.z0[i], x0[i], p.clean[i]], -1) for i in range(SHOWN)]
                    rows.append(torch.cat(shown, -1))
        _draw(rows, self.out / "grid.png")
        out["distance"] = round(float(np.mean(distances)), 4)
        if net.takes_realism:
            out |= self._sampling(net)
        out["mean"] = round(float(np.mean(usual)), 3)
        return out

    def _sampling(self, net: UnfoldedModel) -> dict[str, float]:
        """The sampling scores, each the mean over the problems that have it."""
        every = [sampling_scores(net, problem) for problem in self.problems.values()]
        names = dict.fromkeys(name for scores in every for name in scores)
        return {
            name: round(float(np.mean([s[name] for s in every if name in s])), 3) for name in names
        }

    def line(self, net: UnfoldedModel) -> str:
        """The scores as text."""
        return "  ".join(f"{k} {v:.2f}" for k, v in self.scores(net).items())


def _draw(rows: list[torch.Tensor], path: Path) -> None:
    """Writes rows [3,H,W] in [-1, 1] one below the other."""
    width = max(r.shape[-1] for r in rows)
    sheet = torch.cat([F.pad(r, (0, width - r.shape[-1])) for r in rows], -2).clamp(-1, 1)
    codes = ((sheet + 1) * 127.5).round().byte().cpu().permute(1, 2, 0)
    Image.fromarray(codes.numpy()).save(path)
