"""Validation: scores of a step in training on held-out problems."""

from ud2m.training.validator.validator import ONE_STEP, STEPS, Validator, scored_steps

__all__ = ["ONE_STEP", "STEPS", "Validator", "scored_steps"]
