"""Checkpoints of published diffusion models: read, recognised by names and shapes, loaded strictly.

Every refusal is a ValueError of one sentence that says what is wrong and what to do. Nothing in a
checkpoint is run: pickles are opened with PyTorch's reader for weights only.
"""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ud2m.nn.imported.adm import AdmConfig, AdmUNet
from ud2m.nn.imported.ddpm import DdpmConfig, DdpmUNet
from ud2m.nn.imported.denoiser import ImportedDenoiser
from ud2m.nn.imported.infer import infer_adm, infer_ddpm
from ud2m.nn.imported.parts import NoisePredictor

# Where frameworks keep the network within what they save; averaged weights are the better ones.
NESTS = ("ema", "ema_state_dict", "model_ema", "state_dict", "model_state_dict", "model")
# A tensor that only this layout has.
MARKS = {"time_embed.0.weight": AdmConfig.layout, "temb.dense.0.weight": DdpmConfig.layout}
ENDINGS = (".pt", ".pth", ".ckpt", ".safetensors")


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The network's tensors by their own names, out of whatever nest they lie in.

    Raises ValueError with a sentence when the file is missing, cannot be read or is of no known
    layout.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise ValueError(
            f"{path} ends in {path.suffix or 'nothing'}; "
            f"give a checkpoint that ends in {', '.join(ENDINGS)}."
        )
    if not path.is_file():
        raise ValueError(
            f"{path} does not exist; give the path of a checkpoint that you have fetched."
        )
    try:
        if path.suffix == ".safetensors":
            held = load_file(path)
        else:
            held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as e:
        raise ValueError(
            f"{path} holds more than weights, or is no checkpoint; "
            "save the network's state_dict alone and give that."
        ) from e
    except (SafetensorError, RuntimeError, EOFError, OSError) as e:
        raise ValueError(
            f"{path} cannot be read as a checkpoint; it may be cut short, fetch it again."
        ) from e
    return _unprefixed(_unnested(held, path), path)


def _unnested(held: object, path: Path) -> dict[str, torch.Tensor]:
    """The dict that holds the network itself; ValueError where there is none."""
    marks = tuple(MARKS)
    while isinstance(held, dict):
        # The layouts' own tensors decide: a file may hold counters and optimisers beside them.
        if any(isinstance(v, torch.Tensor) and str(k).endswith(marks) for k, v in held.items()):
            return {str(k): v for k, v in held.items()}
        nests = [held[k] for k in NESTS if isinstance(held.get(k), dict)]
        if not nests:
            break
        held = nests[0]
    some = ", ".join(map(str, list(held)[:3])) if isinstance(held, dict) else type(held).__name__
    raise ValueError(
        f"{path} is of no known layout (it holds {some or 'nothing'}); "
        "give a checkpoint of guided-diffusion or pytorch_diffusion."
    )


def _unprefixed(state: dict, path: Path) -> dict[str, torch.Tensor]:
    """The tensors without the prefix of the module that held them; ValueError for two networks."""
    prefixes = sorted(
        {k.removesuffix(mark) for k in state for mark in MARKS if k.endswith(mark)}, key=len
    )
    if len(prefixes) > 1:
        raise ValueError(
            f"{path} holds {len(prefixes)} networks "
            f"({', '.join(p or 'unnamed' for p in prefixes)}); save the one to import alone."
        )
    own, tensor = prefixes[0], torch.Tensor
    strange = [k for k, v in state.items() if not (k.startswith(own) and isinstance(v, tensor))]
    if strange:
        raise ValueError(
            f"{path} holds entries beside the network ({len(strange)} in all), such as "
            f"{strange[0]}; save the network's state_dict alone and give that."
        )
    return {k.removeprefix(own): v for k, v in state.items()}


def from_tensors(
    state: dict[str, torch.Tensor], head_channels: int | None = None, new_order: bool = False
) -> ImportedDenoiser:
    """The denoiser that a state dict describes; arguments and errors as `read_checkpoint`."""
    shapes = {name: value.shape for name, value in state.items()}
    # Without memory at first: the checkpoint's tensors become the network's, not a second copy.
    with torch.device("meta"):
        net: NoisePredictor
        if "time_embed.0.weight" in shapes:
            net = AdmUNet(infer_adm(shapes, head_channels, new_order))
        else:
            net = DdpmUNet(infer_ddpm(shapes))
    wanted = {name: value.shape for name, value in net.state_dict().items()}
    missing = [name for name in wanted if name not in shapes]
    unexpected = [name for name in shapes if name not in wanted]
    if missing:
        raise ValueError(
            f"The checkpoint lacks {len(missing)} of the tensors of its layout, such as "
            f"{missing[0]}; download it again or save the whole state_dict."
        )
    if unexpected:
        raise ValueError(
            f"The checkpoint has a tensor that its layout has not ({len(unexpected)} in all), "
            f"{unexpected[0]}; it is of a variant that is not supported."
        )
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise ValueError(
                f"{name} has the shape {list(shapes[name])} where {list(shape)} is needed; "
                "the checkpoint is of a variant that is not supported."
            )
    net.load_state_dict({n: v.float().contiguous() for n, v in state.items()}, assign=True)
    return ImportedDenoiser(net).eval()


def read_checkpoint(
    path: Path, head_channels: int | None = None, new_order: bool = False
) -> ImportedDenoiser:
    """The denoiser of a checkpoint of guided-diffusion or pytorch_diffusion, in float32.

    path: .pt, .pth, .ckpt or .safetensors. head_channels: channels of an attention head of a
    guided-diffusion model that is none of the known ones; new_order: such a model was trained with
    `use_new_attention_order`. Raises ValueError with one sentence when the file cannot be read, its
    layout is unknown, a tensor is missing, too many or of another shape, or the model is
    class-conditional.
    """
    return from_tensors(read_tensors(path), head_channels, new_order)
