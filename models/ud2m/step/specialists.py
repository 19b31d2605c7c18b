"""The networks behind one package: for each family its own, where it has one, else the joint one.

All begin as one network trained on all families; some then go on with a single family
(`distill.py --families`). A graph holds one family's network, so a specialist costs room on disk
and nothing else.
"""

from pathlib import Path

from torch import nn

from ud2m.nn.weights import provenance
from ud2m.physics.operators import Operator
from ud2m.step.model import UnfoldedModel, load_model
from ud2m.step.unfolded import UnfoldedStep

JOINT, SPECIAL = "step.safetensors", "step-*.safetensors"


class Specialists(nn.Module):
    """families: the network of each.

    Raises ValueError where they differ in `ensemble`. Their iterations may differ.
    """

    def __init__(self, families: dict[str, UnfoldedModel]):
        super().__init__()
        self.families = nn.ModuleDict(families)
        if len({net.ensemble for net in families.values()}) != 1:
            raise ValueError(
                "The steps differ in whether they are ensembles; put together steps of one kind."
            )

    def set_iterations(self, count: int) -> None:
        """K of every step, instead of those that they were trained for."""
        for net in self.families.values():
            net.iterations = count

    @property
    def ensemble(self) -> bool:
        """Whether the sampler is to answer with the mean of its estimates."""
        return next(iter(self.families.values())).ensemble

    def step(self, family: str, operator: Operator | None = None) -> UnfoldedStep:
        """The unfolded step of `family`; see `UnfoldedModel.step`."""
        return self.families[family].step(family, operator)

    def steps(self) -> dict[str, UnfoldedStep]:
        """The step of every graph of every family, by the name of the graph."""
        every = [net.steps([family]) for family, net in self.families.items()]
        return {graph: step for steps in every for graph, step in steps.items()}


def step_files(path: Path) -> list[Path]:
    """`path` itself, or, of a folder, the joint step and then the specialists, by name.

    A folder of specialists alone has no joint step.
    """
    if not path.is_dir():
        return [path]
    joint, special = path / JOINT, sorted(path.glob(SPECIAL))
    return [joint, *special] if joint.exists() or not special else special


def load_specialists(path: Path) -> Specialists:
    """The networks of a step file, or of a folder of them.

    A later file takes over the families that it knows. Raises ValueError where one holds no step.
    """
    families: dict[str, UnfoldedModel] = {}
    for file in step_files(path):
        net = load_model(file)
        families |= {family: net for family in net.scalars}
    return Specialists(families).eval()


def trainings(path: Path) -> dict:
    """What each file says about its training: of a single file that alone, of a folder by name."""
    files = step_files(path)
    return provenance(path) if files == [path] else {f.stem: provenance(f) for f in files}
