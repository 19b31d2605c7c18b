"""The tables of an evaluation as Markdown: what was measured, where, and the command for it.

A row is {case: {column: {score: value}}}; a column that is absent is not defined. A column
`ud2m-9` is UD²M at N·K = 9, `ud2m` at the N that was asked for.
"""

import os
import shlex
import textwrap
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
    "ud2m": "UD²M",
}
WIDTH = 100  # columns of a document
CODES = 127.5  # code values of 8 bits for each unit of [-1, 1]
Rows = dict[str, dict[str, dict[str, float]]]


def markdown(head: list[str], body: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(found: dict | None, **formats: str) -> str:
    """The scores of a cell, each in its format; a score that is missing is a dash."""
    if not found:
        return "not defined"
    return " / ".join(f"{found[k]:{f}}" if k in found else "–" for k, f in formats.items())


def title(column: str) -> str:
    """The heading of a column."""
    return NAMES.get(column, f"{NAMES['ud2m']} N·K={column.removeprefix('ud2m-')}")


def comparison(rows: Rows, columns: list[str]) -> str:
    """Three tables: PSNR and SSIM; LPIPS and residual RMS; evaluations and time."""
    names = {key for row in rows.values() for found in row.values() for key in found}
    lpips = {"lpips": ".3f"} if "lpips" in names else {}
    parts = {
        "PSNR in dB / SSIM": {"psnr": ".2f", "ssim": ".3f"},
        "LPIPS / " * bool(lpips) + "residual RMS": lpips | {"residual_rms": ".2f"},
        "evaluations / seconds": {"evaluations": ".0f", "seconds": ".2f"},
    }
    tables = []
    for head, formats in parts.items():
        body = [[n, *(cell(row.get(c), **formats) for c in columns)] for n, row in rows.items()]
        tables.append(markdown([head, *map(title, columns)], body))
    return "\n".join(tables)


def legend(notes: list[str], arguments: list[str]) -> str:
    """What was measured, what is missing and why, and how to make the table again.

    docs/results/legend.md, which it links to, explains the columns.
    """
    what, *others = notes
    return "\n" + footnote(" ".join([what, "Terms: [legend](legend.md).", *others]), arguments)


def footnote(text: str, arguments: list[str], script: str = "evaluate.py") -> str:
    """A paragraph that ends with the machine, and the command."""
    lines = textwrap.wrap(f"{text} {machine()}.", WIDTH, break_on_hyphens=False)
    return "\n".join(lines) + f"\n\n```\n{command(arguments, script)}\n```\n"


def machine() -> str:
    """Processor, its cores, and how many of them computed."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name, used = names[0] if names else "CPU", torch.get_num_threads()
    return f"{name}, {os.cpu_count()} cores, {used} of them used"


def command(arguments: list[str], script: str = "evaluate.py") -> str:
    """The script with these arguments, broken before options where a line is full.

    Paths are relative to the checkout; of folders elsewhere it shows only the name.
    """

    def shown(word: str) -> str:
        path = Path(word).resolve()
        if not path.exists() and "/" not in word:
            return word
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name

    groups = [["python", f"models/{script}"]]
    for word in arguments:
        if word.startswith("--"):
            groups.append([])
        groups[-1].append(shown(word))
    lines = [""]
    for group in map(shlex.join, groups):
        if lines[-1] and len(lines[-1]) + len(group) > WIDTH - 5:  # a space and a backslash besides
            lines.append("")
        lines[-1] = f"{lines[-1]} {group}".strip()
    return " \\\n  ".join(lines)


def replace_section(file: Path, section: str, text: str) -> None:
    """Puts `text` between the markers of `section`.

    Where the markers are missing, it adds them at the end of the file.
    """
    begin, end = (f"<!-- {word} {section} -->" for word in ("begin", "end"))
    old = file.read_text() if file.exists() else "# Results\n"
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else "\n"
    if found and end not in rest:
        raise SystemExit(f"{file} begins the section {section} but does not end it; add {end}.")
    file.write_text(f"{before if found else old + chr(10)}{begin}\n{text}{end}{after}")
