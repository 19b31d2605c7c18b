"""What a file keeps of an image: 8 bits, chroma of 4:2:0, JPEG.

Images are [3,H,W] arrays in [0, 1] with even sides.
"""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from ud2m.physics.noise_model import RGB_OF_YCC, YCC_OF_RGB


def stored(y: np.ndarray) -> np.ndarray:
    """y clipped and rounded to 8 bits."""
    return np.rint(255 * y.clip(0, 1)) / 255


def halved_chroma(x: np.ndarray, smooth: bool) -> np.ndarray:
    """x as 4:2:0 keeps it: chroma averaged over 2×2, then repeated or (`smooth`) interpolated."""
    planes = np.tensordot(YCC_OF_RGB, x, 1)
    h, w = x.shape[1:]
    small = planes[1:].reshape(2, h // 2, 2, w // 2, 2).mean((2, 4))
    big = small.repeat(2, 1).repeat(2, 2)
    if smooth:  # centred samples: weights 3/4 and 1/4
        for axis in (1, 2):
            big = ndimage.convolve1d(big, np.array([1, 2, 1]) / 4, axis, mode="nearest")
    return np.tensordot(RGB_OF_YCC, np.concatenate([planes[:1], big]), 1)


def compressed(x: np.ndarray, quality: int, halved: bool) -> np.ndarray:
    """x after JPEG, 4:2:0 where `halved`."""
    codes = np.rint(255 * x.clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)
    buffer, chroma = io.BytesIO(), "4:2:0" if halved else "4:4:4"
    Image.fromarray(codes).save(buffer, "JPEG", quality=quality, subsampling=chroma)
    return np.asarray(Image.open(buffer).convert("RGB"), np.float64).transpose(2, 0, 1) / 255
