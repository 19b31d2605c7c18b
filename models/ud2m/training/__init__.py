"""Training: data, problems, losses, the loop, distillation and validation."""
