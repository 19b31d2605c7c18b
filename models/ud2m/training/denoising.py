"""What a denoiser is trained on and scored by: noise of all levels, and a balanced loss."""

import numpy as np
import torch

from ud2m.nn.denoiser import Denoiser

SCORED = (0.02, 0.1176, 0.3922, 1.0)  # noise std of the progress lines, in units of [-1, 1]
SCORED_IMAGES, SCORED_SIDE = 32, 128
BINS = 24  # of log sigma, for the balance of the loss


def draw_sigma(count: int, rng: np.random.Generator) -> torch.Tensor:
    """[count] noise std in units of [-1, 1].

    Nine in ten lie where restoration works (0.01 … 2), the rest up to the end of the schedule.
    """
    low, high = np.log([0.01, 2.0]), np.log([2.0, 160.0])
    ends = np.where(rng.random(count)[:, None] < 0.92, low, high)
    return torch.from_numpy(np.exp(rng.uniform(ends[:, 0], ends[:, 1])).astype(np.float32))


def balanced_loss(
    net: Denoiser, clean: torch.Tensor, sigma: torch.Tensor, noise: torch.Tensor, carried: dict
) -> torch.Tensor:
    """Squared error over the running mean of the error at its level, so that none drowns others.

    carried: state that a resumed run takes up.
    """
    restored = net(clean + sigma[:, None, None, None] * noise, sigma).float()
    error = (restored - clean).square().mean((1, 2, 3))
    bins = ((sigma.log() - np.log(0.01)) / np.log(160 / 0.01) * BINS).long().clamp(0, BINS - 1)
    expected = carried.setdefault("expected", torch.full((BINS,), -1.0))
    for b, e in zip(bins.tolist(), error.detach().tolist(), strict=True):
        expected[b] = e if expected[b] < 0 else torch.lerp(expected[b], torch.tensor(e), 0.01)
    return (error / expected[bins].clamp_min(1e-8)).mean()


class NoiseScores:
    """PSNR of a denoiser at a few levels on the same noisy images [B,3,H,W]."""

    def __init__(self, clean: torch.Tensor, rng: np.random.Generator):
        noise = torch.from_numpy(rng.standard_normal(clean.shape, np.float32))
        self.clean, self.noise = clean, noise.to(clean.device)

    @torch.no_grad()
    def __call__(self, net: Denoiser) -> dict[str, float]:
        """`psnr_LEVEL` in dB for each of SCORED."""
        out = {}
        for s in SCORED:
            sigma = torch.full((len(self.clean),), s, device=self.clean.device)
            restored = net(self.clean + s * self.noise, sigma).clamp(-1, 1)
            error = (restored - self.clean).square().mean((1, 2, 3)) / 4
            out[f"psnr_{s:g}"] = float((-10 * error.log10()).mean())
        return out
