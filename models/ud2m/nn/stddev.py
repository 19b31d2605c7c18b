"""The network that tells how far a restored image may be from the truth.

A posterior has a standard deviation beside its mean. Samples show it at the price of several runs;
this network tells it from the mean itself, what the mean was made of, and what was observed. It is
trained as the variance of a normal distribution (Kendall and Gal 2017, eq. 8).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

STRIDE = 4  # pixels from one of the finest features to the next
INPUTS = ("x0", "initial", "observed", "sigma_y")
# Of [-1, 1]: half a code of 8 bits is certain, a deviation of full scale is none.
LEAST, MOST = 0.002, 1.0
USUAL = 0.05  # what it tells at first


@dataclass(frozen=True)
class StddevConfig:
    """Channels at a quarter of the image's sides, at an eighth, at a sixteenth."""

    channels: tuple[int, int, int] = (32, 48, 64)

    @property
    def multiple(self) -> int:
        """Height and width of an image are multiples of this."""
        return STRIDE * 2 ** (len(self.channels) - 1)


class StddevNetwork(nn.Module):
    """A U-Net of three scales with a residual block on each side of each."""

    def __init__(self, config: StddevConfig = StddevConfig()):
        super().__init__()
        self.config = config
        first, second, third = config.channels
        planes = 3 + 3 + 1 + 1  # x0, initial - x0, observed, level of the noise
        self.head = nn.Conv2d(planes, first, 2 * STRIDE, STRIDE, padding=STRIDE // 2)
        self.encoder = nn.ModuleList(_Block(c) for c in (first, second))
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 2, stride=2) for a, b in ((first, second), (second, third))
        )
        self.bottom = nn.Sequential(_Block(third), _Block(third))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in ((second, third), (first, second))
        )
        self.decoder = nn.ModuleList(_Block(c) for c in (second, first))
        self.tail = nn.Conv2d(first, STRIDE**2, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.constant_(self.tail.bias, torch.tensor(USUAL).log().item())

    def forward(
        self,
        x0: torch.Tensor,  # [B,3,H,W] the restored mean, in about [-1, 1]
        initial: torch.Tensor,  # [B,3,H,W] the plain initial estimate that it was made of
        observed: torch.Tensor,  # [B,1,H,W] 1 where a pixel was observed, 0 where it was missing
        sigma_y: torch.Tensor,  # [B] or [1] noise std of y, in [-1, 1]
    ) -> torch.Tensor:
        """[B,1,H,W] standard deviation of a channel of x0 in [-1, 1], LEAST … MOST.

        Its square is the expected squared error, the mean over R, G and B.
        """
        x0 = x0.clamp(-1, 1)
        level = sigma_y.clamp(LEAST, MOST).log10().reshape(-1, 1, 1, 1)
        planes = x0, 4 * (initial - x0), observed, level * torch.ones_like(observed)
        h = self.head(torch.cat(planes, 1))
        skips = []
        for block, down in zip(self.encoder, self.down, strict=True):
            skips.append(block(h))
            h = down(skips[-1])
        h = self.bottom(h)
        for up, block, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            h = block(up(h) + skip)
        logarithm = F.pixel_shuffle(self.tail(F.relu(h)), STRIDE)
        return logarithm.exp().clamp(LEAST, MOST)


class _Block(nn.Module):
    """x + conv(relu(conv(relu(x))))."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.2)  # near identity at the start

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


def save_stddev(net: StddevNetwork, path: Path, provenance: dict) -> None:
    """Writes `net` as float16 with `provenance` in the header (`nn.weights.provenance`)."""
    meta = {"stddev": json.dumps(asdict(net.config)), "provenance": json.dumps(provenance)}
    save_file({k: v.detach().contiguous().half() for k, v in net.state_dict().items()}, path, meta)


def load_stddev(path: Path) -> StddevNetwork:
    """The network in float32 and eval mode. Raises ValueError for a file of another kind."""
    with safe_open(path, "pt") as f:
        meta = f.metadata() or {}
        if "stddev" not in meta:
            raise ValueError(f"{path} tells no standard deviation; make one with train_stddev.py.")
        net = StddevNetwork(StddevConfig(tuple(json.loads(meta["stddev"])["channels"])))
        net.load_state_dict({k: f.get_tensor(k).float() for k in f.keys()})
    return net.eval()
