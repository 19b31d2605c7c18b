"""The network that a distillation begins with."""

import json

from ud2m.nn import lora
from ud2m.nn.conditioning import Conditioning, ConditioningConfig, conditioned_flops_per_pixel
from ud2m.nn.weights import load_denoiser
from ud2m.physics.operators import FAMILIES
from ud2m.step.model import UnfoldedModel, add_noise_model, load_model
from ud2m.step.scalars import ScalarValues
from ud2m.training.options import DistillationOptions

# Share of fresh noise in the first iteration: enough for samples to differ where the data allow
# it. See step.model.CHOSEN.
FRESH = {
    "blur": 0.1,
    "mask": 0.3,
    "denoise": 1e-3,
    "downscale2": 0.1,
    "downscale3": 0.1,
    "downscale4": 0.1,
    "jpeg": 0.05,
}
FRESH_LAST = 1e-4


def begin(options: DistillationOptions) -> UnfoldedModel:
    """The network to train, from an earlier step or from a denoiser; drawn weights are PyTorch's.

    Raises ValueError where a file is not one of ours.
    """
    net = load_model(options.start) if options.start else unfolded(options)
    if options.noise_model and not (net.conditioning and net.conditioning.config.noise_model):
        net = add_noise_model(net)
    net.ensemble = options.ensemble
    # A specialist speaks for what it was trained on.
    for family in set(net.scalars) - set(options.families):
        del net.scalars[family]
    net.train().requires_grad_(True)
    net.keep_chosen()
    if options.rank != "full":
        lora.attach(net.denoiser, int(options.rank), options.alpha, options.targets)
    return net


def unfolded(options: DistillationOptions) -> UnfoldedModel:
    """A denoiser with new conditioning, and the scalars that were searched for it."""
    assert options.denoiser and options.scalars, "options hold a start otherwise"
    searched = json.loads(options.scalars.read_text())
    values = {}
    for family in (f for f in searched if f in FAMILIES):
        fresh = {"fresh_first": FRESH[family], "fresh_last": FRESH_LAST}
        values[family] = ScalarValues(**searched[family]["values"] | fresh)
    denoiser = load_denoiser(options.denoiser)
    conditioning = None
    if options.conditioning != "none":
        finest_and_coarsest = (0, len(denoiser.config.channels) - 1)
        initial = ConditioningConfig().initial if options.initial == "learned" else None
        config = ConditioningConfig(finest_and_coarsest, initial)
        conditioning = Conditioning(denoiser.config, config)
    return UnfoldedModel(denoiser, conditioning, values, options.iterations)


def size(net: UnfoldedModel) -> str:
    """A line on what there is to train and to compute."""
    trained = sum(w.numel() for w in net.parameters() if w.requires_grad)
    flops, initial = 0.0, 0.0
    if net.conditioning:
        config = net.conditioning.config
        flops, initial = conditioned_flops_per_pixel(net.denoiser.config, config)
    return (
        f"{trained / 1e6:.2f} M weights to train, {flops / 1e3:.1f} kFLOP per pixel and evaluation,"
        f" {initial / 1e3:.1f} for the initial network"
    )
