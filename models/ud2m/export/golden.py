"""Golden files: what a graph answers, for the Rust side to compare with.

A file holds the degraded image as the operator prepares it, and PyTorch's outputs of one step and
of one run. Random inputs are not stored: both sides draw them from the seeds in the file by the
element's own noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ud2m.diffusion.noise import normal_image, texture_image, y_noise_image
from ud2m.diffusion.sampler import sample
from ud2m.physics import noise_model
from ud2m.physics.generators import degradations
from ud2m.physics.generators.degradations import Degraded
from ud2m.physics.observation import Observation, observe
from ud2m.physics.operators import operator_of
from ud2m.step.unfolded import UnfoldedStep

LEVEL = 444  # of the step; one where the networks see the image mirrored
STEP_SEED, RUN_SEED, RUN_STEPS = 20, 21, 3
RANDOM = ("xt", "noise", "texture_noise", "y_noise")  # inputs that the seeds stand for


def _noisy(x: torch.Tensor, rng: np.random.Generator) -> Degraded:
    return degradations.denoise(x, 0.1, rng)


def _masked(x: torch.Tensor, rng: np.random.Generator) -> Degraded:
    height, width = x.shape[-2:]
    return degradations.mask(x, degradations.random_mask(height, width, 0.5, rng), 0.01, rng)


def _blurred(x: torch.Tensor, rng: np.random.Generator) -> Degraded:
    return degradations.blur(x, degradations.trajectory(9, rng), 0.01, rng)


def _reduced(factor: int, x: torch.Tensor, rng: np.random.Generator) -> Degraded:
    rows, columns = (side // factor * factor for side in x.shape[-2:])
    return degradations.downscale(x[:, :rows, :columns], factor, 0.01, rng)


def _compressed(subsampling: str, x: torch.Tensor, rng: np.random.Generator) -> Degraded:
    return degradations.jpeg(x, 15, subsampling)


# Step graph -> how its case is made of an image [3,h,w]: degraded image and operator's parameters.
DEGRADE: dict[str, Callable[[torch.Tensor, np.random.Generator], Degraded]] = {
    "denoise": _noisy,
    "mask": _masked,
    "blur": _blurred,
    "downscale2": partial(_reduced, 2),
    "downscale3": partial(_reduced, 3),
    "downscale4": partial(_reduced, 4),
    "jpeg": partial(_compressed, "4:2:0"),
    "jpeg422": partial(_compressed, "4:2:2"),
    "jpeg444": partial(_compressed, "4:4:4"),
}


@dataclass
class Case:
    """A small degraded image, ready for the step."""

    observation: Observation
    sigma_y: float
    psf: torch.Tensor | None  # [h,w], of blur

    @property
    def size(self) -> torch.Size:
        """H and W of the restored image."""
        return self.observation.z0.shape[-2:]


def make_case(graph: str, multiple: int, seed: int, more: int = 0) -> Case:
    """An image of waves with odd sides, degraded for `graph`.

    multiple: pixels of which H and W of the step are multiples. more: of these by which the image
    is higher, and twice as many by which it is wider.
    """
    rng = np.random.default_rng(seed)
    # More than one multiple a side, or the exporter takes it for fixed.
    rows, columns = max(29, multiple + 5), max(43, multiple + 11)
    rows, columns = rows + more * multiple, columns + 2 * more * multiple
    yy, xx = np.mgrid[:rows, :columns]
    waves = [
        np.sin(2 * np.pi * (fy * yy + fx * xx) + p)
        for fy, fx, p in rng.uniform(-0.1, 0.1, (9, 3)) * (1, 1, 30)
    ]
    x = torch.from_numpy(np.stack([sum(waves[i::3]) / 3 for i in range(3)])).float().clamp(-1, 1)
    y, parameters = DEGRADE[graph](x, rng)
    observation = observe(operator_of(graph), y[None], parameters, multiple)
    return Case(observation, 0.2 if graph == "denoise" else 0.02, parameters.get("psf"))


def initial_state(seed: int, size: torch.Size) -> torch.Tensor:
    """[1,3,H,W]: the noise that a run starts from, stream 0."""
    return torch.from_numpy(normal_image(seed, 0, 3, *size))[None]


def inner_noise(seed: int, step: int, iterations: int, size: torch.Size) -> torch.Tensor:
    """[1,K,3,H,W]: the inner noises of the outer step 0, 1 … of a run.

    The stream after them is for re-noising.
    """
    first = 1 + step * (iterations + 1)
    images = [normal_image(seed, first + k, 3, *size) for k in range(iterations)]
    return torch.from_numpy(np.stack(images))[None]


def sample_noise(step: UnfoldedStep, case: Case, seed: int, place: int) -> dict:
    """The noise of a sample by name, [1,…], in the outer step 0, 1 … of a run; see `realism`."""
    sides = case.observation.y.shape[-2:]
    noises = {
        "texture_noise": texture_image(seed, place, *case.size),
        "y_noise": y_noise_image(seed, place, *sides),
    }
    return {n: torch.from_numpy(v)[None] for n, v in noises.items() if n in step.inputs}


def step_inputs(
    step: UnfoldedStep, case: Case, seed: int, batch: int = 1, share: float = 1.0
) -> dict[str, torch.Tensor]:
    """The step's inputs by name, as tensors. Image b of the batch has the seed `seed` + b.

    share: of realism, where the step takes it.
    """
    observation, seeds = case.observation, range(seed, seed + batch)

    def many(v: torch.Tensor) -> torch.Tensor:
        return v.expand(batch, *v.shape[1:]).contiguous()

    noises = [inner_noise(s, 0, step.iterations, case.size) for s in seeds]
    physics = zip(step.operator.inputs, observation.physics, strict=True)
    realism = {}
    if step.takes_realism:
        realism["realism"] = torch.tensor([share])
        drawn = [sample_noise(step, case, s, 0) for s in seeds]
        realism |= {name: torch.cat([d[name] for d in drawn]) for name in drawn[0]}
    return {
        "xt": torch.cat([initial_state(s, case.size) for s in seeds]),
        "z0": many(observation.z0),
        "y": many(observation.y),
        "noise": torch.cat(noises),
        "t": torch.tensor([float(LEVEL)]),
        "sigma_y": torch.tensor([case.sigma_y]),
        **realism,
        **_noise_tensors(step, case),
        **{name: many(v) if v.dim() == 4 else v for name, v in physics},
    }


def _noise_tensors(step: UnfoldedStep, case: Case) -> dict[str, torch.Tensor]:
    """`noise_model.INPUTS` of one image, by name, where the step takes them: no white noise."""
    if not step.takes_noise_model:
        return {}
    shape = {"luma_correlation": 0.2, "chroma_correlation": 0.6, "growth": 0.4}
    model = noise_model.NoiseModel.ycc(0.3 * case.sigma_y, 0.4 * case.sigma_y, **shape)
    return dict(zip(noise_model.INPUTS, noise_model.tensors([model]), strict=True))


def save(file: Path, step: UnfoldedStep, case: Case) -> None:
    """Writes a golden file: inputs that are not random, seeds, outputs of a step and of a run.

    The run has RUN_STEPS steps, and zeta = 0. Of a step that takes realism the outputs are
    samples, and zeta = 1: see `diffusion.sampler.sample`.
    """
    inputs, observation = step_inputs(step, case, STEP_SEED), case.observation
    fixed = {n: inputs[n] for n in step.inputs}

    def run(
        xt: torch.Tensor, z: torch.Tensor, n: torch.Tensor, t: torch.Tensor, place: int
    ) -> torch.Tensor:
        noise = sample_noise(step, case, RUN_SEED, place) if step.takes_realism else {}
        tensors = (fixed | noise).values()
        return step(xt, z, observation.y, n, t, inputs["sigma_y"], *tensors)

    with torch.no_grad():
        x0, run_x0 = step(*inputs.values()), _run(step, case, run)
    numbers = {"seed": STEP_SEED, "run_seed": RUN_SEED, "run_steps": RUN_STEPS}
    arrays = {n: v.numpy() for n, v in inputs.items() if n not in RANDOM}
    arrays |= {"x0": x0.numpy(), "run_x0": run_x0[0].numpy()}
    arrays |= {name: np.array([value]) for name, value in numbers.items()}
    if case.psf is not None:
        arrays["psf"] = case.psf.numpy()
    np.savez_compressed(file, allow_pickle=False, **arrays)


def _run(step: UnfoldedStep, case: Case, run: Callable[..., torch.Tensor]) -> torch.Tensor:
    """[1,3,H,W] what the sampler answers; run: the step, with the place of the outer step."""
    sampled, place = step.takes_realism, iter(range(RUN_STEPS))

    def noise(i: int) -> torch.Tensor:
        return inner_noise(RUN_SEED, i, step.iterations, case.size)

    def renoise(i: int) -> torch.Tensor:
        stream = (i + 1) * (step.iterations + 1)
        return torch.from_numpy(normal_image(RUN_SEED, stream, 3, *case.size))[None]

    return sample(
        lambda *state: run(*state, next(place)),
        case.observation.z0,
        initial_state(RUN_SEED, case.size),
        RUN_STEPS,
        noise,
        renoise,
        zeta=float(sampled),
        mean=step.ensemble and not sampled,
        restart=sampled,
    )
