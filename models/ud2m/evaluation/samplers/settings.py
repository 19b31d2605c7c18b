"""The other samplers' free parameters for each operator, with how they were found.

A small grid around the published values was tried by `python -m ud2m.evaluation.samplers.tune` on
held-out training images, with the evaluation's own degradations, for the highest mean PSNR: one to
three crops of 48 to 64 pixels for each case, so a tenth of a dB decides nothing. Numbers compare
within a line only. DPS keeps its published value. A family that is not named keeps the default.
"""

from ud2m.physics.operators import Operator

SETTINGS: dict[str, dict[str, dict[str, float]]] = {
    "dps": {"default": {"zeta": 1.0}},  # the paper's value
    "diffpir": {
        # Published: lambda_ 3 to 25. Fresh noise alone (zeta 1) beat 0.3 where both were tried:
        # mask 31.3 dB and 28.4 at lambda_ 28, denoise 24.5 and 23.0, JPEG 22.0 and 21.2 at lambda_
        # 4. For masks lambda_ changes nothing. Default: denoise 24.5 dB at 2 and at 4, 23.3 at 8,
        # 21.6 at 0.3; x4 the same at 1 and 4.
        "default": {"lambda_": 3.0, "zeta": 1.0},
        "blur": {"lambda_": 7.0, "zeta": 1.0},  # 22.0 dB at 4 and at 12, 19.2 at 1
        "jpeg": {"lambda_": 1.5, "zeta": 1.0},  # 22.0 dB, 21.8 at 8
    },
    "ddrm": {
        # Paper: eta 0.85, eta_b 1. Tried eta 0.3 to 1; eta_b was left.
        "default": {"eta": 0.85, "eta_b": 1.0},
        "mask": {"eta": 1.0},  # 23.5 dB, 22.2 at 0.85
        "denoise": {"eta": 0.3},  # 26.9 dB, 26.2 at 0.85
        "downscale2": {"eta": 1.0},  # 25.1 dB, 24.9 at 0.85
        "downscale4": {"eta": 1.0},  # 22.0 dB, 21.7 at 0.85
    },
    "dpir": {
        # Paper: lambda_ 0.23, first level 49/255 of full scale. Tried lambda_ 0.03 to 0.6, first
        # 0.1 to 0.384. Default: best or within 0.05 dB of it for masks, reductions, JPEG.
        "default": {"lambda_": 0.23, "first": 2 * 49 / 255, "evaluations": 8},
        "mask": {"evaluations": 24},  # far holes fill slowly when no noise is added
        "blur": {"first": 0.2},  # 26.3 dB over crops of 64 and 96, 26.1 at the paper's
        # 31.4 dB, 31.2 at 0.1, which was 0.4 above 0.23.
        "denoise": {"lambda_": 0.03, "first": 0.2},
    },
    "latino": {
        # Tried rho_ratio 0.5 to 2 (1: the prox is as strong as the noise that follows), and last
        # 0.3 to 1 for blur, denoise, JPEG. Default: masks, reductions, JPEG 0.05 to 0.3 dB above
        # rho_ratio 1.
        "default": {"last": 1.0, "rho_ratio": 2.0},
        "blur": {"rho_ratio": 1.0},  # 25.3 dB, 23.3 at 2
        "denoise": {"last": 0.3, "rho_ratio": 1.0},  # 29.4 dB, 28.1 at last 1
    },
}


def of(method: str, operator: Operator, override: dict[str, float]) -> dict[str, float]:
    """The settings of `method` for the operator's family.

    ValueError where `override` names one that it has not.
    """
    chosen = SETTINGS[method]["default"] | SETTINGS[method].get(operator.family, {})
    if unknown := set(override) - set(chosen):
        raise ValueError(
            f"{method} has no setting {', '.join(sorted(unknown))}; it has {', '.join(chosen)}."
        )
    return chosen | override
