"""Evaluation: cases, metrics, tables, classical methods, and other samplers on the denoiser."""
