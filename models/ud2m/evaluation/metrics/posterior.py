"""The tables of samples: against their mean, in spread, by wavelet band, by Laplacian band."""

import math
from collections.abc import Callable

from ud2m.evaluation import tables
from ud2m.evaluation.metrics.bands import HAAR, LAPLACIAN
from ud2m.evaluation.metrics.sampling import CODES

Found = dict[str, float]
Cell = Callable[[Found], str]


def _pair(key: str, form: str) -> Cell:
    return lambda f: f"{f[key + '_sample']:{form}} → {f[key + '_mean']:{form}}"


def _one(key: str, form: str = ".2f", unit: float = 1.0) -> Cell:
    return lambda f: f"{unit * f[key]:{form}}" if key in f else "–"


def _scores(key: str) -> Cell:
    return lambda f: f"{f[key]:.2f}, {f[key + '_mean']:.2f}"


def _bands(key: str, count: int, form: str, unit: float = 1.0, between: str = " / ") -> Cell:
    return lambda f: between.join(f"{unit * f[f'{key}_{i}']:{form}}" for i in range(1, count + 1))


QUALITY: dict[str, Cell] = {
    "PSNR: sample → mean": _pair("psnr", ".2f"),
    "apart": lambda f: f"{f['psnr_mean'] - f['psnr_sample']:.2f}",
    "LPIPS: sample → mean": _pair("lpips", ".3f"),
    "residual RMS: sample → mean": _pair("residual_rms", ".2f"),
}
SPREAD: dict[str, Cell] = {
    "spread": _one("spread", ".1f", CODES),
    "error": _one("error", ".1f", CODES),
    "spread/error": _one("ratio"),
    "inside": _one("inside"),
    "CRPS": _scores("crps"),
    "energy": _scores("energy"),
    "correlation": _one("correlation"),
    "calibration error": _one("calibration_error"),
}
COVERAGE: dict[str, Cell] = {
    f"{share} % {colour}": _bands(f"cover{share}_{colour}", HAAR + 1, ".0f", 100, "/")
    for share in (50, 90)
    for colour in ("luma", "chroma")
}
POWER: dict[str, Cell] = {
    "luma of a sample": _bands("power_luma", LAPLACIAN, ".2f"),
    "luma of the mean": _bands("power_mean_luma", LAPLACIAN, ".2f"),
    "chroma of a sample": _bands("power_chroma", LAPLACIAN, ".2f"),
    "grid": _one("grid"),
}


def posterior(rows: tables.Rows, samples: int) -> str:
    """Four tables; each begins with what a perfect sampler has, of as many samples.

    A case names its method where there are several.
    """
    several = any(len(row) > 1 for row in rows.values())
    found = [
        (f"{name}, {tables.title(c)}" if several else name, f)
        for name, row in rows.items()
        for c, f in row.items()
    ]
    quality = dict(QUALITY)
    if not any("lpips_mean" in f for _, f in found):
        del quality["LPIPS: sample → mean"]
    perfect = {
        "apart": f"{10 * math.log10(2 * samples / (samples + 1)):.2f}",
        "residual RMS: sample → mean": "1.00 → below",
        "spread/error": "1.00",
        "inside": f"{(samples - 1) / (samples + 1):.2f}",
        "calibration error": "0.00",
        "grid": "0.00",
    }
    for share in (50, 90):
        for colour in ("luma", "chroma"):
            perfect[f"{share} % {colour}"] = str(share)
    perfect |= {f"{colour} of a sample": "1" for colour in ("luma", "chroma")}
    parts = []
    for cells in (quality, SPREAD, COVERAGE, POWER):
        best = ["perfect", *(perfect.get(name, "–") for name in cells)]
        body = [[name, *(cell(f) for cell in cells.values())] for name, f in found]
        parts.append(tables.markdown(["case", *cells], [best, *body]))
    return "\n".join(parts)
