"""Networks: the denoiser, its conditioning, adapters, growth, and weights on disk."""
