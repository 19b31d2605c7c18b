"""Training images: JPEG crops in tar files, decoded once into one memory-mapped uint8 array.

An image smaller than the largest is kept at its own size in the corner of its slot. Batches are a
function of (seed, count of images before) alone, so that a resumed run gets what an unbroken one
would have got.
"""

import json
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import numpy as np
import torch
from PIL import Image

SLOT = 256  # side of a slot in pixels; no training crop is larger
HELD_OUT_CROP = 128  # pixels a side


def decode(shards: list[Path], cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images [N,256,256,3] uint8 and their sides [N] int32.

    They are decoded once into `cache`, and mapped read-only afterwards. Raises ValueError where the
    shards hold no JPEG or PNG.
    """
    cache.mkdir(parents=True, exist_ok=True)
    listing, names = cache / "shards.json", [str(s.resolve()) for s in shards]
    if not (listing.exists() and json.loads(listing.read_text()) == names):
        _fill(shards, cache)
        listing.write_text(json.dumps(names))
    return decoded(cache)


def decoded(cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and their sides that `decode` put into `cache`."""
    return np.load(cache / "pixels.npy", mmap_mode="r"), np.load(cache / "sizes.npy")


def _fill(shards: list[Path], cache: Path) -> None:
    """Decodes all images of the shards into the cache."""
    count = 0
    for shard in shards:
        with tarfile.open(shard) as tar:
            count += len(_images(tar))
    if not count:
        names = ", ".join(map(str, shards))
        raise ValueError(f"No images in {names}; name tar files that hold JPEG or PNG crops.")
    shape = count, SLOT, SLOT, 3
    pixels = np.lib.format.open_memmap(cache / "pixels.npy", "w+", np.uint8, shape)
    sides, index = np.zeros(count, np.int32), 0
    for shard in shards:
        with tarfile.open(shard) as tar:
            for member in _images(tar):
                file = cast(IO[bytes], tar.extractfile(member))
                image = np.asarray(Image.open(BytesIO(file.read())).convert("RGB"))
                side = min(SLOT, *image.shape[:2])
                pixels[index, :side, :side] = image[:side, :side]
                sides[index] = side
                index += 1
    pixels.flush()
    np.save(cache / "sizes.npy", sides)


def _images(tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    return [m for m in tar if m.isfile() and m.name.endswith((".jpg", ".png"))]


def split(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices to train on, and the one in 97 that is held out for search and validation."""
    held = np.arange(count) % 97 == 0
    return np.flatnonzero(~held), np.flatnonzero(held)


def crops(
    images: np.ndarray,
    sides: np.ndarray,
    count: int,
    size: int,
    rng: np.random.Generator,
    which: np.ndarray | None = None,
    shrink: float = 0.15,
) -> torch.Tensor:
    """Random crops [count,3,size,size] in [-1, 1]: flips, quarter turns.

    which: indices of the images to cut them from, all when None. A share `shrink` is first halved
    (area mean), where the image is large enough.
    """
    out = np.empty((count, size, size, 3), np.uint8)
    which = np.arange(len(images)) if which is None else which
    for slot, i in zip(out, which[rng.integers(0, len(which), count)], strict=True):
        side = int(sides[i])
        halve = 2 if side >= 2 * size and rng.random() < shrink else 1
        span = size * halve
        top, left = rng.integers(0, side - span + 1, 2)
        crop = images[i, top : top + span, left : left + span]
        if halve == 2:
            means = crop.reshape(size, 2, size, 2, 3).astype(np.float32).mean((1, 3))
            crop = np.rint(means).astype(np.uint8)
        crop = np.rot90(crop, int(rng.integers(4)))
        slot[:] = crop[:, ::-1] if rng.random() < 0.5 else crop
    return torch.from_numpy(out).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def held_out_crops(cache: Path, count: int, rng: np.random.Generator) -> torch.Tensor:
    """[count,3,128,128] random crops in [-1, 1] of the held-out images in `cache`.

    `decode` filled it. Raises ValueError where an image is smaller than a crop.
    """
    images, sides = decoded(cache)
    if sides.min() < HELD_OUT_CROP:
        raise ValueError(
            f"{cache} holds images of {sides.min()} pixels a side; "
            f"name a cache of images of {HELD_OUT_CROP} pixels or more."
        )
    return crops(images, sides, count, HELD_OUT_CROP, rng, split(len(images))[1], shrink=0)


@dataclass(frozen=True)
class ImageSet:
    """Decoded images, and which of them are trained on and which are held out."""

    pixels: np.ndarray  # [N,256,256,3] uint8
    sides: np.ndarray  # [N], in pixels
    train: np.ndarray  # indices
    held: np.ndarray

    @classmethod
    def read(cls, shards: list[Path], cache: Path) -> "ImageSet":
        """The images of tar files, see `decode`."""
        pixels, sides = decode(shards, cache)
        return cls(pixels, sides, *split(len(pixels)))

    @property
    def smallest(self) -> int:
        """Side of the smallest image in pixels."""
        return int(self.sides.min())

    def crops(
        self, which: np.ndarray, count: int, size: int, rng: np.random.Generator
    ) -> torch.Tensor:
        """[count,3,size,size] random crops in [-1, 1] of the images `which`, see `crops`."""
        return crops(self.pixels, self.sides, count, size, rng, which)
