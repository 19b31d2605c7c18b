"""One training loop under a time budget: warm-up, cosine, EMA, checkpoints, resume, statistics.

It serves any network and any task: it is handed a module and a function that gives a batch's loss.
The learning rate follows the share of the time budget that is spent, so that a slow machine ends
its schedule too; or, where a count of images is set, the share of that, so that runs compare
whatever else the machine did.
"""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to train. Budgets are those of all resumed runs together."""

    time_budget: float = 60.0  # minutes
    image_budget: int = 0  # images, instead of minutes; 0: none
    batch: int = 16  # images
    rate: float = 8e-4  # peak learning rate of AdamW
    warm_up: int = 16_000  # images
    ema_half_life: int = 50_000  # images
    clip: float = 1.0  # gradient norm
    # Last share of the budget in float32; before it bfloat16, where the device has it.
    exact_share: float = 0.2
    seed: int = 0


def default_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seeded(seed: int, images: int) -> np.random.Generator:
    """The generator of the update at `images`, which did not draw its batch; seeds PyTorch too."""
    rng = np.random.default_rng((seed, images, 1))
    torch.manual_seed(int(rng.integers(2**62)))
    return rng


class Trainer:
    """Trains `net` in place; `ema` holds the average that ships.

    out: folder of the checkpoint, configuration and statistics. fast: beginning of the names of
    parameters that learn ten times faster.
    """

    def __init__(
        self,
        net: nn.Module,
        schedule: Schedule,
        out: Path,
        device: torch.device | str = "cpu",
        fast: str = "",
    ):
        self.device, self.schedule, self.out = torch.device(device), schedule, out
        self.net = net.to(self.device, memory_format=torch.channels_last)
        torch.backends.cudnn.benchmark = True  # a training meets few sizes, each of them often
        self.ema = copy.deepcopy(net).requires_grad_(False).eval()
        named = [(n, p) for n, p in net.named_parameters() if p.requires_grad]
        quick = [p for n, p in named if fast and n.startswith(fast)]
        slow = [p for n, p in named if not (fast and n.startswith(fast))]
        groups: list[dict] = [{"params": slow, "speed": 1.0}]
        if quick:
            groups.append({"params": quick, "speed": 10.0, "weight_decay": 0.0})
        self.optimiser = torch.optim.AdamW(
            groups, lr=schedule.rate, betas=(0.9, 0.98), weight_decay=1e-3
        )
        self.images, self.spent = 0, 0.0
        self.carried: dict = {}  # what a loss keeps from batch to batch
        out.mkdir(parents=True, exist_ok=True)

    def resume(self) -> bool:
        """Takes up `checkpoint.pt` of an earlier run of the same command; False where none is."""
        path = self.out / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.ema.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.images, self.spent, self.carried = state["images"], state["spent"], state["carried"]
        return True

    def save(self) -> None:
        """Writes the checkpoint whole or not at all."""
        part = self.out / "checkpoint.part"
        torch.save(
            {
                "net": self.net.state_dict(),
                "ema": self.ema.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "images": self.images,
                "spent": self.spent,
                "carried": self.carried,
            },
            part,
        )
        part.replace(self.out / "checkpoint.pt")

    def progress(self) -> float:
        """Share of the budget that is spent, in time or in images; 1 or more at the end."""
        s = self.schedule
        return self.images / s.image_budget if s.image_budget else self.spent / (60 * s.time_budget)

    def run(
        self,
        loss: Callable[[nn.Module, int, dict], torch.Tensor],
        validate: Callable[[nn.Module], dict[str, float]],
        config: dict,
        every: float = 60.0,
    ) -> None:
        """Trains until the budget is spent.

        loss: (network, images so far, carried state) -> scalar. validate: scores of the average,
        for the statistics. config: what config.json says besides. every: seconds between
        checkpoints.
        """
        s = self.schedule
        text = json.dumps({"schedule": asdict(s), **config}, indent=1)
        (self.out / "config.json").write_text(text)
        began = last = time.monotonic()
        before, total, steps = self.spent, 0.0, 0
        half = _has_bfloat16(self.device)
        while (progress := self.progress()) < 1:
            rate = self._set_rate(progress)
            exact = progress >= 1 - s.exact_share
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half and not exact):
                value = loss(self.net, self.images, self.carried)
            self._update(value)
            total, steps = total + float(value.detach()), steps + 1
            now = time.monotonic()
            self.spent = before + now - began
            if now - last >= every or self.progress() >= 1:
                pace = steps * s.batch / (now - last)
                self._report(rate, total / steps, pace, validate(self.ema))
                self.save()
                began += time.monotonic() - now  # scoring is not training time
                last, total, steps = time.monotonic(), 0.0, 0

    def _set_rate(self, progress: float) -> float:
        """Sets the learning rate of this share of the budget: warm-up, then a cosine."""
        s = self.schedule
        warm = min(1.0, (self.images + s.batch) / s.warm_up)
        rate = s.rate * warm * (0.5 + 0.5 * math.cos(math.pi * progress))
        for group in self.optimiser.param_groups:
            group["lr"] = max(rate, 1e-6) * group["speed"]
        return rate

    def _update(self, value: torch.Tensor) -> None:
        """One update of the network, and of its average."""
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.schedule.clip)
        if torch.isfinite(norm):  # a broken batch must not break the run
            self.optimiser.step()
        self.images += self.schedule.batch
        self._average()

    def _report(self, rate: float, loss: float, pace: float, scores: dict[str, float]) -> None:
        """Writes a line of statistics, and prints it."""
        minutes = self.spent / 60
        row = {"images": self.images, "minutes": round(minutes, 2), "rate": rate, "loss": loss}
        shown = {"loss": loss, **scores, "images_per_second": round(pace, 1)}
        with (self.out / "stats.jsonl").open("a") as f:
            f.write(json.dumps(row | shown) + "\n")
        left = max(0.0, minutes * (1 / self.progress() - 1))
        text = "  ".join(f"{k} {v:.3f}" for k, v in shown.items())
        print(
            f"{self.images:>10,} images  {minutes:6.1f} min, {left:.1f} to go  {text}", flush=True
        )

    @torch.no_grad()
    def _average(self) -> None:
        # Short at the start, when the weights still move far.
        half_life = min(self.schedule.ema_half_life, 0.05 * self.images)
        keep = 0.5 ** (self.schedule.batch / max(half_life, 1e-8))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.net.parameters()), 1 - keep)


def _has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in it, rather than in its stead."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
