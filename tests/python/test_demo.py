# SPDX-License-Identifier: MPL-2.0
"""The demo's properties describe what GStreamer's elements do to its clip."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import demo  # noqa: E402
import figures  # noqa: E402


@pytest.fixture
def cases(tmp_path):
    return {c.name: c for c in demo.cases(tmp_path / "mask.png", tmp_path / "overlay.png")}


def degraded(values: np.ndarray, chain: str, folder: Path) -> np.ndarray:
    """8-bit RGB through a chain of GStreamer elements."""
    Image.fromarray(values).save(folder / "in.png")
    rgb = "videoconvert ! video/x-raw,format=RGB"
    pipeline = (
        f"filesrc location={folder}/in.png ! pngdec ! {rgb} ! {chain} "
        f"! {rgb} ! pngenc ! filesink location={folder}/out.png"
    )
    subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True, timeout=120)
    return np.asarray(Image.open(folder / "out.png").convert("RGB"), float)


def property_of(case, name):
    return float(dict(p.split("=") for p in case.properties.split())[name])


def test_gaussianblur_is_the_gaussian_that_the_properties_name(cases, tmp_path):
    edge = np.full((64, 64, 3), 40, np.uint8)
    edge[:, 32:] = 210
    output = degraded(edge, cases["blur"].degradation, tmp_path)[32, :, 1]
    size, sigma = (
        property_of(cases["blur"], "kernel-size"),
        property_of(cases["blur"], "kernel-sigma"),
    )
    taps = np.exp(-np.square(np.arange(size) - size // 2) / (2 * sigma**2))
    wanted = np.convolve(edge[32, :, 1].astype(float), taps / taps.sum(), "valid")
    margin = int(size // 2)
    assert np.abs(output[margin:-margin] - wanted).max() < 3, (
        "GStreamer truncates twice, so two code values may be lost"
    )


def test_videoscale_is_the_bicubic_that_super_resolve_assumes(cases, tmp_path):
    scale = int(property_of(cases["small"], "scale"))
    width, height = demo.WIDTH, demo.HEIGHT
    row = np.random.default_rng(0).integers(30, 226, width).astype(np.uint8)
    output = degraded(
        np.broadcast_to(row[None, :, None], (height, width, 3)).copy(),
        cases["small"].degradation,
        tmp_path,
    )[height // scale // 2, :, 1]
    d = np.arange(-2 * scale, 3 * scale)
    t = np.abs(d - (scale - 1) / 2) / scale
    weights = np.where(
        t < 1, 1.5 * t**3 - 2.5 * t**2 + 1, np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0)
    )
    inner = np.arange(3, width // scale - 3)
    wanted = (weights / weights.sum()) @ row[scale * inner[None] + d[:, None]].astype(float)
    assert np.abs(output[inner] - wanted).max() < 2


def test_the_overlay_blackens_what_is_missing_in_the_mask(cases, tmp_path):
    figures.draw_scratches(demo.WIDTH, demo.HEIGHT, tmp_path / "mask.png", tmp_path / "overlay.png")
    output = degraded(
        np.full((demo.HEIGHT, demo.WIDTH, 3), 200, np.uint8),
        cases["scratches"].degradation,
        tmp_path,
    )
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    assert set(np.unique(mask)) == {0, 255} and 0.03 < (mask == 0).mean() < 0.3
    assert (output[mask == 0] == 0).all() and (output[mask == 255] == 200).all()


def test_psnr_of_a_constant_error_is_known():
    a, b = (Image.new("RGB", (7, 5), (v, v, v)) for v in (100, 110))
    assert figures.psnr(a, b) == pytest.approx(20 * np.log10(25.5))
