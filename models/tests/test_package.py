"""The package's own description: what it needs is what the project installs and tests with."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def names(requirements):
    """The packages that lines such as `numpy==2.4.6` name."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {name[0].lower() for name in found if name}


def test_every_dependency_has_a_version_that_is_known_to_work():
    project = tomllib.loads((ROOT / "models" / "pyproject.toml").read_text())["project"]
    needed = names(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        needed |= names(extra) - {project["name"]}
    lists = [ROOT / "scripts" / f"requirements{end}.txt" for end in ("", "-torch")]
    lines = [line for file in lists for line in file.read_text().splitlines()]
    assert needed <= names(line for line in lines if "==" in line)
