"""Figures that others published by these protocols: PSNR in dB.

Read in the authors' own pages or papers, or in a public re-evaluation of them, which differ by up
to 0.05 dB.
"""

# Protocol -> method -> set -> one figure for each level.
PUBLISHED: dict[str, dict[str, dict[str, tuple[float, ...]]]] = {
    "noise": {
        "DnCNN": {"cbsd68": (33.90, 31.24, 27.95), "mcmaster18": (33.45, 31.52, 28.62)},
        "FFDNet": {"cbsd68": (33.87, 31.21, 27.96), "mcmaster18": (34.66, 32.35, 29.18)},
        "DRUNet": {"cbsd68": (34.30, 31.69, 28.51), "mcmaster18": (35.40, 33.14, 30.08)},
        "SwinIR": {"cbsd68": (34.41, 31.76, 28.53), "mcmaster18": (35.62, 33.32, 30.20)},
        "Restormer": {"cbsd68": (34.35, 31.75, 28.56), "mcmaster18": (35.61, 33.33, 30.26)},
    },
    "jpeg": {
        "JPEG": {"classic5": (27.82, 30.12, 31.48, 32.43)},
        "DnCNN-3": {"classic5": (29.40, 31.63, 32.91, 33.77)},
        "QGAC": {"classic5": (29.84, 31.98, 33.22, 34.05)},
        "FBCNN": {"classic5": (30.12, 32.31, 33.54, 34.35)},
        "SwinIR": {"classic5": (30.27, 32.52, 33.73, 34.52)},
    },
    "bicubic": {
        "IMDN": {"set5": (38.00, 34.36, 32.21)},
        "SwinIR-light": {"set5": (38.14, 34.62, 32.44)},
    },
    "levin": {},
}
