"""Modules import only what docs/architecture.md allows: physics, diffusion and networks know nothing of each other."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ud2m"
MAY = {  # module or folder -> what of the package it may import, its own folder aside
    "diffusion": set(),
    "operators": set(),
    "prior": set(),
    "lora": set(),
    "guidance": {"operators", "prior"},
    "unfolding": {"diffusion", "guidance", "operators", "prior"},
    "distilled": {"conditioning", "guidance", "lora", "operators", "prior", "unfolding"},
    "growth": {"distilled", "guidance", "prior"},
    "specialists": {"conditioning", "distilled", "operators", "unfolding"},
    "conditioning": {"operators"},
    "degradations": set(),
    "psfs": {"degradations"},
    "likelihoods": {"conditioning", "degradations", "operators"},
    "losses": set(),
    "training": set(),
    "data": set(),
    "stream": set(),
    "distillation": {"diffusion", "distilled", "likelihoods", "losses"},
    "progress": {"distillation", "distilled", "likelihoods", "losses", "sampling"},
    "sampling": {"diffusion"},
    "manifest": {"diffusion"},
    "weights": {"prior"},
    "export": {"conditioning", "degradations", "manifest", "operators", "prior", "sampling", "unfolding"},
    "imported": {"diffusion", "lora"},
    "baselines": set(),
    "scores": {"conditioning", "losses", "operators"},
    "cases": {"baselines", "conditioning", "degradations", "operators", "scores"},
    "rivals": {"cases", "conditioning", "data", "diffusion", "operators", "scores", "unfolding", "weights"},
    "ram": {"conditioning", "operators"},
    "tables": set(),
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(text: str) -> set[str]:
    """The rooms of the package that a source names."""
    out = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            out |= {a.name.split(".")[1] for a in node.names if a.name.startswith("ud2m.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "ud2m":
            out |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ud2m."):
            out.add(node.module.split(".")[1])
    return out


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_below_it(path):
    here = room(path)
    if here == "__init__":
        return
    assert here in MAY, f"ud2m/{here} has no row: say what it may import"
    assert imported(path.read_text()) - {here} <= MAY[here]


def test_every_row_is_a_room():
    assert set(MAY) == {room(p) for p in PACKAGE.rglob("*.py")} - {"__init__"}


def test_an_import_is_seen_in_any_form():
    for text in ("from ud2m.prior import Prior", "from ud2m import prior", "import ud2m.prior", "def f():\n    from ud2m.prior import Prior"):
        assert imported(text) == {"prior"}
