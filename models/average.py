"""Averages the weights of two distilled steps of one shape, such as a run and the one that it went on from.

    python models/average.py --first runs/a/step.safetensors --second runs/b/step.safetensors --share 0.65 --out step.safetensors

Two ends of one training path often lie in one basin, and a point between them errs less than either (Wortsman et al. 2022,
arXiv 2203.05482). --share is the second's; choose it on held-out training problems.
"""

import argparse
from pathlib import Path

from ud2m.nn.weights import provenance
from ud2m.step.model import average, load_model, save_model


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("first", "second", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1")
    p.add_argument(
        "--ensemble",
        action="store_true",
        help="the steps of the result see mirrored images (ud2m.step.unfolded.UnfoldedStep)",
    )
    a = p.parse_args()
    if not 0 <= a.share <= 1:
        p.error(f"--share {a.share} must be between 0 and 1.")
    try:
        mean = average(load_model(a.first), load_model(a.second), a.share)
    except ValueError as reason:
        p.error(str(reason))
    mean.ensemble |= a.ensemble
    of = [provenance(path) for path in (a.first, a.second)]
    save_model(
        mean,
        a.out,
        {"average": {"share": a.share, "ensemble": mean.ensemble, "first": of[0], "second": of[1]}},
    )


if __name__ == "__main__":
    main()
