"""UD²M: unfolded and distilled diffusion models for posterior sampling (arXiv 2507.02686)."""
