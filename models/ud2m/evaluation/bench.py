"""Every method that is scored, under one signature, and its scores on the images of a case."""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

from ud2m.diffusion.sampler import sample
from ud2m.evaluation import metrics
from ud2m.evaluation.cases import Case, Degraded, upscaled
from ud2m.evaluation.samplers import SAMPLERS, Restoration
from ud2m.nn.weights import load_denoiser
from ud2m.physics.observation import Observation
from ud2m.physics.operators import Operator, operator_of
from ud2m.step.realism import draw
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.specialists import load_specialists
from ud2m.step.unfolded import UnfoldedStep

ITERATIONS = 3  # K of the undistilled step; a distilled one knows its own
NO_SAMPLER = ("input", "classical")
Restore = Callable[[Case, Degraded, torch.Generator], torch.Tensor]  # -> [1,3,H,W] on the canvas
Initial = Callable[[Operator, Observation, float], torch.Tensor]  # (…, sigma_y) -> [1,3,H,W]


def restore(
    step: UnfoldedStep,
    observation: Observation,
    sigma_y: float,
    counts: tuple[int, int],
    generator: torch.Generator,
    initial: torch.Tensor | None = None,
    stochasticity: float = 0.0,
    told: tuple[torch.Tensor, ...] = (),
    realism: float = 0.0,
) -> torch.Tensor:
    """What the element answers for one observation: [1,3,H,W] on its canvas, not cut to [-1, 1].

    sigma_y: noise std in units of [-1, 1]. counts: outer steps N and iterations K.
    initial: the first estimate instead of a plain inverse. stochasticity: zeta of the sampler.
    told: of `noise_model.INPUTS`, for a step that takes them; without, the noise is white, clipped.
    realism: 1 for a sample, by a step that takes it; any other answers with the mean.
    """
    sampled = step.takes_realism and realism > 0
    shape, (steps, iterations) = observation.z0.shape, counts

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator)

    def run(xt: torch.Tensor, z: torch.Tensor, n: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        share = torch.tensor([realism])
        own = draw(step.operator, observation.y, share, normal) if sampled else ()
        tensors = (*own, *told, *observation.physics)
        return step(xt, z, observation.y, n, t, torch.tensor([sigma_y]), *tensors)

    with torch.no_grad():
        return sample(
            run,
            observation.z0 if initial is None else initial,
            normal(*shape),
            steps,
            lambda _: normal(1, iterations, *shape[1:]),
            lambda _: normal(*shape),
            1.0 if sampled else stochasticity,
            step.ensemble and not sampled,
            restart=sampled,
        )


def cropped(x0: torch.Tensor, degraded: Degraded) -> torch.Tensor:
    """[3,H,W] in [-1, 1]: an estimate less what the canvas adds."""
    return x0[0][:, degraded.observation.rows, degraded.observation.columns].clamp(-1, 1)


class Bench:
    """The denoiser, the steps, and the methods that run on them.

    families: what is degraded. model: a step file, or the folder of a package; without it, scalars
    is the file of the undistilled step's. initial, realism: see `restore`; stochasticity: of UD²M
    alone, as steps, its outer steps N where a column has no count of evaluations.
    """

    def __init__(
        self,
        denoiser: Path,
        families: Iterable[str],
        model: Path | None = None,
        scalars: Path | None = None,
        initial: Initial | None = None,
        stochasticity: float = 0.0,
        steps: int = 3,
        realism: float = 0.0,
    ):
        self.realism = realism
        self.denoiser = load_denoiser(denoiser).to(memory_format=torch.channels_last)
        self.denoiser.requires_grad_(False)
        self.model, self.scalars = model, scalars
        self.initial, self.stochasticity, self.outer_steps = initial, stochasticity, steps
        self.steps: dict[tuple[str, int], UnfoldedStep] = {}
        own = load_specialists(model).families.items() if model else ()
        self._iterations = {family: int(net.iterations) for family, net in own}
        self.lpips = metrics.lpips()
        self.evaluations = 0
        self.denoiser.register_forward_hook(self._count)
        # One canvas for all, so that all see the same observation.
        made = [self.step(family, self.iterations(family)) for family in families]
        multiples = [self.denoiser.config.multiple, *(step.multiple for step in made)]
        self.multiple = int(np.lcm.reduce(multiples))

    def _count(self, *_: object) -> None:
        self.evaluations += 1

    @property
    def has_initial_network(self) -> bool:
        """Whether outer steps begin with a pass of a smaller network."""
        parts = [getattr(step, "conditioning", None) for step in self.steps.values()]
        return any(getattr(part, "initial", None) for part in parts)

    def iterations(self, family: str) -> int:
        """K of a family's step as it was trained."""
        return self._iterations.get(family, ITERATIONS)

    def step(self, family: str, iterations: int) -> UnfoldedStep:
        """The step of a family with K = `iterations`, made once."""
        if (family, iterations) not in self.steps:
            if self.model:
                net = load_specialists(self.model).to(memory_format=torch.channels_last)
                net.set_iterations(iterations)
                self.steps |= {(f, iterations): s for f, s in net.steps().items()}
            else:
                assert self.scalars, "a bench needs a model, or the scalars of the undistilled step"
                values = ScalarValues(**json.loads(self.scalars.read_text())[family]["values"])
                self.steps[family, iterations] = UnfoldedStep(
                    self.denoiser, operator_of(family), Scalars(values), iterations
                )
        return self.steps[family, iterations]

    def restore(self, column: str, operator: Operator) -> Restore:
        """The method of a column; it leaves its count of evaluations in `evaluations`."""
        if column in SAMPLERS:
            return lambda case, d, g: SAMPLERS[column](
                Restoration(self.denoiser, operator, d.observation, 2 * case.sigma, g)
            )

        def unfolded(case: Case, d: Degraded, generator: torch.Generator) -> torch.Tensor:
            steps, k = counts = self.counts(column, case.family)
            c, sigma_y, step = d.observation, 2 * case.sigma, self.step(case.family, k)
            first = self.initial(operator, c, sigma_y) if self.initial else None
            zeta, realism = self.stochasticity, self.realism
            x0 = restore(step, c, sigma_y, counts, generator, first, zeta, realism=realism)
            self.evaluations = steps * k  # a distilled step does not call the denoiser as a whole
            return x0

        return unfolded

    def counts(self, column: str, family: str) -> tuple[int, int]:
        """N and K of a column `ud2m` or `ud2m-COUNT`; few evaluations are one step of so many.

        Ends the program where the count is no multiple of the family's K.
        """
        own, _, count = self.iterations(family), *column.partition("-")[1:]
        if not count:
            return self.outer_steps, own
        k = min(int(count), own)
        if int(count) % k:
            raise SystemExit(
                f"--counts {count} is no N·K of {family}: choose a multiple of {own}, or less."
            )
        return int(count) // k, k

    def quality(self, restored: torch.Tensor, d: Degraded, border: int) -> dict[str, float]:
        """The scores of an image [3,H,W] against the clean one."""
        scores: dict[str, metrics.Score] = {"psnr": metrics.psnr, "ssim": metrics.ssim}
        if self.lpips:
            scores["lpips"] = self.lpips
        return {name: score(restored, d.clean, border) for name, score in scores.items()}


def columns_of(methods: list[str], counts: list[int]) -> list[str]:
    """The columns of a table: `ud2m` becomes one for each count of evaluations, where there are."""
    unfolded = [f"ud2m-{n}" for n in counts] or ["ud2m"]
    return [c for m in methods for c in (unfolded if m == "ud2m" else [m])]


def mean(scores: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each score."""
    return {k: float(np.mean([s[k] for s in scores])) for k in scores[0]}


def scored(
    bench: Bench, case: Case, operator: Operator, degraded: list[Degraded], column: str
) -> dict[str, float]:
    """Means over the images; the time is the median."""
    if column in NO_SAMPLER:
        plain = column == "input"
        images = upscaled(operator, degraded) if plain else case.classical(case, degraded)
        pairs = zip(images, degraded, strict=True)
        return mean([bench.quality(z, d, case.border) for z, d in pairs])
    method, found, seconds = bench.restore(column, operator), [], []
    for i, d in enumerate(degraded):
        bench.evaluations, began = 0, time.monotonic()
        x0 = method(case, d, torch.Generator().manual_seed(i))
        seconds.append(time.monotonic() - began)
        fit = metrics.residual_rms(operator, x0.clamp(-1, 1), d.observation, 2 * case.sigma)
        found.append(
            bench.quality(cropped(x0, d), d, case.border)
            | {"residual_rms": fit, "evaluations": bench.evaluations}
        )
    return mean(found) | {"seconds": statistics.median(seconds)}


def sampled(
    bench: Bench,
    case: Case,
    operator: Operator,
    degraded: list[Degraded],
    column: str,
    samples: int,
) -> dict[str, float]:
    """A sample (mean of their scores) against the mean of all, and whether samples are samples.

    Means over the images, but for spread and error, which are those of all their pixels.
    """
    method, found, drawn, truth = bench.restore(column, operator), [], [], []
    for i, d in enumerate(degraded):
        seeds = [torch.Generator().manual_seed(1000 * i + j) for j in range(samples)]
        canvases = torch.stack([method(case, d, seed) for seed in seeds]).clamp(-1, 1)
        each = torch.stack([cropped(x0, d) for x0 in canvases])
        parts = {
            "sample": mean([bench.quality(x, d, case.border) for x in each]),
            "mean": bench.quality(each.mean(0), d, case.border),
        }
        for name, x0 in (("sample", canvases[0]), ("mean", canvases.mean(0))):
            fit = metrics.residual_rms(operator, x0, d.observation, 2 * case.sigma)
            parts[name]["residual_rms"] = fit
        inner, true = (metrics.inner(x, case.border) for x in (each, d.clean))
        found.append(
            {f"{k}_{name}": v for name, part in parts.items() for k, v in part.items()}
            | metrics.figures(inner, true, operator.scale)
        )
        drawn.append(inner.flatten(1))
        truth.append(true.flatten())
    s = metrics.spread_against_error(torch.cat(drawn, 1), torch.cat(truth))
    names = ("spread", "error", "ratio", "correlation", "calibration_error")
    return mean(found) | {k: getattr(s, k) for k in names}
