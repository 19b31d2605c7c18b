"""Makes a model package of a published diffusion model: load, merge adapters, unfold, export.

python models/import_denoiser.py --checkpoint 256x256_diffusion_uncond.pt --out models/zoo/adm \\
    --families blur mask

Reads checkpoints of guided-diffusion (ADM, FFHQ-10m) and pytorch_diffusion (LSUN);
docs/imported-models.md says which.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from ud2m.export.package import ExportError, export, unfolded
from ud2m.nn.imported import merge_adapter, read_checkpoint
from ud2m.physics.operators import FAMILIES
from ud2m.step.scalars import ScalarValues, untuned

ADVICE = (
    "This denoiser normalises and attends over the whole image that it gets, so its answer for a "
    "pixel depends on the tile around it: restore frames in tiles of the size it was trained on, "
    "with ud2mrestore tile-width=256 tile-height=256."
)


def digest(path: Path) -> str:
    """SHA-256 of a file, so that a package says which weights it was made of."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def read_scalars(families: list[str], file: Path | None) -> dict[str, ScalarValues]:
    """The scalars of each family: those that search_scalars.py wrote, else where it begins.

    Raises ValueError where the file lacks a family.
    """
    if file is None:
        return {family: untuned(family) for family in families}
    found = json.loads(file.read_text())
    missing = [family for family in families if family not in found]
    if missing:
        raise ValueError(
            f"{file} has no scalars for {missing[0]}; "
            "search them, or leave the family out with --families."
        )
    return {family: ScalarValues(**found[family]["values"]) for family in families}


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        help="of guided-diffusion or pytorch_diffusion: .pt, .pth, .ckpt, .safetensors",
    )
    p.add_argument(
        "--adapter",
        type=Path,
        help="low-rank adapters trained on this checkpoint (ud2m.nn.imported.save_adapter); "
        "merged into the weights",
    )
    p.add_argument("--out", type=Path, required=True, help="folder of the package")
    p.add_argument(
        "--families",
        nargs="+",
        choices=FAMILIES,
        default=list(FAMILIES),
        help="step graphs to write",
    )
    p.add_argument("--name", default="imported")
    p.add_argument("--version", default="1")
    p.add_argument(
        "--licence", default="that of the checkpoint: ask its authors", help="for the manifest"
    )
    p.add_argument("--iterations", type=int, default=3, help="network evaluations of a step")
    p.add_argument(
        "--scalars",
        type=Path,
        help="scalars of each family (search_scalars.py); otherwise where that search begins",
    )
    p.add_argument(
        "--head-channels",
        type=int,
        help="channels of an attention head, for a guided-diffusion model of unknown size",
    )
    p.add_argument(
        "--new-attention-order",
        action="store_true",
        help="for a model trained with use_new_attention_order",
    )
    return p.parse_args()


def main() -> int:
    a = arguments()
    try:
        if not 1 <= a.iterations <= 64:
            raise ValueError(f"--iterations is {a.iterations}; choose 1 to 64.")
        scalars = read_scalars(a.families, a.scalars)
        denoiser = read_checkpoint(a.checkpoint, a.head_channels, a.new_attention_order)
        facts = denoiser.config.to_dict()
        size = sum(p.numel() for p in denoiser.parameters()) / 1e6
        widths = list(facts["widths"])
        scales = f"{len(widths)} scales of {widths} channels"
        print(f"{facts['layout']}: {size:.1f} million weights, {scales}")
        training = {
            "checkpoint": a.checkpoint.name,
            "sha256": digest(a.checkpoint),
            "network": facts,
        }
        if a.adapter:
            names = merge_adapter(denoiser, a.adapter)
            training |= {"adapter": a.adapter.name, "adapter_sha256": digest(a.adapter)}
            print(f"adapters of {len(names)} layers merged")
        about = {
            "name": a.name,
            "version": a.version,
            "licence": a.licence,
            "training": training,
            "scores": {},
        }
        a.out.parent.mkdir(parents=True, exist_ok=True)
        misses = export(unfolded(denoiser, scalars, a.iterations), a.out, about)
    except (ValueError, OSError, ExportError) as e:
        print(f"import refused: {e}", file=sys.stderr)
        return 1
    for family, miss in misses.items():
        print(f"{family + '.onnx':16s} differs from PyTorch by {miss:.1e}")
    print(ADVICE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
