# SPDX-License-Identifier: MPL-2.0
"""The crates that Cargo.lock names build with the Rust that Cargo.toml states."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def version(text: str | None) -> tuple[int, ...]:
    """(1, 92, 0) of "1.92"; nothing stated is earlier than all."""
    numbers = [int(number) for number in (text or "0").split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def test_no_crate_needs_a_later_rust_than_cargo_toml_states():
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    packages = {p["name"]: p["rust_version"] for p in json.loads(output)["packages"]}
    stated = packages["gst-plugin-ud2m"]
    later = {name: rust for name, rust in packages.items() if version(rust) > version(stated)}
    assert stated and not later, f"Cargo.toml states Rust {stated}; later is needed by {later}"
