"""The unfolded step: scalars, the step itself, the model of all families, and specialists."""
