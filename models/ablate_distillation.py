"""What each part of the distillation is worth: trains variants on equally many problems from one denoiser, and tabulates them.

    python models/ablate_distillation.py --shards a.tar b.tar c.tar --cache runs/cache --kernels KERNELS --denoiser models/zoo/lite/denoiser.safetensors \\
        --scalars models/zoo/lite/scalars.json --out runs/ablation --image-budget 2400 --report docs/results.md --plot docs/ablation.png

PSNR in dB on held-out training images (the last line of each run's stats.jsonl). Runs that are there already are not
trained again. So short a training shows the order of the variants, not what they reach in the end.
"""

import argparse
import json
import subprocess
import sys
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
    "perceptual losses": ["--preset", "perceptual"],
    "for masks alone": ["--families", "mask"],
    "for ×4 alone": ["--families", "downscale4"],
}
BASE = next(iter(VARIANTS))


def run(a: argparse.Namespace, name: str) -> dict[str, float]:
    """The last scores of a variant, trained if it is not there."""
    out = a.out / name.replace(" ", "-").replace(",", "").replace(":", "").replace("†", "")
    if not (out / "step.safetensors").exists():
        command = [
            sys.executable,
            Path(__file__).parent / "distill.py",
            "--shards",
            *a.shards,
            "--denoiser",
            a.denoiser,
            "--scalars",
            a.scalars,
            "--out",
            out,
        ]
        command += [
            "--cache",
            a.cache or a.out / "cache",
            *(["--kernels", a.kernels] if a.kernels else []),
        ]
        command += [
            "--image-budget",
            str(a.image_budget),
            "--batch",
            str(a.batch),
            "--crop",
            str(a.crop),
            "--seed",
            "0",
            "--every",
            "1e9",
            *VARIANTS[name],
        ]
        subprocess.run(command, check=True)
    return json.loads((out / "stats.jsonl").read_text().splitlines()[-1])


def table(rows: dict[str, dict[str, float]]) -> str:
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


def plot(rows: dict[str, dict[str, float]], path: Path) -> None:
    """Bars: mean difference to the first variant over the families that both have."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    base, names = rows[BASE], [n for n in rows if n != BASE]
    change = [
        sum(rows[n][f] - base[f] for f in WEIGHTS if f in rows[n])
        / sum(f in rows[n] for f in WEIGHTS)
        for n in names
    ]
    figure, axes = pyplot.subplots(figsize=(7, 0.4 * len(names) + 1), layout="constrained")
    axes.barh(names, change, color=["tab:blue" if c > 0 else "tab:orange" for c in change])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel(f"dB against “{BASE}”, mean over its families")
    figure.savefig(path, dpi=110)


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("shards", "denoiser", "scalars", "out"):
        p.add_argument(
            f"--{name}", type=Path, required=True, nargs="+" if name == "shards" else None
        )
    p.add_argument("--cache", type=Path)
    p.add_argument("--kernels", type=Path)
    p.add_argument(
        "--image-budget", type=int, default=2400, help="problems that each variant is trained on"
    )
    p.add_argument("--batch", type=int, default=6)
    p.add_argument(
        "--crop",
        type=int,
        default=48,
        help="small crops: more of them in the time; they show the order of the variants all the same",
    )
    p.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    p.add_argument("--report", type=Path, help="Markdown file whose section `ablation` is replaced")
    p.add_argument("--plot", type=Path)
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    rows = {name: run(a, name) for name in dict.fromkeys([BASE, *a.variants])}
    text = table(rows)
    print(text)
    if a.report:
        what = f"Trained on {a.image_budget:,} problems each, crops of {a.crop}."
        note = "\n" + tables.footnote(what, sys.argv[1:], Path(__file__).name)
        tables.replace_section(a.report, "ablation", text + note)
    if a.plot:
        plot(rows, a.plot)


if __name__ == "__main__":
    main()
