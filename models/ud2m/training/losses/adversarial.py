"""The adversarial term: a discriminator that sees the image beside its origin, and its losses.

From the paper, L_G = BCE(D(x̂, y), 1) + …, and L_D = (BCE(D(x, y), 1) + BCE(D(x̂, y), 0)) / 2 +
w · E‖∇D‖², the penalty centred on zero and taken between real and restored images. The logits go
into the loss as they are: a Sigmoid before BCE with logits, as in the authors' code, flattens the
gradient.
"""

import torch
import torch.nn.functional as F
from torch import nn

CHANNELS = (48, 96, 160, 224)  # 0.52 million weights
STRIDES = (1, 2, 2, 1)  # on top of the halving by pixel-unshuffle
SLOPE = 0.2  # of the leaky ReLU, as in the paper
# Of the difference of x and the condition, which is small beside the image's own contrast:
# unscaled, blur is learnt several times slower.
CONTRAST = 4.0


class Discriminator(nn.Module):
    """D(x, condition): one logit for each 8×8 pixels, above 0 for real; it sees 50×50 pixels.

    x: [B,3,H,W] in [-1, 1]. condition: [B,3,H,W], the observation or what a plain inverse makes of
    it. Any H and W from 1 on; the answer is [B,1,⌈H/8⌉,⌈W/8⌉]. A function of cat(x, condition), as
    the paper's, here by way of their difference. Unlike the paper's it has no normalisation, which
    would tie a logit to pixels that it does not see and to the image's size.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 2 * 3 * 2**2
        for channels, stride in zip(CHANNELS, STRIDES, strict=True):
            conv = nn.Conv2d(before, channels, 3, stride, padding=1)
            nn.init.kaiming_normal_(conv.weight, SLOPE)  # nothing else keeps the scale of layers
            nn.init.zeros_(conv.bias)
            layers += [conv, nn.LeakyReLU(SLOPE)]
            before = channels
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(before, 1, 3, padding=1)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        both = torch.cat([CONTRAST * (x - condition), condition], 1)
        both = F.pad(both, (0, both.shape[-1] % 2, 0, both.shape[-2] % 2), mode="replicate")
        return self.head(self.body(F.pixel_unshuffle(both, 2)))


def generator_loss(logits_fake: torch.Tensor) -> torch.Tensor:
    """BCE(D(x̂, y), 1) over all logits, of any shape -> scalar. Non-saturating: −log sigmoid(D)."""
    return F.softplus(-logits_fake.float()).mean()


def discriminator_loss(logits_real: torch.Tensor, logits_fake: torch.Tensor) -> torch.Tensor:
    """(BCE(D(x, y), 1) + BCE(D(x̂, y), 0)) / 2 -> scalar; log 2 where D cannot tell them apart.

    x̂ must come detached.
    """
    return (F.softplus(-logits_real.float()).mean() + F.softplus(logits_fake.float()).mean()) / 2


def zero_centred_penalty(
    discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor, condition: torch.Tensor
) -> torch.Tensor:
    """E‖∇D‖² at random points between `real` and `fake` -> scalar, with a graph to D's weights.

    All are [B,3,H,W] in [-1, 1]. One point for each image, uniform on the line; the gradient is
    that by x, not by the condition. The paper's D has one logit; with n of them their sum is
    differentiated and the squared norm divided by n, so that its size depends on the image's no
    more than the loss does.
    """
    share = torch.rand(real.shape[0], 1, 1, 1, device=real.device)
    point = torch.lerp(real.detach().float(), fake.detach().float(), share).requires_grad_()
    logits = discriminator(point, condition.detach())
    (slope,) = torch.autograd.grad(logits.float().sum(), point, create_graph=True)
    return slope.square().sum() / logits.numel()
