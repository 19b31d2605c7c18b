"""What the networks cost: multiplications and additions of their convolutions."""

from ud2m.diffusion.noise import TEXTURE
from ud2m.nn.conditioning import FEATURES, ConditioningConfig
from ud2m.nn.denoiser import DenoiserConfig


def flops_per_pixel(config: DenoiserConfig) -> float:
    """Multiplications and additions of the convolutions, for each pixel of the image."""
    total, pixels, side = 0.0, 3 * config.unshuffle**2, config.unshuffle
    total += 2 * 2 * 9 * pixels * config.channels[0] / side**2
    for i, (c, n) in enumerate(zip(config.channels, config.blocks, strict=True)):
        sides = 1 if i == len(config.channels) - 1 else 2
        total += sides * n * 2 * 2 * 9 * c * c / side**2
        if i + 1 < len(config.channels):
            total += 2 * 2 * c * config.channels[i + 1] / side**2
            side *= 2
    return total


def conditioned_flops_per_pixel(
    denoiser: DenoiserConfig, config: ConditioningConfig
) -> tuple[float, float]:
    """Multiplications and additions for each pixel: of an evaluation, and of the initial network.

    The initial network runs once a step.
    """
    recurrence = sum(
        2 * denoiser.channels[i] ** 2 / (denoiser.unshuffle * 2**i) ** 2 for i in config.recurrence
    )
    channels = FEATURES + TEXTURE * config.realism
    evaluation = flops_per_pixel(denoiser) + _injection_flops(denoiser, channels) + recurrence
    initial = config.initial
    if initial is None:
        return evaluation, 0.0
    return evaluation, flops_per_pixel(initial) + _injection_flops(initial, channels)


def _injection_flops(config: DenoiserConfig, channels: int) -> float:
    return 2 * 9 * channels * config.channels[0]  # channels · u² of them on 1/u² of the pixels
