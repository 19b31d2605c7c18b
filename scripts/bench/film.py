#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""How well `ud2mdefects` finds dirt, and what filling it in brings.

    scripts/bench/film.py made street.mp4 parkour.mp4 --report docs/results/film.md
    scripts/bench/film.py real film.mp4 --out pictures

`made` draws dust, hairs and vertical scratches over frames of clean clips (`dirt.py`), so that it
is known where they are. Recall is the share of the damaged area that is marked; precision the share
of the marked area that lies at most a pixel from damage. PSNR is that against the clean frames,
peak 255. `real` writes pictures of real films: a frame, what is marked in it, what leaves.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import dirt
import numpy as np
from cells import ROOT
from inspecting import head, row, write

sys.path.insert(0, str(ROOT / "scripts"))
from demo import Host, png_source

GRAINS = (10, 31)  # a frame, from and below
SCRATCHES = 3  # at once
TOLERANCE = 1  # pixels
KINDS = ("dust", "scratches")
PSNRS = ("PSNR", "in damage", "in dust")
RESTORE = "ud2mrestore task=inpaint mask-source=alpha noise-sigma=0"


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("mode", choices=["made", "real"])
    p.add_argument("clips", type=Path, nargs="+")
    p.add_argument("--first", type=int, default=0, help="frames that are left out at the start")
    p.add_argument("--frames", type=int, default=40)
    p.add_argument(
        "--restored", type=int, default=6, help="of these, the last so many are restored"
    )
    p.add_argument("--steps", type=int, default=1, help="of the sampler")
    p.add_argument("--seed", type=int, default=7, help="of the dirt")
    p.add_argument("--properties", default="", help="of ud2mdefects, further ones")
    p.add_argument("--report", type=Path, help="document whose table is written")
    p.add_argument("--section", default="made", help="of the document")
    p.add_argument("--out", type=Path, help="folder for pictures")
    p.add_argument("--plugin-path", type=Path, default=ROOT / "target/release")
    return p.parse_args()


def decoded(clip: Path, first: int, count: int) -> np.ndarray:
    """Frames [N,H,W,3], blue first as OpenCV has them."""
    capture, frames = cv2.VideoCapture(str(clip)), []
    for _ in range(first + count):
        there, frame = capture.read()
        if not there:
            break
        frames.append(frame)
    if len(frames) <= first:
        raise SystemExit(f"{clip} has {len(frames)} frames: choose another --first.")
    return np.array(frames[first:])


@dataclass
class Studio:
    """The plugin, and a folder to work in."""

    host: Host
    work: Path

    def through(self, frames: np.ndarray, chain: str) -> np.ndarray:
        """The frames through a chain of elements."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            for i, frame in enumerate(frames):
                cv2.imwrite(f"{folder}/{i:04d}.png", frame)
            self.host.launch(
                f"{png_source(Path(folder), len(frames))} ! videoconvert ! {chain} "
                f"! videoconvert ! video/x-raw,format=RGB ! pngenc compression-level=1 "
                f"! multifilesink location={folder}/out-%04d.png"
            )
            return np.array([cv2.imread(str(p)) for p in sorted(Path(folder).glob("out-*.png"))])

    def masks(self, frames: np.ndarray, properties: str) -> np.ndarray:
        """Where frames are marked, [N,H,W]."""
        return self.through(frames, f"ud2mdefects output=mask {properties}")[..., 0] < 128

    def restored(self, frames: np.ndarray, properties: str, steps: int) -> np.ndarray:
        return self.through(frames, f"ud2mdefects {properties} ! {RESTORE} steps={steps}")


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray | None = None) -> float:
    """Mean over the frames of that of each, in `where` [N,H,W]."""
    squares = np.square(a.astype(float) - b).mean(-1)
    if where is None:
        means = squares.mean((1, 2))
    else:
        means = np.array([s[w].mean() for s, w in zip(squares, where, strict=True) if w.any()])
    return float(np.mean(10 * np.log10(255**2 / np.maximum(means, 1e-3))))


def made(studio: Studio, args: argparse.Namespace) -> list[str]:
    names = ["recall", "dust", "scratches", "precision", "clean, %", *PSNRS]
    lines = head("clip", "frames", *names)
    for clip in args.clips:
        clean = decoded(clip, args.first, args.frames)
        dirty = dirt.damaged(clean, args.seed, GRAINS, SCRATCHES)
        found = studio.masks(dirty.frames, args.properties)
        alone = studio.masks(clean, args.properties).mean()
        parts = [dirt.recall(found, getattr(dirty, kind)) for kind in KINDS]
        shares = [dirt.recall(found, dirty.truth), *parts]
        shares.append(dirt.precision(found, dirty.truth, TOLERANCE))
        name = clip.stem.removesuffix("_pristine")
        cells = [name, len(clean), *(f"{s:.3f}" for s in shares), f"{100 * alone:.3f}"]
        if args.restored:
            # What was seen before is known of scratches. The last has no frame after it.
            part = slice(-args.restored - 3, None)
            kept = slice(-args.restored - 1, -1)
            out = studio.restored(dirty.frames[part], args.properties, args.steps)[kept]
            before, true = dirty.frames[kept], clean[kept]
            places = (None, dirty.truth[kept], dirty.dust[kept])
            pairs = [[psnr(a, true, at) for a in (before, out)] for at in places]
            digits = (2, 1, 1)
            cells += [f"{a:.{d}f}→{b:.{d}f}" for (a, b), d in zip(pairs, digits, strict=True)]
        else:
            cells += ["–"] * len(PSNRS)
        lines.append(row(cells))
        print(lines[-1], flush=True)
        pictures(args, clip.stem, dirty.frames, found, None)
    return lines


def real(studio: Studio, args: argparse.Namespace) -> list[str]:
    lines = head("film", "frames", "marked")
    for clip in args.clips:
        frames = decoded(clip, args.first, args.frames)
        found = studio.masks(frames, args.properties)
        out = studio.restored(frames, args.properties, args.steps) if args.restored else None
        lines.append(row([clip.stem, len(frames), f"{100 * found.mean():.3f} %"]))
        print(lines[-1], flush=True)
        pictures(args, clip.stem, frames, found, out)
    return lines


def pictures(args, name: str, frames: np.ndarray, found: np.ndarray, out: np.ndarray | None):
    """Each frame, what is marked in red, and what leaves."""
    if not args.out:
        return
    args.out.mkdir(parents=True, exist_ok=True)
    for i, (frame, mask) in enumerate(zip(frames, found, strict=True)):
        marked = frame.copy()
        marked[mask] = (0, 0, 255)
        parts = [frame, marked] + ([] if out is None else [out[i]])
        cv2.imwrite(f"{args.out}/{name}-{i:04d}.png", np.hstack(parts))


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory() as work:
        studio = Studio(Host(args.plugin_path, Path(work)), Path(work))
        lines = made(studio, args) if args.mode == "made" else real(studio, args)
    if args.report:
        write(args.report, args.section, lines)


if __name__ == "__main__":
    main()
