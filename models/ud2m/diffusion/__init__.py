"""The diffusion process: its noise schedule, and the outer sampler over any step."""
