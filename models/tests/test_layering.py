"""Modules import only what docs/architecture.md allows: physics, diffusion and networks know
nothing of each other.
"""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ud2m"
OPERATORS, GENERATORS = "physics.operators", "physics.generators"
NOISE = "physics.noise_model"
# Module or folder -> what of the package it may import, its own folder aside; a folder allows all
# that lies in it.
MAY = {
    "diffusion.noise": set(),
    "diffusion.schedule": set(),
    "diffusion.sampler": {"diffusion.schedule"},
    "physics.canvas": set(),
    "physics.operators": {"physics.canvas"},
    "physics.noise_model": set(),
    "physics.noise_features": {NOISE},
    "physics.generators": {NOISE},
    "physics.observation": {OPERATORS, "physics.canvas"},
    "nn.denoiser": set(),
    "nn.lora": set(),
    "nn.reparam": set(),
    "nn.lpips": set(),
    "nn.stddev": set(),
    "nn.weights": {"nn.denoiser"},
    "nn.conditioning": {"diffusion.noise", NOISE, OPERATORS, "nn.denoiser"},
    "nn.flops": {"diffusion.noise", "nn.conditioning", "nn.denoiser"},
    "nn.net2net": {"nn.conditioning", "nn.denoiser"},
    "nn.imported": {"diffusion.schedule", "nn.lora"},
    "step.mirror": set(),
    "step.rounds": {"nn.conditioning", "nn.denoiser", "step.scalars"},
    "step.scalars": set(),
    "step.noise_axes": {NOISE},
    "step.realism": {"diffusion.noise", OPERATORS},
    "step.unfolded": {
        "diffusion.schedule",
        "nn.conditioning",
        "nn.denoiser",
        NOISE,
        OPERATORS,
        "step.mirror",
        "step.noise_axes",
        "step.realism",
        "step.rounds",
        "step.scalars",
    },
    "step.model": {"nn", OPERATORS, "step.scalars", "step.unfolded"},
    "step.specialists": {"nn.weights", OPERATORS, "step.model", "step.unfolded"},
    "training.data": set(),
    "training.denoising": {"nn.denoiser"},
    "training.noise_estimator": {NOISE, GENERATORS, "physics.noise_features", "training.data"},
    "training.options": {
        "nn.denoiser",
        "training.distillation",
        "training.losses",
        "training.problems",
        "training.trainer",
    },
    "training.draws": {
        GENERATORS,
        "step.model",
        "step.realism",
        "training.data",
        "training.distillation",
        "training.options",
        "training.problems",
    },
    "training.start": {"nn", OPERATORS, "step.model", "step.scalars", "training.options"},
    "training.prefetch": set(),
    "training.trainer": set(),
    "training.losses": {NOISE},
    "training.problems": {GENERATORS, NOISE, OPERATORS, "physics.canvas"},
    "training.distillation": {
        "diffusion.schedule",
        "nn.lpips",
        NOISE,
        "step",
        "training.losses",
        "training.problems",
    },
    "training.stddev": {"nn.stddev", "training.distillation", "training.problems"},
    "training.validator": {
        "diffusion.sampler",
        "step.model",
        "training.distillation",
        "training.losses",
        "training.problems",
    },
    "evaluation.tables": set(),
    "evaluation.metrics": {
        "evaluation.tables",
        "nn.lpips",
        OPERATORS,
        "physics.observation",
    },
    "evaluation.cases": {
        "evaluation.metrics",
        GENERATORS,
        OPERATORS,
        "physics.observation",
    },
    "evaluation.samplers": {
        "diffusion.schedule",
        "evaluation.cases",
        "evaluation.metrics",
        "nn.denoiser",
        "nn.weights",
        OPERATORS,
        "physics.observation",
        "step.unfolded",
        "training.data",
    },
    "evaluation.bench": {
        "diffusion.sampler",
        "evaluation.cases",
        "evaluation.metrics",
        "evaluation.samplers",
        "nn.weights",
        OPERATORS,
        "physics.observation",
        "step",
    },
    "evaluation.public": {
        NOISE,
        "evaluation.bench",
        "evaluation.cases",
        "evaluation.metrics",
        "evaluation.tables",
        GENERATORS,
        OPERATORS,
        "physics.observation",
        "step.specialists",
    },
    "evaluation.options": {"evaluation.cases"},
    "evaluation.stddev": {
        "evaluation.bench",
        "evaluation.cases",
        "evaluation.metrics",
        "evaluation.tables",
        OPERATORS,
    },
    "evaluation.sheet": {"evaluation.bench", "evaluation.cases", "step.specialists"},
    "evaluation.scalar_search": {
        "diffusion.sampler",
        "nn.denoiser",
        GENERATORS,
        OPERATORS,
        "physics.observation",
        "step.scalars",
        "step.unfolded",
    },
    "evaluation.ablation": {
        "evaluation.scalar_search",
        "evaluation.tables",
        "nn.denoiser",
        OPERATORS,
        "step.scalars",
        "training.problems",
    },
    "evaluation.video": {"evaluation.cases", "evaluation.metrics", "evaluation.tables"},
    "evaluation.ram": {OPERATORS, "physics.observation"},
    "export.golden": {
        "diffusion.noise",
        "diffusion.sampler",
        GENERATORS,
        NOISE,
        "physics.observation",
        OPERATORS,
        "step.unfolded",
    },
    "export.graph": {NOISE, "export.manifest", "export.weights", "step.unfolded"},
    "export.prepare": set(),
    "export.splits": set(),
    "export.combine": set(),
    "export.digests": set(),
    "export.manifest": {"diffusion.schedule", "export.digests", "step.unfolded"},
    "export.flops": {"export.manifest"},
    "export.nodes": {"export.manifest"},
    "export.weights": {"nn.lora", "step.unfolded"},
    "export.stddev": {"export.manifest", "nn.stddev"},
    "export.package": {
        "export.golden",
        "export.graph",
        "export.manifest",
        "export.prepare",
        "export.splits",
        "export.weights",
        "nn.denoiser",
        OPERATORS,
        "step.scalars",
        "step.unfolded",
    },
}


def row_of(name: str) -> str | None:
    """The row of a module, named from the package on; None for a folder that holds several rows."""
    return next((row for row in MAY if f"{name}.".startswith(f"{row}.")), None)


def module(path: Path) -> str:
    """physics/operators/blur.py -> physics.operators.blur; a folder's __init__ is the folder."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported(text: str) -> set[str]:
    """What a source names of the package: modules, and what is imported from them."""
    out = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            out |= {a.name.removeprefix("ud2m.") for a in node.names if a.name.startswith("ud2m.")}
        elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("ud2m."):
            out |= {f"{node.module}.{a.name}".removeprefix("ud2m.") for a in node.names}
    return out


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_a_module_imports_only_what_lies_below_it(path):
    here = row_of(module(path))
    if here is None:
        assert path.name == "__init__.py", f"{path} has no row: say what it may import"
        assert not imported(path.read_text()), (
            "the __init__ of a folder of several rows imports nothing"
        )
        return
    allowed = MAY[here] | {here}
    strange = {
        name
        for name in imported(path.read_text())
        if not any(f"{name}.".startswith(f"{a}.") for a in allowed)
    }
    assert not strange


def test_the_architecture_page_has_the_same_table():
    page = (PACKAGE.parents[1] / "docs/architecture.md").read_text()
    text = page.split("## Modules of the Python package")[1].split("\n## ")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE))

    def top(name):
        return name.split(".")[0]

    assert table.keys() == {top(row) for row in MAY}
    for package, may in table.items():
        rows = [others for row, others in MAY.items() if top(row) == package]
        wanted = {top(other) for others in rows for other in others}
        assert set(re.findall(r"\w+", may)) == wanted - {package}, f"{package} differs from MAY"


def test_every_row_is_a_module_or_folder():
    assert set(MAY) == {row_of(module(p)) for p in PACKAGE.rglob("*.py")} - {None}


def test_an_import_is_found_in_any_form():
    for text in ("from ud2m.nn.lora import merge", "def f():\n    from ud2m.nn.lora import merge"):
        assert imported(text) == {"nn.lora.merge"}
    for text in ("from ud2m.nn import lora", "import ud2m.nn.lora"):
        assert imported(text) == {"nn.lora"}
