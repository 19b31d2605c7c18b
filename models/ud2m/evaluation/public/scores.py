"""The scores of networks by the protocols, picture by picture, kept in a file as they come."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from ud2m.evaluation.bench import cropped, restore
from ud2m.evaluation.cases import Degraded
from ud2m.evaluation.public.protocols import Protocol, load, pictures
from ud2m.physics.noise_model import NoiseModel, tensors
from ud2m.physics.observation import observe
from ud2m.physics.operators import operator_of
from ud2m.physics.operators.downscale import upscaled
from ud2m.step.specialists import Specialists, load_specialists, step_files

INPUT = "input"  # the row of what was observed, upscaled where it is smaller
Cells = dict[str, list[float]]  # set -> mean PSNR in dB at each level


@dataclass(frozen=True)
class Networks:
    """A row: the package or step file, and its outer steps N."""

    path: Path
    steps: int

    @property
    def title(self) -> str:
        """As the table names it."""
        name = self.path.stem if self.path.is_file() else self.path.name
        return f"{name}, {self.steps} step{'s' * (self.steps > 1)}"

    def key(self) -> str:
        """What tells these weights and steps from others."""
        return f"{_digest(self.path)}-{self.steps}"


@cache
def _digest(path: Path) -> str:
    files = hashlib.sha256()
    for file in step_files(path):
        files.update(file.read_bytes())
    return files.hexdigest()[:16]


@cache
def _load(path: Path) -> Specialists:
    return load_specialists(path).to(memory_format=torch.channels_last)


class Kept:
    """PSNR by row, protocol, set, level and picture; written to the file after every picture.

    only: nothing is measured; what is not kept is missing.
    """

    def __init__(self, file: Path | None, only: bool = False):
        self.file, self.only, self.held = file, only, {}
        if file and file.exists():
            self.held = json.loads(file.read_text())

    def get(self, key: str) -> float | None:
        return self.held.get(key)

    def put(self, key: str, value: float) -> None:
        self.held[key] = round(value, 4)
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(json.dumps(self.held, indent=0))


@dataclass(frozen=True)
class Task:
    """What is scored: a protocol, on at most `limit` (0: all) pictures of each set in `folders`."""

    name: str
    protocol: Protocol
    folders: list[Path]
    limit: int

    def all_of(self, name: str) -> list[Path]:
        """Every picture of a set."""
        return pictures(self.folders, name)

    def chosen(self, name: str) -> list[Path]:
        """The pictures of a set that are scored: of a part, every so many-th."""
        found = self.all_of(name)
        if not self.limit or self.limit >= len(found):
            return found
        return [found[i * len(found) // self.limit] for i in range(self.limit)]


def scores(task: Task, networks: Networks | None, kept: Kept) -> Cells:
    """The row of networks, or of the observation itself; what is kept is not measured again.

    A cell that lacks a picture is NaN.
    """
    out: Cells = {}
    for name in task.protocol.sets:
        out[name] = []
        for level in task.protocol.levels:
            found = []
            for path in task.chosen(name):
                row = networks.key() if networks else INPUT
                key = f"{row} {task.name} {name} {level:g} {path.stem}"
                value = kept.get(key)
                if value is None and kept.only:
                    value = float("nan")
                elif value is None:
                    value = measured(task.protocol, level, path, networks)
                    kept.put(key, value)
                found.append(value)
            out[name].append(float(np.mean(found)))
            title = networks.title if networks else INPUT
            print(f"{title:18s} {task.name} {name} {level:g}: {out[name][-1]:.2f}", flush=True)
    return out


def measured(protocol: Protocol, level: float, path: Path, networks: Networks | None) -> float:
    """PSNR in dB of one picture. Its noise follows from its name alone."""
    seed = int.from_bytes(hashlib.sha256(path.stem.encode()).digest()[:4], "big")
    clean, y, parameters = protocol.degrade(load(path), level, np.random.default_rng(seed))
    family, sigma_y = protocol.family(level), 2 * protocol.sigma(level)
    operator = operator_of(family)
    if networks is None:
        return protocol.score(upscaled(y[None], operator.scale)[0], clean, level)
    net = _load(networks.path).step(family)
    d = Degraded(clean, y, parameters, observe(operator, y[None], parameters, net.multiple))
    counts, generator = (networks.steps, net.iterations), torch.Generator().manual_seed(seed)
    model = NoiseModel.white(protocol.sigma(level), clipped=False, rounded=False)
    told = tensors([model]) if net.takes_noise_model else ()
    x0 = restore(net, d.observation, sigma_y, counts, generator, told=told)
    return protocol.score(cropped(x0, d), clean, level)
