"""A trained step as a teacher: what it answers is a target beside the clean image."""

from pathlib import Path

import torch

from ud2m.step.specialists import load_specialists
from ud2m.training.distillation.samples import known
from ud2m.training.problems import Problem


class Teacher:
    """The mean that a step answers with in one outer step.

    path: a step file, or the folder of one and of its specialists. Raises ValueError where it
    holds none.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu"):
        self.net = load_specialists(path).to(device).to(memory_format=torch.channels_last)
        self.net.requires_grad_(False)

    @torch.no_grad()
    def __call__(self, problem: Problem) -> torch.Tensor:
        """[B,3,H,W] in about [-1, 1]. KeyError for a family that it does not know."""
        step, (batch, *sides) = self.net.step(problem.family, problem.operator), problem.clean.shape
        xt = torch.randn_like(problem.clean)
        noise = torch.randn(batch, step.iterations, *sides, device=xt.device)
        level = torch.tensor([999.0], device=xt.device)
        told = known(step, problem)
        return step(xt, problem.z0, problem.y, noise, level, problem.sigma_y, *told).float()
