"""The unfolded step: iterations of a proximal step, fresh noise and one pass of the denoiser.

This is the LATINO module of the paper. It joins denoiser, operator, diffusion and conditioning; the
outer sampler is not part of it. In the paper (fig. 2) the inner level follows from 1/rho² =
1/sigma_y² + 1/sigma_t² and is tiny; here it falls over the iterations from a level tied to the
outer one to a level tied to the noise in y, which uses the network as a prior (docs/decisions/008
says what that is worth).
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from ud2m.diffusion.schedule import sigmas
from ud2m.nn.conditioning import Conditioning, Context, features
from ud2m.nn.denoiser import Denoiser
from ud2m.physics import noise_model
from ud2m.physics.operators import Operator, context
from ud2m.step.mirror import Mirror
from ud2m.step.noise_axes import NoiseAxes
from ud2m.step.realism import Realism, inputs_of, noisier
from ud2m.step.rounds import Round, of_images, rounds
from ud2m.step.scalars import Scalars

# Of [-1, 1], half a code value of 8 bits: less noise than rounding leaves makes no sense.
SIGMA_FLOOR = 0.004
Tensors = tuple[torch.Tensor, ...]


class UnfoldedStep(nn.Module):
    """L(y, x_t, t): K iterations that share one denoiser. This is the graph that is exported.

    Without `conditioning` the denoiser works as it is. ensemble: the step works on the image
    mirrored, each level in its own way, so that what networks err by at random differs from step
    to step; the sampler is then to take the mean of its estimates (`diffusion.sampler.sample`). It
    costs no evaluation.

    With a conditioning that has a noise model, three tensors (`noise_model.INPUTS`) come before the
    operator's. Where they are left out the noise is taken as white, so that such a step serves
    wherever another does. With one that has realism, those of `realism.inputs_of` come before
    these; where they are left out the answer is the mean. With both, realism needs the noise model
    to be given too.

    final: the step ends with a data step, in a mean too; a sample ends with one in any case.
    single: it was trained as the only outer step of a trajectory, and serves for no other.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        operator: Operator,
        scalars: Scalars,
        iterations: int = 3,
        conditioning: Conditioning | None = None,
        ensemble: bool = False,
        final: bool = False,
        single: bool = False,
    ):
        super().__init__()
        self.final, self.single = final, single
        self.denoiser, self.operator, self.scalars = denoiser, operator, scalars
        self.iterations, self.conditioning, self.ensemble = iterations, conditioning, ensemble
        self.register_buffer("sigma_of", sigmas().float(), persistent=False)

    @property
    def multiple(self) -> int:
        """Height and width of an image are multiples of this, as far as the networks go."""
        own = self.denoiser.config.multiple
        return max(own, self.conditioning.multiple) if self.conditioning else own

    @property
    def takes_noise_model(self) -> bool:
        """Whether `noise_model.INPUTS` come before the operator's tensors."""
        return self.conditioning is not None and self.conditioning.config.noise_model

    @property
    def takes_realism(self) -> bool:
        """Whether the step can answer with samples; see `inputs`."""
        return self.conditioning is not None and self.conditioning.config.realism

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors after sigma_y, in their order."""
        realism = inputs_of(self.operator) if self.takes_realism else ()
        noise = noise_model.INPUTS if self.takes_noise_model else ()
        return (*realism, *noise, *self.operator.inputs)

    def forward(
        self,
        xt: torch.Tensor,  # [B,3,H,W] state of the outer sampler
        z0: torch.Tensor,  # [B,3,H,W] initial estimate, in [-1, 1]
        y: torch.Tensor,  # [B,3,H/s,W/s] observation, in [-1, 1]
        noise: torch.Tensor,  # [B,K,3,H,W] standard normal
        t: torch.Tensor,  # [B] or [1] level index, 0 … 999
        sigma_y: torch.Tensor,  # [B] or [1] noise std of y, in [-1, 1]
        *tensors: torch.Tensor,  # in the order of `inputs`
    ) -> torch.Tensor:
        """The estimate of x0, [B,3,H,W] in about [-1, 1]."""
        # As one image: a graph has fewer nodes for it.
        noises = noise[:, : self.iterations].flatten(1, 2)
        images = torch.cat([*[xt] * self.iterations, noises, z0], 1)
        own = len(tensors) - len(self.operator.inputs)
        # Of the tensors as they come: what networks are told does not wait for a mirrored image.
        kind = context(self.operator, *tensors[own:]).to(y.device)
        if not self.ensemble:
            return self._upright(images, y, t, sigma_y, tensors, kind)
        mirror = Mirror(t)
        told = [mirror(v) if v.dim() == 4 else v for v in tensors[:own]]
        physics = self.operator.mirrored(mirror, *tensors[own:])
        tensors = *told, *physics
        return mirror(self._upright(mirror(images), mirror(y), t, sigma_y, tensors, kind))

    def _upright(
        self,
        images: torch.Tensor,  # [B,6K+3,H,W]: x_t for each iteration, their noises, z0
        y: torch.Tensor,
        t: torch.Tensor,
        sigma_y: torch.Tensor,
        tensors: Tensors,
        kind: torch.Tensor,  # [B or 1,CONTEXT_LENGTH], see `physics.operators.context`
    ) -> torch.Tensor:
        """`forward` of a step that mirrors nothing."""
        realism, told, physics = self._split(tensors, sigma_y)
        conditioning = self.conditioning
        sigma_t = self.sigma_of.index_select(0, t.long()).reshape(-1, 1, 1, 1)
        sigma_y = sigma_y.clamp_min(SIGMA_FLOOR).reshape(-1, 1, 1, 1)
        with _exact(y):
            axes = NoiseAxes(told, sigma_y, self.operator.acts_on_channels_alike)
            prepared = self.operator.prepare(axes.into(y), *physics)
        shares = torch.linspace(0, 1, self.iterations) if self.iterations > 1 else torch.ones(1)
        shares = shares.to(y.device)[None, :, None, None]
        levels, every = rounds(self.scalars, sigma_t, sigma_y, shares)
        *parts, z0 = (images * of_images(every)).split(3, 1)
        states, noises = parts[: self.iterations], parts[self.iterations :]

        def data_step(z: torch.Tensor, now: Round, state: torch.Tensor) -> torch.Tensor:
            """The proximal step from z, whose reach is tied to the inner level."""
            a = state + now.estimate * z  # x_t and z fold into one
            with _exact(z):
                u = self.operator.data_step(axes.into(a), now.weight, axes.std, *prepared)
                return axes.back(u)

        z, previous = z0, None
        if conditioning is None:
            for now, state, n in zip(every, states, noises, strict=True):
                v = data_step(z, now, state) + n
                z = self.denoiser(v, now.level[:, 0, 0, 0].expand(v.shape[0]))
            return self._finished(z, y, axes, realism, physics, prepared)
        observed = self.operator.observed(z0, *physics)
        facts = Context(kind, sigma_y, sigma_t, shares, axes.facts, realism.share)
        if conditioning.initial is not None:
            first = every[0]
            moved = features(z, data_step(z, first, states[0]), observed, realism.beside)
            z = conditioning.initial(z, first.level, moved, first.measure, facts.at(0))
        films = conditioning.films(self.denoiser, levels, facts)
        for now, state, n, film in zip(every, states, noises, films, strict=True):
            u = data_step(z, now, state)
            moved, v = features(z, u, observed, realism.beside), u + n
            measured = moved, now.measure
            z, previous = conditioning(self.denoiser, v, now.scalings, film, *measured, previous)
        return self._finished(z, y, axes, realism, physics, prepared)

    def _finished(
        self,
        z: torch.Tensor,
        y: torch.Tensor,
        axes: NoiseAxes,
        realism: Realism,
        physics: Tensors,
        prepared: Tensors,
    ) -> torch.Tensor:
        """The last estimate after a last data step, where the step or the sample ends with one."""
        gate = realism.gate
        if gate is None and not self.final:
            return z
        reach = self.scalars.final_reach.exp()
        weight = reach.square() * torch.ones_like(axes.level)
        with _exact(z):
            if gate is not None and realism.y_noise is not None:
                y = noisier(axes.into(y), axes.std, reach, self.operator, realism.y_noise, gate)
                prepared = self.operator.prepare(y, *physics)
            z = z.float()
            u = axes.back(self.operator.data_step(axes.into(z), weight, axes.std, *prepared))
        return u if self.final or gate is None else z + gate * (u - z)

    def _split(self, tensors: Tensors, sigma_y: torch.Tensor) -> tuple[Realism, Tensors, Tensors]:
        """What makes a sample, the noise model, and the tensors of the operator.

        What is left out is the mean, and white noise.
        """
        end = len(tensors) - len(self.operator.inputs)
        told, physics = tensors[:end], tensors[end:]
        begin = max(0, end - len(noise_model.INPUTS)) if self.takes_noise_model else end
        realism, noise = told[:begin], told[begin:]
        if self.takes_noise_model and not noise:
            noise = noise_model.white_tensors(sigma_y)
        return Realism(*realism), noise, physics


def _exact(x: torch.Tensor) -> AbstractContextManager:
    """No autocast on the device of x: a transfer function in half precision is another one."""
    device = x.device.type
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()
