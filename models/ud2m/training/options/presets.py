"""The options with which the steps of the bundled models were trained, one row a training.

A row names all that decides about the problems and the schedule, so that other defaults do not
change it. It leaves out files and what depends on the machine. `HISTORY.md` beside each model says
which step a training went on from, how many problems it saw, and what it brought.
"""

from typing import Any

Row = dict[str, Any]


def _row(minutes: float, seed: int, rate: float, **others: Any) -> Row:
    """minutes: the budget, on the machine that HISTORY.md names; others: what differs from lite."""
    usual = {
        "crop": 96,
        "batch": 6,
        "warm_up": 1500,
        "exact_share": 0.08,
        "go_on": 0.55,
        "grid_shares": (0.05, 0.15, 0.55, 0.1, 0.15),
        "loss": "fidelity",
        "rank": "full",
        "ensemble": False,
        "iterations": 3,
    }
    return {"time_budget": minutes, "seed": seed, "rate": rate} | usual | others


def _special(family: str, minutes: float, seed: int, rate: float, **others: Any) -> Row:
    """A training for one family alone."""
    return _row(minutes, seed, rate, families=[family], ensemble=True, **others)


def _one_step(families: list[str], seed: int, **others: Any) -> Row:
    """A training in which one outer step is the usual case, from a specialist of lite."""
    shares = (0.8, 0.05, 0.1, 0.02, 0.03)
    return _row(
        300, seed, 3e-4, families=families, ensemble=True, grid_shares=shares, go_on=0.5, **others
    )


def _tiny(family: str, seed: int, once: bool, **others: Any) -> Row:
    """A training of tiny from nothing; once: one iteration of a wider network, else two."""
    size, iterations = ("tiny", 1) if once else ("tiny-twice", 2)
    shape = {"size": size, "iterations": iterations, "initial": "adjoint", "branches": True}
    shape |= {"final": True, "quick": True}
    schedule = {"batch": 8, "warm_up": 4000, "go_on": 0.0, "grid_shares": (1.0, 0.0, 0.0, 0.0, 0.0)}
    return _row(600, seed, 8e-4, families=[family], **shape, **schedule, **others)


def _large(minutes: float, seed: int, rate: float, **others: Any) -> Row:
    """A training of base."""
    return _row(minutes, seed, rate, ensemble=True, go_on=0.5, exact_share=0.0, **others)


# Shares are those of blur, mask, denoise, downscale2, downscale3, downscale4, jpeg.
# fmt: off
PRESETS: dict[str, Row] = {
    "lite-joint-1": _row(62, 0, 5e-4, go_on=0.6),
    "lite-joint-2": _row(19, 1, 3e-4, go_on=0.6, shares=[.4, .15, .1, .05, .05, .17, .08]),
    # From problem 21,870 on, the shares were .2 .25 .11 .04 .05 .2 .15.
    "lite-joint-3": _row(103, 3, 4.5e-4, go_on=0.7, shares=[.22, .17, .14, .05, .06, .2, .16]),
    "lite-joint-4": _row(96, 5, 4e-4, go_on=0.7, shares=[.24, .25, .09, .04, .05, .2, .13]),
    "lite-joint-5": _row(92, 7, 3.5e-4, shares=[.26, .28, .07, .04, .04, .17, .14]),

    "lite-blur-1": _special("blur", 75, 12, 3.5e-4, go_on=0.45),
    "lite-blur-2": _special("blur", 76, 22, 3.5e-4, go_on=0.45),
    "lite-mask-1": _special("mask", 32, 12, 3.5e-4, go_on=0.4),
    "lite-mask-2": _special("mask", 15, 14, 3e-4, go_on=0.1),
    "lite-mask-3": _special("mask", 50, 23, 3e-4, go_on=0.1, masks=(.8, .1, .1)),
    "lite-denoise-1": _special("denoise", 20, 11, 3.5e-4),
    "lite-denoise-2": _special("denoise", 9, 13, 2.5e-4),
    "lite-downscale4-1": _special("downscale4", 14, 12, 3.5e-4),
    "lite-downscale4-2": _special("downscale4", 7, 13, 2.5e-4),
    "lite-jpeg-1": _special("jpeg", 20, 11, 3.5e-4),
    "lite-jpeg-2": _special("jpeg", 8, 13, 2.5e-4),
    "lite-jpeg-3": _special("jpeg", 72, 21, 3e-4),

    "lite-one-blur": _one_step(["blur"], 41),
    "lite-one-mask": _one_step(["mask"], 42),
    "lite-one-denoise": _one_step(["denoise"], 43, noise_model=True),
    "lite-one-downscale": _one_step(["downscale2", "downscale3"], 44),
    "lite-one-downscale4": _one_step(["downscale4"], 45),
    "lite-one-jpeg": _one_step(["jpeg"], 46),

    "tiny-denoise": _tiny("denoise", 51, True),
    "tiny-jpeg": _tiny("jpeg", 52, True),
    "tiny-downscale2": _tiny("downscale2", 53, True),
    "tiny-downscale3": _tiny("downscale3", 54, True),
    "tiny-downscale4": _tiny("downscale4", 55, True),
    "tiny-blur": _tiny("blur", 56, False),
    "tiny-mask": _tiny("mask", 57, False),

    "lite-perceptual-joint": _row(
        22, 4, 4e-4, go_on=0.7, loss="perceptual", rank="16", masks=(.35, .5, .15),
        shares=[.1, .42, .06, .04, .06, .24, .08],
    ),
    "lite-perceptual-mask": _row(
        8, 15, 4e-4, families=["mask"], loss="perceptual", rank="16", masks=(.35, .5, .15),
    ),

    "base-1": _large(8.2, 31, 4e-4, batch=32, shares=[.22, .15, .1, .04, .04, .3, .15]),
    "base-2": _large(
        10.6, 47, 5e-4, batch=128, warm_up=16_000, shares=[.09, .08, .06, .04, .05, .6, .08],
    ),
}
# fmt: on
