"""Scores the sampler on a folder of clean images, degraded in known ways.

    python models/evaluate.py --denoiser DENOISER --scalars SCALARS --images FOLDER --limit 24                     the input, a classical method, UD²M
    python models/evaluate.py … --methods ud2m dps diffpir ddrm dpir latino --counts 1 3 6 9 12          samplers on the same denoiser
    python models/evaluate.py … --samples 8                                                              posterior mean; is the spread honest?

Runs in PyTorch what the element runs in ONNX Runtime. Sides are cut to multiples of 48 (a crop's: 16); 16 border pixels are not scored
where a kernel reaches beyond the image. `--report FILE SECTION` replaces one section of a Markdown file.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ud2m.diffusion.sampler import sample
from ud2m.evaluation import metrics, tables
from ud2m.evaluation.cases import (
    CASES,
    Case,
    Degraded,
    degrade_images,
    load_images,
    upscaled,
)
from ud2m.evaluation.samplers import SAMPLERS, NotDefined, Restoration
from ud2m.nn.weights import load_denoiser
from ud2m.physics.observation import Observation
from ud2m.physics.operators import Operator, operator_of
from ud2m.step.scalars import Scalars, ScalarValues
from ud2m.step.specialists import load_specialists
from ud2m.step.unfolded import UnfoldedStep

ITERATIONS = 3  # K of the shipped steps; a count below it is one step of that many iterations
NO_SAMPLER = ("input", "classical")
Restore = Callable[[Case, Degraded, torch.Generator], torch.Tensor]  # -> [1,3,H,W] on the canvas


def main() -> None:
    a = arguments()
    clean = load_images(a.images, a.limit, a.crop)
    bench = Bench(a)
    usual = [] if a.samples or a.counts else list(NO_SAMPLER)
    columns = Bench.columns(a.methods or [*usual, "ud2m"], a.counts or [ITERATIONS * a.steps])
    rows, notes = {}, set()
    for name in a.cases:
        case, rows[name] = CASES[name], {}
        operator, degraded = degrade_images(case, clean, bench.multiple)
        for column in columns:
            try:
                found = (
                    sampled(bench, case, operator, degraded, column)
                    if a.samples
                    else scored(bench, case, operator, degraded, column)
                )
            except NotDefined as reason:
                notes.add(str(reason))
                continue
            rows[name][column] = found
            print(
                f"{name:17s} {column:10s} " + "  ".join(f"{k} {v:.4g}" for k, v in found.items()),
                flush=True,
            )
    if any(
        getattr(getattr(s, "conditioning", None), "initial", None) for s in bench.steps.values()
    ):
        notes.add(
            "Each outer step of UD²M begins with a pass of its initial network, a smaller one; evaluations do not count it, seconds do."
        )
    if bench.ram:
        notes.add(
            "UD²M starts from RAM's answer to y: one more pass of that network for an image; evaluations do not count it, seconds do."
        )
    what = f"Images: {len(clean)}" + (
        f", the middle {a.crop} pixels of each side" if a.crop else ""
    )
    text = tables.posterior(rows) if a.samples else tables.comparison(rows, columns)
    text += tables.legend(what, sorted(notes), bench.distance is not None, sys.argv[1:])
    print("\n" + text)
    if a.json:
        name = lambda column: column if a.counts else column.partition("-")[0]
        plain_rows = {
            n: {name(c): {k: round(v, 4) for k, v in f.items()} for c, f in r.items()}
            for n, r in rows.items()
        }
        a.json.write_text(json.dumps(plain_rows, indent=1))
    if a.report:
        tables.replace_section(Path(a.report[0]), a.report[1], text)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--denoiser",
        type=Path,
        required=True,
        help="the undistilled denoiser: what the samplers run on",
    )
    p.add_argument("--scalars", type=Path, help="scalars of the undistilled step")
    p.add_argument(
        "--steps-from",
        type=Path,
        help="the distilled step, or the folder of a package, instead of denoiser and scalars",
    )
    p.add_argument(
        "--initial",
        choices=["ram"],
        help="what UD²M starts from instead of a plain inverse; an initial network of the step goes on from it",
    )
    p.add_argument(
        "--ram-weights",
        type=Path,
        metavar="FILE",
        help="weights of RAM (ud2m/evaluation/ram.py says where they are)",
    )
    p.add_argument("--images", type=Path, required=True)
    p.add_argument("--limit", type=int, default=0, help="the first so many images; 0 all")
    p.add_argument(
        "--crop", type=int, default=0, help="pixels of each side's middle; 0 the whole image"
    )
    p.add_argument(
        "--steps", type=int, default=3, help="outer steps N, where --counts does not say"
    )
    p.add_argument(
        "--stochasticity", type=float, default=0.0, help="zeta of the outer sampler, 0 … 1"
    )
    p.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    p.add_argument("--methods", nargs="+", choices=["ud2m", *NO_SAMPLER, *SAMPLERS])
    p.add_argument(
        "--counts", nargs="+", type=int, help="evaluations N·K of UD²M: 1, 2 or a multiple of 3"
    )
    p.add_argument("--samples", type=int, default=0, help="samples of the posterior for each image")
    p.add_argument("--json", type=Path)
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))
    a = p.parse_args()
    if (a.scalars is None) == (a.steps_from is None):
        p.error("give the step by either --scalars or --steps-from.")
    if bad := [n for n in a.counts or [] if n < 1 or (n > ITERATIONS and n % ITERATIONS)]:
        p.error(f"--counts {bad[0]} is no N·K; choose 1, 2 or a multiple of {ITERATIONS}.")
    if (a.initial is None) != (a.ram_weights is None):
        p.error("--initial ram and --ram-weights FILE go together.")
    if a.samples == 1 or a.samples < 0:
        p.error(f"--samples {a.samples} has no spread; choose 2 or more.")
    if a.samples and set(a.methods or []) & set(NO_SAMPLER):
        p.error("the input and the classical methods draw no samples; leave them out of --methods.")
    return a


class Bench:
    """The denoiser, the steps, and every method under one signature."""

    def __init__(self, a: argparse.Namespace):
        self.options = a
        self.denoiser = (
            load_denoiser(a.denoiser).to(memory_format=torch.channels_last).requires_grad_(False)
        )
        self.steps: dict[tuple[str, int], torch.nn.Module] = {}
        self.distance = metrics.perceptual()
        self.ram = ram_initial(a.ram_weights) if a.initial else None
        self.evaluations = 0
        self.denoiser.register_forward_hook(
            lambda *_: setattr(self, "evaluations", self.evaluations + 1)
        )
        # One canvas for all, so that all see the same observation.
        families = {CASES[c].family for c in a.cases}
        self.multiple = int(
            np.lcm.reduce(
                [
                    self.denoiser.config.multiple,
                    *(getattr(self.step(f, ITERATIONS), "multiple", 1) for f in families),
                ]
            )
        )

    @staticmethod
    def columns(methods: list[str], counts: list[int]) -> list[str]:
        """`ud2m` becomes one column for each count."""
        return [c for m in methods for c in ([f"ud2m-{n}" for n in counts] if m == "ud2m" else [m])]

    def step(self, family: str, iterations: int) -> torch.nn.Module:
        if (family, iterations) not in self.steps:
            if self.options.steps_from:
                net = load_specialists(self.options.steps_from).to(
                    memory_format=torch.channels_last
                )
                net.iterations = iterations
                self.steps |= {(f, iterations): s for f, s in net.steps().items()}
            else:
                values = ScalarValues(
                    **json.loads(self.options.scalars.read_text())[family]["values"]
                )
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
        count = int(column.removeprefix("ud2m-"))
        k = min(count, ITERATIONS)

        def unfolded(case: Case, d: Degraded, generator: torch.Generator) -> torch.Tensor:
            c, step, shape = d.observation, self.step(case.family, k), d.observation.z0.shape
            normal = lambda *s: torch.randn(*s, generator=generator)
            run = lambda xt, z, n, t: step(
                xt, z, c.y, n, t, torch.tensor([2 * case.sigma]), *c.physics
            )
            with torch.no_grad():
                z0 = self.ram(operator, c, 2 * case.sigma) if self.ram else c.z0
                inner, renoise = lambda _: normal(1, k, *shape[1:]), lambda _: normal(*shape)
                x0 = sample(
                    run,
                    z0,
                    normal(*shape),
                    count // k,
                    inner,
                    renoise,
                    self.options.stochasticity,
                    step.ensemble,
                )
            self.evaluations = count  # a distilled step does not call the denoiser as a whole
            return x0

        return unfolded

    def quality(self, restored: torch.Tensor, d: Degraded, border: int) -> dict[str, float]:
        found = {
            "psnr": metrics.psnr(restored, d.clean, border),
            "ssim": metrics.ssim(restored, d.clean, border),
        }
        return found | (
            {"distance": self.distance(restored, d.clean, border)} if self.distance else {}
        )


def ram_initial(weights: Path) -> Callable[[Operator, Observation, float], torch.Tensor]:
    """(operator, observation, sigma_y) -> z0 by RAM."""
    from ud2m.evaluation import ram  # deepinv takes seconds to import

    try:
        return partial(ram.initial, ram.load_ram(weights))
    except ValueError as reason:
        raise SystemExit(str(reason)) from reason


def mean(dicts: list[dict[str, float]]) -> dict[str, float]:
    return {k: float(np.mean([d[k] for d in dicts])) for k in dicts[0]}


def cropped(x0: torch.Tensor, d: Degraded) -> torch.Tensor:
    return x0[0][:, d.observation.rows, d.observation.columns].clamp(-1, 1)


def scored(
    bench: Bench, case: Case, operator: Operator, degraded: list[Degraded], column: str
) -> dict[str, float]:
    """Means over the images; the time is the median."""
    if column in NO_SAMPLER:
        restored = (
            upscaled(operator, degraded) if column == "input" else case.classical(case, degraded)
        )
        return mean([bench.quality(z, d, case.border) for z, d in zip(restored, degraded)])
    restore, found, seconds = bench.restore(column, operator), [], []
    for i, d in enumerate(degraded):
        bench.evaluations, began = 0, time.monotonic()
        x0 = restore(case, d, torch.Generator().manual_seed(i))
        seconds.append(time.monotonic() - began)
        fit = metrics.residual_rms(operator, x0.clamp(-1, 1), d.observation, 2 * case.sigma)
        found.append(
            bench.quality(cropped(x0, d), d, case.border)
            | {"residual_rms": fit, "evaluations": bench.evaluations}
        )
    return mean(found) | {"seconds": statistics.median(seconds)}


def sampled(
    bench: Bench, case: Case, operator: Operator, degraded: list[Degraded], column: str
) -> dict[str, float]:
    """A sample (mean of their scores) against the mean of all, and the spread pooled over all pixels of all images."""
    restore, found, drawn, truth = bench.restore(column, operator), [], [], []
    for i, d in enumerate(degraded):
        canvases = [
            restore(case, d, torch.Generator().manual_seed(1000 * i + j))
            for j in range(bench.options.samples)
        ]
        each = torch.stack([cropped(x0, d) for x0 in canvases])
        one, whole = (
            mean([bench.quality(x, d, case.border) for x in each]),
            bench.quality(each.mean(0), d, case.border),
        )
        fit = metrics.residual_rms(
            operator, canvases[0].clamp(-1, 1), d.observation, 2 * case.sigma
        )
        found.append(
            {f"{k}_sample": v for k, v in one.items()}
            | {f"{k}_mean": v for k, v in whole.items()}
            | {"residual_rms": fit}
        )
        drawn.append(metrics.inner(each, case.border).flatten(1))
        truth.append(metrics.inner(d.clean, case.border).flatten())
    s = metrics.spread_against_error(torch.cat(drawn, 1), torch.cat(truth))
    return mean(found) | {
        k: getattr(s, k) for k in ("spread", "error", "ratio", "correlation", "calibration_error")
    }


if __name__ == "__main__":
    main()
