"""How far a training has come: scores on held-out problems that stay the same, and an image to look at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ud2m.diffusion.sampler import sample
from ud2m.step.model import UnfoldedModel
from ud2m.training.distillation import squared_error
from ud2m.training.losses import FeatureDistance
from ud2m.training.problems import WEIGHTS, Problem

SHOWN = 3  # problems of each family in the image


class Validator:
    """One batch of each family, restored by the whole sampler with N = 3, and with N = 1."""

    def __init__(
        self, families: list[str], problem: Callable[[str, np.random.Generator], Problem], out: Path
    ):
        # Of a family the same problems, whichever others are validated.
        self.problems = [
            problem(f, np.random.default_rng((97, list(WEIGHTS).index(f)))) for f in families
        ]
        self.out = out
        self.distance = FeatureDistance().to(self.problems[0].clean.device)

    @torch.no_grad()
    def restored(self, net: UnfoldedModel, problem: Problem, steps: int) -> torch.Tensor:
        """[B,3,H,W] in [-1, 1], the same noise every time."""
        generator = torch.Generator().manual_seed(5)
        normal = lambda *shape: torch.randn(*shape, generator=generator).to(problem.clean)
        step = net.step(problem.family, problem.operator)
        run = lambda xt, z, n, t: step(
            xt, z, problem.y, n, t.to(z.device), problem.sigma_y, *problem.physics
        )
        shape = problem.clean.shape
        return sample(
            run,
            problem.z0,
            normal(*shape),
            steps,
            lambda _: normal(shape[0], net.iterations, *shape[1:]),
            mean=net.ensemble,
        ).clamp(-1, 1)

    def scores(self, net: UnfoldedModel) -> dict[str, float]:
        """PSNR in dB of each family and, as `one_…`, that of a single step; the mean distance of features; writes `grid.png`: initial estimate, restored, clean."""
        out, rows, distances = {}, [], []
        for p in self.problems:
            for name, steps in (("", 3), ("one_", 1)):
                x0 = self.restored(net, p, steps)
                out[name + p.family] = round(
                    float((-10 * (squared_error(x0, p) / 4).log10()).mean()), 3
                )
                if steps == 3:
                    distances.append(float(self.distance(x0 * p.inside, p.clean * p.inside).mean()))
                    rows.append(
                        torch.cat(
                            [
                                torch.cat([v[i], x0[i], p.clean[i]], -1)
                                for v in (p.z0,)
                                for i in range(SHOWN)
                            ],
                            -1,
                        )
                    )
        width = max(r.shape[-1] for r in rows)
        rows = [torch.nn.functional.pad(r, (0, width - r.shape[-1])) for r in rows]
        image = (
            ((torch.cat(rows, -2).clamp(-1, 1) + 1) * 127.5).round().byte().cpu().permute(1, 2, 0)
        )
        Image.fromarray(image.numpy()).save(self.out / "grid.png")
        out["distance"] = round(float(np.mean(distances)), 4)
        out["mean"] = round(
            float(np.mean([v for k, v in out.items() if not k.startswith(("one_", "distance"))])), 3
        )
        return out

    def line(self, net: UnfoldedModel) -> str:
        """The scores as text."""
        return "  ".join(f"{k} {v:.2f}" for k, v in self.scores(net).items())
