"""A published noise predictor as a denoiser: call, levels and range as the project's own."""

import torch
from torch import nn

from ud2m.diffusion.schedule import LEVELS, sigmas
from ud2m.nn import lora
from ud2m.nn.imported.parts import NoisePredictor

PAPER_RANK, PAPER_ALPHA = 5, 1.5  # LoRA of arXiv 2507.02686


class ImportedDenoiser(nn.Module):
    """D(x, sigma) -> x0, x and x0 [B,3,H,W] in [-1, 1], sigma [B].

    H and W are multiples of `config.multiple`. The network inside predicts the noise of a
    variance-preserving state, at one of the levels of `ud2m.diffusion.schedule`. It has seen whole
    levels only; between them its time embedding, which is a continuous function, takes the
    fraction.
    """

    def __init__(self, net: NoisePredictor):
        super().__init__()
        self.net = net
        self.config = net.config
        self.lora_targets = net.lora_targets
        self.register_buffer("log_sigma", sigmas().log().float(), persistent=False)

    def level(self, sigma: torch.Tensor) -> torch.Tensor:
        """Continuous level index [B], 0 … 999, of noise levels sigma [B].

        Between the schedule's levels it is linear in the logarithm; outside it is clamped.
        """
        wanted, table = sigma.log(), self.log_sigma
        # Counting instead of a search: it exports to plain comparisons and one lookup.
        below = ((wanted[:, None] >= table).sum(1) - 1).clamp(0, LEVELS - 2)
        low, high = table[below], table[below + 1]
        return (below + (wanted - low) / (high - low)).clamp(0, LEVELS - 1)

    def forward(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        s = sigma[:, None, None, None]
        eps = self.net(x * torch.rsqrt(1 + s.square()), self.level(sigma))
        return x - s * eps


def adapt(
    denoiser: ImportedDenoiser,
    rank: int = PAPER_RANK,
    alpha: float = PAPER_ALPHA,
    targets: str | None = None,
    last_layer: bool = True,
) -> list[str]:
    """Freezes the denoiser and puts low-rank adapters on its attention.

    With `last_layer`, that layer is trained whole. Returns the names of the adapted layers; the
    defaults are the paper's. Raises ValueError where no layer has a name that matches `targets`.
    """
    pattern = denoiser.lora_targets if targets is None else targets
    names = lora.attach(denoiser, rank, alpha, pattern)
    if last_layer:
        denoiser.net.get_submodule(denoiser.net.last_layer).requires_grad_(True)
    return names
