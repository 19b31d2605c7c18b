"""What the parts of the unfolded step and of its distillation are worth."""
