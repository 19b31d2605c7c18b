"""How far a training has come: scores on held-out problems that stay the same, and an image."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from ud2m.diffusion.sampler import sample
from ud2m.step.model import UnfoldedModel
from ud2m.training.distillation import squared_error
from ud2m.training.losses import FeatureDistance
from ud2m.training.problems import WEIGHTS, Problem

SHOWN = 3  # problems of each family in the image
STEPS = {"": 3, "one_": 1}  # how a score's name begins -> outer steps


class Validator:
    """One batch of each family, restored by the whole sampler with N = 3, and with N = 1.

    problem: draws the batch of a family. out: folder of the image.
    """

    def __init__(
        self, families: list[str], problem: Callable[[str, np.random.Generator], Problem], out: Path
    ):
        # Of a family the same problems, whichever others are validated.
        seeds = {family: (97, i) for i, family in enumerate(WEIGHTS)}
        self.problems = [problem(f, np.random.default_rng(seeds[f])) for f in families]
        self.out = out
        self.distance = FeatureDistance().to(self.problems[0].clean.device)

    @torch.no_grad()
    def restored(self, net: UnfoldedModel, problem: Problem, steps: int) -> torch.Tensor:
        """[B,3,H,W] in [-1, 1], with the same noise every time."""
        generator = torch.Generator().manual_seed(5)
        step, shape = net.step(problem.family, problem.operator), problem.clean.shape

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator).to(problem.clean)

        def run(
            xt: torch.Tensor, z: torch.Tensor, n: torch.Tensor, t: torch.Tensor
        ) -> torch.Tensor:
            level = t.to(z.device)
            return step(xt, z, problem.y, n, level, problem.sigma_y, *problem.physics)

        def inner(i: int) -> torch.Tensor:
            return normal(shape[0], net.iterations, *shape[1:])

        x0 = sample(run, problem.z0, normal(*shape), steps, inner, mean=net.ensemble)
        return x0.clamp(-1, 1)

    def scores(self, net: UnfoldedModel) -> dict[str, float]:
        """PSNR in dB of each family and, as `one_…`, that of a single step.

        Besides their `mean`, and the mean `distance` of features. Writes `grid.png`, of each
        problem initial estimate, restored and clean.
        """
        out: dict[str, float] = {}
        rows, distances = [], []
        for p in self.problems:
            for name, steps in STEPS.items():
                x0 = self.restored(net, p, steps)
                psnr = (-10 * (squared_error(x0, p) / 4).log10()).mean()
                out[name + p.family] = round(float(psnr), 3)
                if steps == STEPS[""]:
                    distances.append(float(self.distance(x0 * p.inside, p.clean * p.inside).mean()))
                    shown = [torch.cat([p.z0[i], x0[i], p.clean[i]], -1) for i in range(SHOWN)]
                    rows.append(torch.cat(shown, -1))
        _draw(rows, self.out / "grid.png")
        mean = np.mean([v for k, v in out.items() if not k.startswith("one_")])
        out["distance"] = round(float(np.mean(distances)), 4)
        out["mean"] = round(float(mean), 3)
        return out

    def line(self, net: UnfoldedModel) -> str:
        """The scores as text."""
        return "  ".join(f"{k} {v:.2f}" for k, v in self.scores(net).items())


def _draw(rows: list[torch.Tensor], path: Path) -> None:
    """Writes rows [3,H,W] in [-1, 1] one below the other."""
    width = max(r.shape[-1] for r in rows)
    sheet = torch.cat([F.pad(r, (0, width - r.shape[-1])) for r in rows], -2).clamp(-1, 1)
    codes = ((sheet + 1) * 127.5).round().byte().cpu().permute(1, 2, 0)
    Image.fromarray(codes.numpy()).save(path)
