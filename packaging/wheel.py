#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Packs what `make install` put below a prefix, and the package ud2mrestore, into a wheel for pip.

    python3 packaging/wheel.py PREFIX --out dist

A wheel is a zip archive with four small files on itself, and nothing is compiled here, so this
needs no build backend. ONNX Runtime stays out: it is a dependency. The same files give the same
bytes.
"""

import argparse
import base64
import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "ud2mrestore"
PYTHON = "3.11"  # the oldest Python that the package is tested with
MIDNIGHT = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can state
NOTICES = "THIRD-PARTY.txt"

METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: {version}
Summary: {summary}
License-Expression: MPL-2.0
License-File: LICENSE
License-File: {notices}
Requires-Python: >={python}
Requires-Dist: onnxruntime>={runtime}
Description-Content-Type: text/markdown

The GStreamer filter `ud2mrestore`, the command `ud2m` and the models `lite` and `tiny`, built
for Linux.

GStreamer 1.22 or later comes from the distribution and is not part of this package. On Debian and
Ubuntu: `sudo apt install gstreamer1.0-plugins-good gstreamer1.0-libav`.
"""
WHEEL = """\
Wheel-Version: 1.0
Generator: {name} {version}
Root-Is-Purelib: false
Tag: {tag}
"""
ENTRY_POINTS = f"[console_scripts]\nud2m = {NAME}.command:main\n"


def glibc(binaries: list[Path]) -> tuple[int, int]:
    """The oldest glibc that has every symbol which the binaries ask for."""
    if not shutil.which("readelf"):
        sys.exit("wheel: readelf is missing: install binutils, then run this again.")
    command = ["readelf", "--wide", "--version-info", *map(str, binaries)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return max((int(a), int(b)) for a, b in re.findall(r"\bGLIBC_(\d+)\.(\d+)", output))


def installed(prefix: Path) -> dict[str, Path]:
    """The files below the prefix that belong into the wheel, by their paths in it."""
    files = sorted(f for f in prefix.rglob("*") if f.is_file())
    wanted = (f for f in files if f.name != NOTICES and "libonnxruntime.so" not in f.name)
    return {f"{NAME}/{f.relative_to(prefix).as_posix()}": f for f in wanted}


def contents(prefix: Path) -> tuple[str, dict[str, tuple[bytes, bool]]]:
    """The wheel's file name, and its files: bytes, and whether they are programs."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    built = installed(prefix)
    binaries = [f for f in built.values() if f.name == "ud2m" or f.suffix == ".so"]
    if len(binaries) != 2:
        sys.exit(
            f"wheel: {prefix} does not hold plugin and command: run make install into it first."
        )
    oldest = glibc(binaries)
    tag = f"py3-none-manylinux_{oldest[0]}_{oldest[1]}_{platform.machine()}"
    interface = next(f for f in cargo["dependencies"]["ort"]["features"] if f.startswith("api-"))
    facts = {
        "name": NAME,
        "version": cargo["workspace"]["package"]["version"],
        "summary": re.sub(r"\s+", " ", cargo["package"]["description"]).strip(),
        "notices": NOTICES,
        "python": PYTHON,
        "runtime": interface.replace("api-", "1."),
        "tag": tag,
    }
    info = f"{NAME}-{facts['version']}.dist-info"
    files = {name: (f.read_bytes(), f in binaries) for name, f in built.items()}
    for module in sorted((ROOT / "packaging" / NAME).glob("*.py")):
        files[f"{NAME}/{module.name}"] = (module.read_bytes(), False)
    notices = next(prefix.rglob(NOTICES))
    for licence in (ROOT / "LICENSE", notices):
        files[f"{info}/licenses/{licence.name}"] = (licence.read_bytes(), False)
    for name, text in (("METADATA", METADATA), ("WHEEL", WHEEL)):
        files[f"{info}/{name}"] = (text.format(**facts).encode(), False)
    files[f"{info}/entry_points.txt"] = (ENTRY_POINTS.encode(), False)
    files[f"{info}/RECORD"] = (record(f"{info}/RECORD", files), False)
    return f"{NAME}-{facts['version']}-{tag}.whl", files


def record(own: str, files: dict[str, tuple[bytes, bool]]) -> bytes:
    """The list of all files with hash and size, by which pip checks and uninstalls them."""
    lines = []
    for name, (data, _) in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join([*lines, f"{own},,", ""]).encode()


def pack(prefix: Path, out: Path) -> Path:
    """Writes the wheel into the folder `out`."""
    name, files = contents(prefix)
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, (data, program) in files.items():
            entry = zipfile.ZipInfo(path, MIDNIGHT)
            entry.external_attr = (0o100755 if program else 0o100644) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return out / name


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pack what was installed into a wheel.")
    parser.add_argument("prefix", type=Path, help="what `make install` had as PREFIX")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder of the wheel")
    arguments = parser.parse_args()
    print(pack(arguments.prefix, arguments.out))
