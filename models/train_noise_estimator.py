"""Trains the network that tells the element the noise of a frame, on tar shards of images.

python models/train_noise_estimator.py --shards a.tar b.tar c.tar --out runs/noise-estimator

Draws noisy images, keeps what the estimator sees of them, and fits it to the truth; scores are of
images that are held out. To go on with more draws, run it again. --install writes the network into
the sources of the element.
"""

import argparse
import json
from pathlib import Path

import torch

from ud2m.training.data import decode
from ud2m.training.noise_estimator import Draws, errors, fit, save

INSTALLED = Path(__file__).parent.parent / "src/operator/noise/network.bin"
HELD_OUT = 1000  # draws


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--shards", type=Path, nargs="+", required=True, help="tar files of images")
    p.add_argument("--out", type=Path, required=True, help="folder of draws, scores and network")
    p.add_argument("--draws", type=int, default=20_000, help="noisy images (default: 20000)")
    p.add_argument("--held-out", type=int, default=HELD_OUT, help="noisy images to score with")
    p.add_argument("--epochs", type=int, default=100, help="over the draws (default: 100)")
    p.add_argument("--workers", type=int, default=1, help="processes that draw")
    p.add_argument("--seed", type=int, default=0, help="of draws and weights")
    p.add_argument("--install", action="store_true", help=f"write {INSTALLED.name} of the element")
    a = p.parse_args()
    cache = a.out / "cache"
    decode(a.shards, cache)
    held = Draws(a.out / "held-out.npz", cache, a.seed + 1, held=True)
    held.grow(a.held_out, a.workers)
    draws = Draws(a.out / "draws.npz", cache, a.seed)
    draws.grow(a.draws, a.workers)
    torch.set_num_threads(a.workers)
    estimator = fit(*draws.tensors(), a.epochs, a.seed)
    scores = {"draws": len(draws.rows), "errors": errors(estimator, *held.tensors())}
    print(json.dumps(scores, indent=1))
    (a.out / "scores.json").write_text(json.dumps(scores))
    save(estimator, INSTALLED if a.install else a.out / "network.bin")


if __name__ == "__main__":
    main()
