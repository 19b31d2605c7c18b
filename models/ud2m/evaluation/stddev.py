"""Is the standard deviation that a package tells in one call that of its error?"""

from pathlib import Path

import onnxruntime as ort
import torch

from ud2m.evaluation import tables
from ud2m.evaluation.bench import Bench
from ud2m.evaluation.cases import Case, Degraded
from ud2m.evaluation.metrics import inner
from ud2m.evaluation.metrics.calibration import calibration
from ud2m.physics.operators import Operator

FILE = "stddev.onnx"  # of a package


class Stddev:
    """The graph of a file that `export.py --stddev` wrote."""

    def __init__(self, path: Path):
        self._session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])

    def __call__(self, x0: torch.Tensor, degraded: Degraded, case: Case) -> torch.Tensor:
        """[1,H,W] of an answer on its canvas, x0 [1,3,H,W]; sides are multiples of 16."""
        o = degraded.observation
        frame = (..., o.rows, o.columns)
        images = x0[frame], o.z0[frame]
        observed = degraded.parameters.get("mask", torch.ones_like(images[0][:, :1]))
        inputs = dict(zip(("x0", "initial", "observed"), (*images, observed), strict=True))
        inputs["sigma_y"] = torch.tensor([2 * case.sigma])
        [found] = self._session.run(None, {name: v.float().numpy() for name, v in inputs.items()})
        return torch.from_numpy(found)[0]


def calibrated(
    bench: Bench,
    case: Case,
    operator: Operator,
    degraded: list[Degraded],
    column: str,
    network: Stddev,
) -> dict[str, float]:
    """`calibration` of the predicted standard deviation over all images, in [-1, 1]."""
    method, predicted, errors = bench.restore(column, operator), [], []
    for i, d in enumerate(degraded):
        x0 = method(case, d, torch.Generator().manual_seed(i))
        answer = x0[0][:, d.observation.rows, d.observation.columns].clamp(-1, 1)
        pairs = network(x0, d, case), answer - d.clean
        predicted.append(inner(pairs[0], case.border))
        errors.append(inner(pairs[1], case.border))
    error = torch.cat([e.flatten() for e in errors]).square().mean().sqrt()
    return calibration(predicted, errors) | {"error": float(error)}


def table(rows: tables.Rows) -> str:
    """A row for each case."""
    columns = {
        "error": lambda f: f"{tables.CODES * f['error']:.1f}",
        "predicted/error": lambda f: f"{f['ratio']:.2f}",
        "correlation": lambda f: f"{f['correlation']:.2f}",
        "calibration error": lambda f: f"{f['calibration_error']:.2f}",
    }
    found = [(name, next(iter(row.values()))) for name, row in rows.items()]
    body = [[name, *(cell(f) for cell in columns.values())] for name, f in found]
    return tables.markdown(["case", *columns], body)
