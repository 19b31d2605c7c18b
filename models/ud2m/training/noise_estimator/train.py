"""Draws that are kept, and the training on them."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from ud2m.training.data import decoded, split
from ud2m.training.noise_estimator.draws import draw
from ud2m.training.noise_estimator.network import Estimator

BATCH = 128
RATE = 4e-3
DELTA = 0.2  # errors beyond count by their size, below by their square
JITTER = 0.05
WEIGHTS = (1.0, 0.7, 0.7, 0.7, 0.5)  # of the targets in the loss
SAVED_EVERY = 100  # draws


class Draws:
    """Inputs [INPUTS] and targets [TARGETS] of drawn images, kept in a file that grows.

    cache: the folder into which `ud2m.training.data.decode` put the images. held: those that are
    held out, instead of those to train on.
    """

    def __init__(self, path: Path, cache: Path, seed: int, held: bool = False):
        self.path, self.source = path, (cache, seed, held)
        self.rows: list[tuple[np.ndarray, np.ndarray]] = []
        if path.exists():
            with np.load(path) as kept:
                self.rows = list(zip(kept["inputs"], kept["targets"], strict=True))

    def grow(self, count: int, workers: int = 1) -> None:
        """Draws until there are `count`; each depends on the seed and its number alone."""
        numbers = range(len(self.rows), count)
        with ProcessPoolExecutor(workers, initializer=_open, initargs=self.source) as pool:
            for row in pool.map(_draw, numbers, chunksize=5):
                self.rows.append(row)
                if len(self.rows) % SAVED_EVERY == 0 or len(self.rows) == count:
                    inputs, targets = zip(*self.rows, strict=True)
                    np.savez(self.path, inputs=inputs, targets=targets)

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """[N,INPUTS] and [N,TARGETS]."""
        inputs, targets = zip(*self.rows, strict=True)
        return torch.from_numpy(np.array(inputs)), torch.from_numpy(np.array(targets))


_images: tuple[np.ndarray, np.ndarray, np.ndarray, int]  # of a process that draws


def _open(cache: Path, seed: int, held: bool) -> None:
    global _images
    pixels, sides = decoded(cache)
    _images = pixels, sides, split(len(pixels))[int(held)], seed


def _draw(number: int) -> tuple[np.ndarray, np.ndarray]:
    pixels, sides, chosen, seed = _images
    rng = np.random.default_rng((seed, number))
    while True:
        index = int(rng.choice(chosen))
        found = draw(pixels[index, : sides[index], : sides[index]], rng)
        if found is not None:
            return found


def fit(inputs: torch.Tensor, targets: torch.Tensor, epochs: int, seed: int = 0) -> Estimator:
    """The estimator that tells `targets` [N,TARGETS] from `inputs` [N,INPUTS] best."""
    torch.manual_seed(seed)
    estimator = Estimator(inputs.numpy())
    weights = torch.tensor(WEIGHTS)
    updates = max(1, len(inputs) // BATCH)
    optimizer = torch.optim.AdamW(estimator.parameters(), RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * updates)
    for _ in range(epochs):
        for chosen in torch.randperm(len(inputs))[: updates * BATCH].split(BATCH):
            answer = estimator(inputs[chosen], JITTER)
            loss = torch.nn.functional.huber_loss(
                answer, targets[chosen], reduction="none", delta=DELTA
            )
            optimizer.zero_grad()
            (loss * weights).mean().backward()
            optimizer.step()
            schedule.step()
    return estimator.eval()


@torch.no_grad()
def errors(
    estimator: Estimator, inputs: torch.Tensor, targets: torch.Tensor
) -> dict[str, list[float]]:
    """By target: root mean square and median of the error; and how often luma is within 15 %."""
    error = (estimator(inputs) - targets).abs()
    return {
        "rms": error.square().mean(0).sqrt().tolist(),
        "median": error.median(0).values.tolist(),
        "luma within 15 %": [(error[:, 0] < np.log(1.15)).float().mean().item()],
    }
