#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Writes the notices of what plugin and command are linked with, and of ONNX Runtime beside them.

    python3 scripts/notices.py ONNXRUNTIME_FOLDER > THIRD-PARTY.txt

The crates are those of a build for this machine, by `cargo metadata`; each text of a licence stands
once, below the names of the crates that have it.
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ("LICEN", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE")  # how names of files begin
OWN = ("gst-plugin-ud2m", "ud2m")
RULE = "=" * 80


def host() -> str:
    """The target that this machine builds for."""
    output = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(line.split()[1] for line in output.splitlines() if line.startswith("host:"))


def crates() -> list[dict]:
    """The packages that plugin and command hold, by name; tools of the build are none."""
    command = [
        "cargo",
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        host(),
    ]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    metadata = json.loads(output)
    packages = {p["id"]: p for p in metadata["packages"]}
    needs = {
        node["id"]: [
            dep["pkg"]
            for dep in node["deps"]
            if any(kind["kind"] is None for kind in dep["dep_kinds"])
        ]
        for node in metadata["resolve"]["nodes"]
    }
    waiting, found = list(metadata["workspace_members"]), set()
    while waiting:
        here = waiting.pop()
        # A macro runs while the plugin is built, and so does all that it needs.
        macro = any("proc-macro" in target["kind"] for target in packages[here]["targets"])
        if here not in found and not macro:
            found.add(here)
            waiting += needs[here]
    return sorted((packages[id] for id in found), key=lambda p: (p["name"], p["version"]))


def texts(folder: Path) -> list[str]:
    """The texts of licences and notices in a folder."""
    files = (f for f in sorted(folder.iterdir()) if f.name.upper().startswith(TEXTS))
    return [f.read_text(errors="replace").strip() for f in files if f.is_file()]


def notices(onnxruntime: Path) -> str:
    """All notices, as one text."""
    linked = [p for p in crates() if p["name"] not in OWN]
    lines = [
        "The plugin and the command ud2m are made of their own code (MPL-2.0) and of these crates,",
        "and are installed with ONNX Runtime. Their licences follow.",
        "",
    ]
    lines += [f"{p['name']} {p['version']}: {p['license']}, {p['repository']}" for p in linked]
    holders = defaultdict(list)
    for package in linked:
        for text in texts(Path(package["manifest_path"]).parent):
            holders[text].append(f"{package['name']} {package['version']}")
    for file in ("LICENSE", "ThirdPartyNotices.txt"):
        holders[(onnxruntime / file).read_text(errors="replace").strip()].append("ONNX Runtime")
    for text, names in holders.items():
        lines += ["", RULE, ", ".join(names), RULE, "", text]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(notices(Path(sys.argv[1])))
