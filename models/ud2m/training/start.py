"""The network that a distillation begins with."""

import json
from dataclasses import replace

from ud2m.nn import lora, reparam
from ud2m.nn.conditioning import Conditioning, ConditioningConfig, FeatureInjection
from ud2m.nn.denoiser import SIZES, Denoiser
from ud2m.nn.flops import conditioned_flops_per_pixel
from ud2m.nn.weights import load_denoiser
from ud2m.physics.operators import FAMILIES
from ud2m.step.model import UnfoldedModel, add_noise_model, add_realism, load_model
from ud2m.step.scalars import ScalarValues, untuned
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
    if options.realism and not net.takes_realism:
        net = add_realism(net)
    net.ensemble = options.ensemble
    net.single = sum(options.grid_shares[1:]) == 0
    for family, values in _scalars(options, net.iterations).items():
        if family not in net.scalars:  # the start is of other families
            net.add_family(family, values)
    # A specialist speaks for what it was trained on.
    for family in set(net.scalars) - set(options.families):
        del net.scalars[family]
    net.train().requires_grad_(True)
    if options.fine_noise_only:
        for module in net.modules():
            if isinstance(module, FeatureInjection):
                module.leave_coarse_noise_out()
    net.keep_chosen()
    if options.branches:
        reparam.attach(net.denoiser)
    if options.rank != "full":
        lora.attach(net.denoiser, int(options.rank), options.alpha, options.targets)
    return net


def unfolded(options: DistillationOptions) -> UnfoldedModel:
    """A denoiser, trained or drawn, with new conditioning, and scalars searched for it or not."""
    if options.size:
        denoiser = Denoiser(SIZES[options.size])
    else:
        assert options.denoiser, "options hold a start otherwise"
        denoiser = load_denoiser(options.denoiser)
    conditioning = None
    if options.conditioning != "none":
        recurrent = (0, len(denoiser.config.channels) - 1)  # the finest and the coarsest scale
        initial = ConditioningConfig().initial if options.initial == "learned" else None
        config = ConditioningConfig(recurrent if options.iterations > 1 else (), initial)
        conditioning = Conditioning(denoiser.config, config)
    return UnfoldedModel(
        denoiser,
        conditioning,
        _scalars(options, options.iterations),
        options.iterations,
        final=options.final,
        quick=options.quick,
    )


def _scalars(options: DistillationOptions, iterations: int) -> dict[str, ScalarValues]:
    """The scalars of each family, with a share of fresh noise."""
    if options.scalars:
        searched = json.loads(options.scalars.read_text())
        values = {f: ScalarValues(**searched[f]["values"]) for f in searched if f in FAMILIES}
    else:
        values = {family: untuned(family) for family in options.families}
    if not options.scalars and iterations == 1:
        # The only iteration is the last one, whose level must leave room for what is to be mended.
        for family in set(values) - {"denoise"}:
            values[family] = replace(values[family], min_sigma=values[family].max_sigma / 2)
    return {
        family: replace(v, fresh_first=FRESH[family], fresh_last=FRESH_LAST)
        for family, v in values.items()
    }


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
