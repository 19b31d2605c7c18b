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
from ud2m.step.noise_axes import NoiseAxes
from ud2m.step.realism import Realism, inputs_of, noisier
from ud2m.step.scalars import Scalars

# Of [-1, 1], half a code value of 8 bits: less noise than rounding leaves makes no sense.
SIGMA_FLOOR = 0.004
Tensors = tuple[torch.Tensor, ...]


def mirrored(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """x [B,C,H,W] flipped as the levels t [B] or [1] have it; its own inverse.

    Above 700 not at all, to 401 left-right, to 201 both ways, below up-down.
    """
    t = t.reshape(-1, 1, 1, 1)
    x = torch.where((t <= 700) & (t > 200), x.flip(-1), x)
    return torch.where(t <= 400, x.flip(-2), x)


class UnfoldedStep(nn.Module):
    """L(y, x_t, t): K iterations that share one denoiser. This is the graph that is exported.

    Without `conditioning` the denoiser works as it is. ensemble: the networks see the image
    mirrored, each level in its own way, so that what they err by at random differs from step to
    step; the sampler is then to take the mean of its estimates (`diffusion.sampler.sample`). It
    costs no evaluation.

    With a conditioning that has a noise model, three tensors (`noise_model.INPUTS`) come before the
    operator's. Where they are left out the noise is taken as white, so that such a step serves
    wherever another does. With one that has realism, those of `realism.inputs_of` come before
    these; where they are left out the answer is the mean. With both, realism needs the noise model
    to be given too.

    final: the step ends with a data step, in a mean too; a sample ends with one in any case.
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
    ):
        super().__init__()
        self.final = final
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
        realism, told, physics = self._split(tensors, sigma_y)
        scalars, conditioning = self.scalars, self.conditioning
        sigma_t = self.sigma_of[t.long()][:, None, None, None]
        sigma_y = sigma_y.clamp_min(SIGMA_FLOOR)[:, None, None, None]
        root = torch.rsqrt(1 + sigma_t.square())  # sqrt(abar_t)
        with _exact(z0):
            axes = NoiseAxes(told, sigma_y, self.operator.acts_on_channels_alike)
            prepared = self.operator.prepare(axes.into(y), *physics)
        pull = scalars.state_weight.exp() / sigma_t.square()

        def data_step(z: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
            """The proximal step from z, whose reach is tied to the inner level."""
            rho = scalars.rho_ratio.exp() * level
            c = pull + rho.pow(-2)
            a = (pull / root * xt + z / rho.square()) / c  # x_t and z fold into one
            weight = 1 / (c * scalars.noise_trust.exp())
            with _exact(z):
                u = self.operator.data_step(axes.into(a), weight, axes.std, *prepared)
                return axes.back(u)

        def view(x: torch.Tensor) -> torch.Tensor:
            return mirrored(x, t) if self.ensemble else x

        z, previous = z0, None
        if conditioning is not None:
            operator = context(self.operator, *physics).to(z0.device)
            observed = self.operator.observed(z0, *physics)
            if conditioning.initial is not None:
                level = scalars.level(sigma_t, sigma_y, 0.0)
                moved = view(features(z, data_step(z, level), level, observed, realism.beside))
                facts = Context(operator, sigma_y, sigma_t, 0.0, axes.facts, realism.share)
                z = view(conditioning.initial(view(z), _each(level, z), moved, facts))
        for k in range(self.iterations):
            share = k / (self.iterations - 1) if self.iterations > 1 else 1.0
            level = scalars.level(sigma_t, sigma_y, share)
            u = data_step(z, level)
            v, sigma = view(u + scalars.fresh(share) * level * noise[:, k]), _each(level, u)
            if conditioning is None:
                z = view(self.denoiser(v, sigma))
                continue
            moved = view(features(z, u, level, observed, realism.beside))
            facts = Context(operator, sigma_y, sigma_t, share, axes.facts, realism.share)
            z, previous = conditioning(self.denoiser, v, sigma, moved, facts, previous)
            z = view(z)
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


def _each(level: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The level [B or 1,1,1,1] of each image of x, [B]."""
    return level[:, 0, 0, 0].expand(x.shape[0])


def _exact(x: torch.Tensor) -> AbstractContextManager:
    """No autocast on the device of x: a transfer function in half precision is another one."""
    device = x.device.type
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()
