"""The cases that are scored: degradations of known strength, and the classical methods for them."""

from ud2m.evaluation.cases.cases import (
    CASES,
    Case,
    Degraded,
    degrade_images,
    load_images,
    upscaled,
)

__all__ = ["CASES", "Case", "Degraded", "degrade_images", "load_images", "upscaled"]
