"""What each part of the distillation is worth: the variants that are trained, and their tables.

A row is the last line of a run's stats.jsonl: PSNR in dB on held-out training images by family, of
a single step as `one_…`, and the mean distance of features. So short a training shows the order of
the variants, not what they reach in the end.
"""

from pathlib import Path

from ud2m.evaluation import tables
from ud2m.training.problems import WEIGHTS

VARIANTS = {  # name -> options of distill.py
    "all weights, joint, K = 3": [],
    "not distilled (one update)": ["--image-budget", "1", "--rate", "1e-6"],
    "LoRA rank 4": ["--rank", "4"],
    "LoRA rank 16": ["--rank", "16"],
    "rank 0: conditioning and scalars only": ["--rank", "0"],
    "initial estimate A†y, not learned": ["--initial", "adjoint"],
    "no conditioning: levels only": ["--conditioning", "none"],
    "K = 1": ["--iterations", "1"],
    "K = 2": ["--iterations", "2"],
    "perceptual losses": ["--loss", "perceptual"],
    "for masks alone": ["--families", "mask"],
    "for ×4 alone": ["--families", "downscale4"],
}
BASE = next(iter(VARIANTS))
Rows = dict[str, dict[str, float]]


def folder(name: str) -> str:
    """The name of a variant's folder."""
    return name.replace(" ", "-").translate(str.maketrans("", "", ",:†"))


def table(rows: Rows) -> str:
    """Two tables of differences to the first variant; its own row is absolute."""
    base = rows[BASE]
    scores, others = [], []
    for name, row in rows.items():
        shared = [f for f in WEIGHTS if f in row]
        first, sign = name == BASE, "+" if name != BASE else ""
        change = {f: row[f] - (not first) * base[f] for f in (*shared, "distance")}
        scores.append([name, *(f"{change[f]:{sign}.2f}" if f in shared else "–" for f in WEIGHTS)])
        # The distance is a mean over the families, which a run for one of them does not share.
        distance = f"{change['distance']:{sign}.3f}" if len(shared) == len(WEIGHTS) else "–"
        one = sum(row[f"one_{f}"] - row[f] for f in shared) / len(shared)
        others.append([name, distance, f"{one:+.2f}", f"{row['images']:,}"])
    head = ["variant", "distance", "one step against three", "images seen"]
    return tables.markdown(["variant", *WEIGHTS], scores) + "\n" + tables.markdown(head, others)


def plot(rows: Rows, path: Path) -> None:
    """Bars: mean difference in dB to the first variant over the families that both have."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    base, names = rows[BASE], [n for n in rows if n != BASE]
    change = []
    for name in names:
        gains = [rows[name][f] - base[f] for f in WEIGHTS if f in rows[name]]
        change.append(sum(gains) / len(gains))
    figure, axes = pyplot.subplots(figsize=(7, 0.4 * len(names) + 1), layout="constrained")
    axes.barh(names, change, color=["tab:blue" if c > 0 else "tab:orange" for c in change])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel(f"dB against “{BASE}”, mean over its families")
    figure.savefig(path, dpi=110)
