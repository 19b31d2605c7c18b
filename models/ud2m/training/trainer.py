"""One training loop under a time budget: warm-up, cosine, EMA, checkpoints, resume, statistics.

Knows no network and no task: it is handed a module and a function that gives a batch's loss. The learning rate follows
the share of the time budget that is spent, so that a slow machine ends its schedule too; or, where a count of images is
set, the share of that, so that runs compare whatever else the machine did.
"""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to train. `time_budget` and `image_budget` are whole budgets over all resumed runs."""

    time_budget: float = 60.0  # minutes
    image_budget: int = 0  # images, instead of minutes; 0: none
    batch: int = 16  # images
    rate: float = 8e-4  # peak learning rate of AdamW
    warm_up: int = 16_000  # images
    ema_half_life: int = 50_000  # images
    clip: float = 1.0  # gradient norm
    exact_share: float = (
        0.2  # last share of the budget in float32; bfloat16 before, where the device has it
    )
    seed: int = 0


def default_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Trainer:
    """Trains `net` in place; `ema` holds the average that ships. `fast`: names of parameters that learn ten times faster."""

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
        groups = [{"params": slow, "speed": 1.0}] + (
            [{"params": quick, "speed": 10.0, "weight_decay": 0.0}] if quick else []
        )
        self.optimiser = torch.optim.AdamW(
            groups, lr=schedule.rate, betas=(0.9, 0.98), weight_decay=1e-3
        )
        self.images, self.spent, self.carried = 0, 0.0, {}
        out.mkdir(parents=True, exist_ok=True)

    def resume(self) -> bool:
        """Takes up `checkpoint.pt` of an earlier run with the same command; True when there was one."""
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
        loss: Callable[
            [nn.Module, int, dict], torch.Tensor
        ],  # (net, images so far, carried state) -> scalar
        validate: Callable[[nn.Module], dict[str, float]],
        config: dict,
        every: float = 60.0,  # seconds between checkpoints
    ) -> None:
        s = self.schedule
        (self.out / "config.json").write_text(
            json.dumps({"schedule": asdict(s), **config}, indent=1)
        )
        began = last = time.monotonic()
        before, mean, steps = self.spent, 0.0, 0
        half = (
            torch.cuda.is_bf16_supported()
            if self.device.type == "cuda"
            else torch.ops.mkldnn._is_mkldnn_bf16_supported()
        )
        while (progress := self.progress()) < 1:
            rate = (
                s.rate
                * min(1.0, (self.images + s.batch) / s.warm_up)
                * (0.5 + 0.5 * math.cos(math.pi * progress))
            )
            for group in self.optimiser.param_groups:
                group["lr"] = max(rate, 1e-6) * group["speed"]
            with torch.autocast(
                self.device.type, torch.bfloat16, enabled=half and progress < 1 - s.exact_share
            ):
                value = loss(self.net, self.images, self.carried)
            self.optimiser.zero_grad(set_to_none=True)
            value.backward()
            norm = nn.utils.clip_grad_norm_(self.net.parameters(), s.clip)
            if torch.isfinite(norm):  # a broken batch must not break the run
                self.optimiser.step()
            self.images += s.batch
            self._average()
            mean, steps = mean + float(value.detach()), steps + 1
            now = time.monotonic()
            self.spent = before + now - began
            if now - last >= every or self.progress() >= 1:
                row = {
                    "images": self.images,
                    "minutes": round(self.spent / 60, 2),
                    "rate": rate,
                    "loss": mean / steps,
                    **validate(self.ema),
                }
                row["images_per_second"] = round(steps * s.batch / (now - last), 1)
                with (self.out / "stats.jsonl").open("a") as f:
                    f.write(json.dumps(row) + "\n")
                scores = "  ".join(
                    f"{k} {v:.3f}" for k, v in row.items() if k not in ("images", "minutes", "rate")
                )
                left = self.spent / 60 * (1 / self.progress() - 1)
                print(
                    f"{self.images:>10,} images  {self.spent / 60:6.1f} min, {max(0.0, left):.1f} to go  {scores}",
                    flush=True,
                )
                self.save()
                began += time.monotonic() - now  # scoring is not training time
                last, mean, steps = time.monotonic(), 0.0, 0

    @torch.no_grad()
    def _average(self) -> None:
        half_life = min(
            self.schedule.ema_half_life, 0.05 * self.images
        )  # short at the start, when the weights still move far
        keep = 0.5 ** (self.schedule.batch / max(half_life, 1e-8))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.net.parameters()), 1 - keep)
