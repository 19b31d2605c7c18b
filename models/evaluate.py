"""Scores a package's networks on a folder of clean pictures: PSNR and SSIM against the input and a classical method.

    python models/evaluate.py --prior models/zoo/lite/prior.safetensors --knobs models/zoo/lite/knobs.json --images FOLDER --limit 24

Runs in PyTorch what the element runs in ONNX Runtime. Pictures are cut to multiples of 48; the border of 16 pixels is not
scored where a kernel reaches beyond the picture. The classical Wiener filter is tuned by an oracle over the folder.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage.metrics import structural_similarity

from ud2m import baselines
from ud2m import degradations as damage
from ud2m.conditioning import condition, operator_of
from ud2m.sampling import sample
from ud2m.unfolding import Knobs, KnobValues, UnfoldedStep
from ud2m.weights import load_prior

GAUSSIAN, BOX = damage.gaussian(3**0.5, 5), damage.uniform(9)
MOTION = damage.trajectory(19, np.random.default_rng(5))
CASES = {  # name -> family, noise std of full scale, damage (picture, generator), border
    "denoise-15": ("denoise", 15 / 255, lambda x, r: damage.denoise(x, 15 / 255, r), 0),
    "denoise-50": ("denoise", 50 / 255, lambda x, r: damage.denoise(x, 50 / 255, r), 0),
    "deblur-gaussian": ("blur", 0.01, lambda x, r: damage.blur(x, GAUSSIAN, 0.01, r), 16),
    "deblur-uniform": ("blur", 0.01, lambda x, r: damage.blur(x, BOX, 0.01, r), 16),
    "deblur-motion": ("blur", 0.01, lambda x, r: damage.blur(x, MOTION, 0.01, r), 16),
    "inpaint-random70": ("mask", 0.01, lambda x, r: damage.mask(x, damage.random_mask(*x.shape[1:], 0.3, r), 0.01, r), 0),
    "inpaint-box": ("mask", 0.01, lambda x, r: damage.mask(x, damage.box_mask(*x.shape[1:]), 0.01, r), 0),
    "super-resolve-x2": ("downscale2", 0.01, lambda x, r: damage.downscale(x, 2, 0.01, r), 0),
    "super-resolve-x4": ("downscale4", 0.01, lambda x, r: damage.downscale(x, 4, 0.01, r), 0),
    "jpeg-q10": ("jpeg", 0.01, lambda x, r: damage.jpeg(x, 10), 0),
    "jpeg-q30": ("jpeg", 0.01, lambda x, r: damage.jpeg(x, 30), 0),
}


def pictures(folder: Path, limit: int) -> list[torch.Tensor]:
    """[3,H,W] in [-1, 1], sides cut to multiples of 48 (every scale and block size divides it)."""
    out = []
    for path in sorted(folder.glob("*.png"))[: limit or None]:
        x = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1) / 127.5 - 1
        out.append(torch.from_numpy(x[:, : x.shape[1] // 48 * 48, : x.shape[2] // 48 * 48].copy()))
    if not out:
        raise SystemExit(f"{folder} holds no PNG pictures; name a folder of clean ones.")
    return out


def scores(a: torch.Tensor, b: torch.Tensor, border: int) -> tuple[float, float]:
    """PSNR in dB and SSIM."""
    if border:
        a, b = (v[:, border:-border, border:-border] for v in (a, b))
    mse = float(((a - b) / 2).square().mean())
    ssim = structural_similarity(a.numpy(), b.numpy(), channel_axis=0, data_range=2.0)
    return -10 * np.log10(max(mse, 1e-12)), float(ssim)


def classical(family: str, seen: list, clean: list, sigma: float, border: int) -> list[torch.Tensor]:
    """The method that fits the family."""
    if family == "blur":
        psf = seen[0][1]["psf"].numpy()
        run = lambda nsr: [baselines.wiener(y, psf, nsr) for y, _ in seen]
        tuned = max(10.0 ** np.arange(-4.5, -0.9, 0.5), key=lambda n: np.mean([scores(z, x, border)[0] for z, x in zip(run(n), clean)]))
        return run(tuned)
    if family == "mask":
        return [baselines.telea(y, physics["mask"]) for y, physics in seen]
    if family.startswith("downscale"):
        return [baselines.bicubic(y, int(family[-1])) for y, _ in seen]
    return [baselines.non_local_means(y, sigma) if family == "denoise" else y for y, _ in seen]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prior", type=Path, required=True)
    p.add_argument("--knobs", type=Path, required=True)
    p.add_argument("--images", type=Path, required=True)
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--steps", type=int, default=3)
    p.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    p.add_argument("--json", type=Path)
    a = p.parse_args()
    clean = pictures(a.images, a.limit)
    prior = load_prior(a.prior).to(memory_format=torch.channels_last)
    knobs = {f: KnobValues(**e["values"]) for f, e in json.loads(a.knobs.read_text()).items()}
    rows = {}
    print(f"{len(clean)} pictures, {a.steps} steps of 3 evaluations\n{'case':18s} {'input':>13s} {'classical':>13s} {'ud2m':>13s}  s/picture")
    for name in a.cases:
        family, sigma, spoil, border = CASES[name]
        operator = operator_of(family)
        step = UnfoldedStep(prior, operator, Knobs(knobs[family]), 3)
        seen = [spoil(x, np.random.default_rng((7, i))) for i, x in enumerate(clean)]
        restored, began = [], time.monotonic()
        for i, (y, physics) in enumerate(seen):
            c = condition(operator, y[None], physics, prior.config.multiple)
            g = torch.Generator().manual_seed(i)
            normal = lambda *s: torch.randn(*s, generator=g)
            run = lambda xt, z, n, t: step(xt, z, c.y, n, t, torch.tensor([2 * sigma]), *c.physics)
            with torch.no_grad():
                x0 = sample(run, c.z0, normal(*c.z0.shape), a.steps, lambda _: normal(1, 3, *c.z0.shape[1:]))
            restored.append(x0[0][:, c.rows, c.columns].clamp(-1, 1))
        seconds = (time.monotonic() - began) / len(seen)
        inputs = [baselines.bicubic(y, operator.scale) if operator.scale > 1 else y for y, _ in seen]
        others = classical(family, seen, clean, sigma, border)
        table = [np.mean([scores(z, x, border) for z, x in zip(zs, clean)], 0) for zs in (inputs, others, restored)]
        rows[name] = {k: {"psnr": round(float(v[0]), 2), "ssim": round(float(v[1]), 3)} for k, v in zip(("input", "classical", "ud2m"), table)}
        print(f"{name:18s} " + " ".join(f"{v[0]:7.2f}/{v[1]:.3f}" for v in table) + f"  {seconds:9.2f}", flush=True)
    if a.json:
        a.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
