"""The tables of an evaluation as Markdown: what was measured, where, and the command that makes them again.

A row is {case: {column: {score: value}}}; a column that is absent is not defined. Columns `ud2m-9` are UD²M at N·K = 9.
"""

import os
import shlex
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[3]
NAMES = {
    "input": "input",
    "classical": "classical",
    "dps": "DPS",
    "diffpir": "DiffPIR",
    "ddrm": "DDRM",
    "dpir": "DPIR",
    "latino": "LATINO",
}
CODES = 127.5  # code values of 8 bits for each unit of [-1, 1]
Rows = dict[str, dict[str, dict[str, float]]]


def markdown(head: list[str], body: list[list[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(found: dict | None, **formats: str) -> str:
    return (
        " / ".join(f"{found[k]:{f}}" if k in found else "–" for k, f in formats.items())
        if found
        else "not defined"
    )


def title(column: str) -> str:
    return NAMES.get(column, f"UD²M N·K={column.removeprefix('ud2m-')}")


def comparison(rows: Rows, columns: list[str]) -> str:
    """Two tables: quality; residual RMS, evaluations and time."""
    has = lambda key: any(key in found for row in rows.values() for found in row.values())
    head = [title(c) for c in columns]
    quality = {"psnr": ".2f", "ssim": ".3f"} | ({"distance": ".3f"} if has("distance") else {})
    text = markdown(
        ["PSNR in dB / SSIM" + " / distance" * has("distance"), *head],
        [[n, *(cell(r.get(c), **quality) for c in columns)] for n, r in rows.items()],
    )
    cost = {"residual_rms": ".2f", "evaluations": ".0f", "seconds": ".2f"}
    return (
        text
        + "\n"
        + markdown(
            ["residual RMS / evaluations / seconds", *head],
            [[n, *(cell(r.get(c), **cost) for c in columns)] for n, r in rows.items()],
        )
    )


def posterior(rows: Rows) -> str:
    """One table: a sample against the mean, spread against error."""
    parts = {"PSNR": ("psnr", ".2f"), "distance": ("distance", ".3f")}
    parts = {
        n: p
        for n, p in parts.items()
        if any(f"{p[0]}_mean" in f for r in rows.values() for f in r.values())
    }
    head = [
        "case",
        "method",
        *(f"{n}: sample → mean" for n in parts),
        "residual RMS",
        "spread",
        "error",
        "spread/error",
        "correlation",
        "calibration error",
    ]
    body = []
    for name, row in rows.items():
        for column, f in row.items():
            pair = [f"{f[k + '_sample']:{s}} → {f[k + '_mean']:{s}}" for k, s in parts.values()]
            codes = [f"{CODES * f[k]:.1f}" for k in ("spread", "error")]
            body.append(
                [
                    name,
                    title(column),
                    *pair,
                    f"{f['residual_rms']:.2f}",
                    *codes,
                    *(f"{f[k]:.2f}" for k in ("ratio", "correlation", "calibration_error")),
                ]
            )
    return markdown(head, body)


def legend(what: str, notes: list[str], samples: int, distance: bool, arguments: list[str]) -> str:
    """What the columns mean, what is missing and why, and how to make the table again."""
    text = [
        f"{what}. Residual RMS: |y - A x|/(sigma sqrt n) inside the frame, 1 for the truth (JPEG has no noise: there 0.01 is the unit)."
    ]
    if samples:
        text.append(
            f"Spread and error in code values: the root mean square error of the mean of {samples} samples, as the samples' own variance predicts it, and as it is. "
            "Spread/error below 1: too sure. Calibration error: mean |log2| of that ratio in ten bins of rising spread."
        )
    else:
        text.append("Seconds: median over the images, scoring not counted.")
    if distance:
        text.append("Distance: features of an EfficientNet-Lite0, 0 when equal; it is not LPIPS.")
    else:
        text.append("The perceptual distance is left out: its network is not installed.")
    return "\n" + "\n".join([*text, *notes]) + f"\n{machine()}.\n\n```\n{command(arguments)}\n```\n"


def machine() -> str:
    """Processor, its cores, and how many of them computed."""
    info = Path("/proc/cpuinfo")
    names = (
        [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        if info.exists()
        else []
    )
    return f"{names[0] if names else 'CPU'}, {os.cpu_count()} cores, {torch.get_num_threads()} of them used"


def command(arguments: list[str], script: str = "evaluate.py") -> str:
    """The script with these arguments, with paths relative to the checkout; of folders elsewhere only the name."""

    def shown(word: str) -> str:
        path = Path(word).resolve()
        if not path.exists() and "/" not in word:
            return word
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name

    return shlex.join(["python", f"models/{script}", *(shown(w) for w in arguments)])


def replace_section(file: Path, section: str, text: str) -> None:
    """Puts `text` between the markers of `section`; adds them at the end of the file where they are missing."""
    begin, end = (f"<!-- {word} {section} -->" for word in ("begin", "end"))
    old = file.read_text() if file.exists() else "# Results\n"
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else "\n"
    if found and end not in rest:
        raise SystemExit(f"{file} begins the section {section} but does not end it; add {end}.")
    file.write_text(f"{before if found else old + chr(10)}{begin}\n{text}{end}{after}")
