"""Classical restorations of images [3,H,W] in [-1, 1], to compare with."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F


def _codes(y: torch.Tensor) -> np.ndarray:
    return np.clip(np.rint(127.5 * (y.numpy().transpose(1, 2, 0) + 1)), 0, 255).astype(np.uint8)


def _values(codes: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(codes.transpose(2, 0, 1).astype(np.float32)) / 127.5 - 1


def wiener(y: torch.Tensor, psf: np.ndarray, noise_to_signal: float) -> torch.Tensor:
    """Fourier deconvolution of the mirrored image: psf [n,n], a flat noise-to-signal ratio."""
    b = min(4 * max(psf.shape), min(y.shape[1:]) - 1)
    p = np.pad(y.numpy(), ((0, 0), (b, b), (b, b)), "reflect")
    h = np.zeros(p.shape[1:])
    h[: psf.shape[0], : psf.shape[1]] = psf
    spectrum = np.fft.rfft2(np.roll(h, (-(psf.shape[0] // 2), -(psf.shape[1] // 2)), (0, 1)))
    filtered = np.conj(spectrum) * np.fft.rfft2(p) / (np.abs(spectrum) ** 2 + noise_to_signal)
    x = np.fft.irfft2(filtered, p.shape[1:])
    return torch.from_numpy(x[:, b:-b, b:-b].astype(np.float32)).clamp(-1, 1)


def telea(y: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Fast-marching inpainting (Telea 2004); mask [1,1,H,W] 1 where observed."""
    hole = np.where(mask[0, 0].numpy() > 0, 0, 255).astype(np.uint8)
    return _values(cv2.inpaint(_codes(y), hole, 3, cv2.INPAINT_TELEA))


def non_local_means(y: torch.Tensor, sigma: float) -> torch.Tensor:
    """Colour non-local means; sigma of full scale 1."""
    h = 255 * sigma * 0.8
    return _values(cv2.fastNlMeansDenoisingColored(_codes(y), None, h, h, 5, 15))


def bicubic(y: torch.Tensor, scale: int) -> torch.Tensor:
    """Upscaled by `scale`, by PyTorch's bicubic."""
    x = F.interpolate(y[None], scale_factor=scale, mode="bicubic", align_corners=False)
    return x[0].clamp(-1, 1)
