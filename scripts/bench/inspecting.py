#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What `ud2m inspect` says of pictures with damage of known size, and of real ones.

    scripts/bench/inspecting.py made PICTURES --limit 24 --report docs/results/inspect.md
    scripts/bench/inspecting.py real FOLDER --report docs/results/inspect.md

PICTURES is a folder of PNG files, on each of which every damage is drawn; FOLDER has a folder for
each kind of damage. Tables are printed, or written between the markers of a document. The command
is target/release/ud2m (`make build`).
"""

import argparse
import json
import re
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
from cells import ROOT
from damages import DAMAGES, Damage, random_of, read

KINDS = ("noise", "jpeg", "disk", "gaussian", "line", "free", "combing", "blocks", "bars")
# A pair's names end so, the clean one's second.
PAIR = ("_noisy", "_clean")


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("mode", choices=["made", "real"])
    p.add_argument("folder", type=Path)
    p.add_argument("--limit", type=int, default=10**6, help="pictures, the first by their names")
    p.add_argument("--report", type=Path, help="document whose tables are written")
    p.add_argument("--quick", action="store_true", help="look for no blur")
    p.add_argument("--jobs", type=int, default=1, help="files at once")
    p.add_argument("--command", type=Path, default=ROOT / "target/release/ud2m")
    return p.parse_args()


def inspected(args: argparse.Namespace, path: Path) -> dict:
    """The command's object for a file."""
    less = "--quick" if args.quick else "--untimed"
    line = [str(args.command), "inspect", str(path), less, "--json"]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{path.name}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def kinds(found: dict) -> list[str]:
    """What was found, a blur by its kind. What is clipped is no damage."""
    names = [name for name in found["findings"] if name in (*KINDS, "blur", "interlaced")]
    names = ["combing" if name == "interlaced" else name for name in names]
    return [found["blur"]["kind"] if name == "blur" else name for name in names]


def at(found: dict, pointer: str) -> float | None:
    value = found
    for name in pointer.strip("/").split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*names: str) -> list[str]:
    return [row(names), row("---" for _ in names)]


def confusion(groups: dict[str, list[dict]], first: str) -> list[str]:
    """How often each kind was told of each group."""
    lines = head(first, "files", "none", *(kind.replace("jpeg", "JPEG") for kind in KINDS))
    for name, all_found in groups.items():
        told = [kinds(found) for found in all_found]
        counts = [sum(kind in names for names in told) for kind in KINDS]
        cells = [sum(not names for names in told), *counts]
        lines.append(row([name, len(told), *(count or "" for count in cells)]))
    return lines


def numbers(groups: dict[str, list[dict]], damages: Iterable[Damage]) -> list[str]:
    """How near the numbers are to the true ones, where they were told."""
    lines = head("made", "number", "true", "median", "from–to", "told", "within")
    for damage in damages:
        for pointer, (true, most) in damage.numbers.items():
            found = groups[damage.name]
            values = [at(one, pointer) for one in found if not damage.kind or is_blurred(one)]
            told = [value for value in values if value is not None]
            near = sum(abs(value - true) <= most for value in told)
            ends = f"{min(told):.3g}–{max(told):.3g}" if told else "–"
            middle = f"{median(told):.3g}" if told else "–"
            name = pointer.removesuffix("/median").strip("/").replace("/", " ")
            count = len(found)
            cells = [damage.name, name, f"{true:g} ± {most:g}", middle, ends]
            lines.append(row([*cells, f"{len(told)} of {count}", f"{near} of {count}"]))
    return lines


def is_blurred(found: dict) -> bool:
    return bool(found["blur"] and found["blur"]["found"])


def damaged(args: argparse.Namespace, picture: Path) -> dict[str, dict]:
    """What is said of a picture with each damage."""
    with tempfile.TemporaryDirectory() as folder:
        paths = (d.write(read(picture), Path(folder), random_of(picture, d)) for d in DAMAGES)
        return {d.name: inspected(args, path) for d, path in zip(DAMAGES, paths, strict=True)}


def made(args: argparse.Namespace) -> list[str]:
    pictures = sorted(args.folder.glob("*.png"))[: args.limit]
    with ThreadPoolExecutor(args.jobs) as pool:
        found = list(pool.map(lambda picture: damaged(args, picture), pictures))
    groups = {damage.name: [one[damage.name] for one in found] for damage in DAMAGES}
    return [*confusion(groups, "made"), "", *numbers(groups, DAMAGES)]


def group(path: Path) -> str:
    """The folder of a real file, and what its name says of it."""
    ending = re.search(r"_(noisy|clean|coded|sharp|kernel)\d*$", path.stem)
    what = {"kernel": "blurred"}.get(ending[1], ending[1]) if ending else ""
    return f"{path.parent.name} {what}".strip()


def real(args: argparse.Namespace) -> list[str]:
    files = sorted(path for path in args.folder.rglob("*.*") if path.suffix != ".md")
    files = [path for path in files if not path.stem.endswith("_kernel")][: args.limit]
    with ThreadPoolExecutor(args.jobs) as pool:
        all_found = list(pool.map(lambda path: inspected(args, path), files))
    groups: dict[str, list[dict]] = {}
    ratios = []
    for path, found in zip(files, all_found, strict=True):
        groups.setdefault(group(path), []).append(found)
        print(path.name, *kinds(found))
        if path.stem.endswith(PAIR[0]):
            clean = path.with_stem(path.stem.removesuffix(PAIR[0]) + PAIR[1])
            true = (read(path).astype(float) - read(clean)).std() / 255
            ratios.append(found["noise"]["sigma"]["median"] / true)
    lines = confusion(groups, "folder")
    if ratios:
        near = sum(abs(ratio - 1) <= 0.15 for ratio in ratios)
        low, middle, high = np.quantile(ratios, [0, 0.5, 1])
        lines += [
            "",
            f"Noise of the {len(ratios)} pairs over that which their means of many shots show: "
            f"{middle:.2f}",
            f"({low:.2f} to {high:.2f}), {near} within 15 %.",
        ]
    return lines


def write(report: Path, mode: str, lines: list[str]) -> None:
    """Puts the lines between the markers of a document."""
    begin, end = f"<!-- begin {mode} -->\n", f"<!-- end {mode} -->"
    before, _, rest = report.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{report} has no marker {begin.strip()}: add it with {end}.")
    report.write_text(before + begin + "\n".join(lines) + "\n" + end + after)


def main() -> None:
    args = arguments()
    lines = made(args) if args.mode == "made" else real(args)
    print("\n".join(lines))
    if args.report:
        write(args.report, args.mode, lines)


if __name__ == "__main__":
    main()
