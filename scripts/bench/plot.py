# SPDX-License-Identifier: MPL-2.0
"""A plot of frames a second by pixels a frame, both logarithmic, as SVG."""

import math
from dataclasses import dataclass

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 230, 20, 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f")
HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
    'font-family="sans-serif" font-size="12">\n'
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
)


@dataclass
class Series:
    """A line: its name, whether it is one of ours, and (pixels, frames/s) from small to large."""

    name: str
    ours: bool
    points: list[tuple[float, float]]


class Axis:
    """Places of values on one side of the plot."""

    def __init__(self, values: list[float], first: float, last: float):
        low, high = min(values), max(values)
        self.low = math.log10(low) - 0.05
        self.scale = (last - first) / max(math.log10(high) + 0.05 - self.low, 0.1)
        self.first = first
        self.powers = range(math.floor(self.low), math.ceil(math.log10(high)) + 1)

    def at(self, value: float) -> float:
        return self.first + (math.log10(value) - self.low) * self.scale

    def ticks(self, low: float, high: float) -> list[float]:
        """1, 2 and 5 of each power of ten that lie between these places."""
        values = [m * 10.0**p for p in self.powers for m in (1, 2, 5)]
        return [v for v in values if min(low, high) <= self.at(v) <= max(low, high)]


def plot(series: list[Series]) -> str:
    """The plot; without points an empty frame."""
    points = [point for each in series for point in each.points] or [(1e5, 1.0)]
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    x = Axis([p for p, _ in points], LEFT, right)
    y = Axis([f for _, f in points], bottom, TOP)
    parts = [HEAD]
    for value in y.ticks(TOP, bottom):
        parts += [_rule(LEFT, y.at(value), right, y.at(value))]
        parts += [_text(LEFT - 6, y.at(value) + 4, f"{value:g}", "end")]
    for value in dict.fromkeys(p for p, _ in points):
        parts += [_rule(x.at(value), TOP, x.at(value), bottom)]
        parts += [_text(x.at(value), bottom + 16, f"{value / 1e6:.2g}", "middle")]
    parts += [_text((LEFT + right) / 2, HEIGHT - 12, "megapixels a frame", "middle")]
    parts += [_text(LEFT, TOP - 6, "frames a second", "middle")]
    for i, each in enumerate(series):
        parts += _line(each, x, y, COLOURS[i % len(COLOURS)], TOP + 14 + 18 * i)
    return "".join([*parts, "</svg>\n"])


def _line(series: Series, x: Axis, y: Axis, colour: str, row: float) -> list[str]:
    """A line with its points, and its entry beside the plot."""
    dash = "" if series.ours else ' stroke-dasharray="5 4"'
    style = f'fill="none" stroke="{colour}" stroke-width="2"{dash}'
    places = [(x.at(p), y.at(f)) for p, f in series.points]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    left = WIDTH - RIGHT + 16
    return [
        f'<polyline points="{path}" {style}/>\n',
        *(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>\n' for a, b in places),
        f'<polyline points="{left},{row} {left + 22},{row}" {style}/>\n',
        _text(left + 28, row + 4, series.name, "start"),
    ]


def _rule(x0: float, y0: float, x1: float, y1: float) -> str:
    return f'<path d="M{x0:.1f},{y0:.1f} L{x1:.1f},{y1:.1f}" stroke="#ddd"/>\n'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>\n'
