"""A clip that another codec distorted, restored in several ways, against the clip before it."""

from collections.abc import Iterator
from pathlib import Path

from ud2m.evaluation.video.frames import Format, scores
from ud2m.evaluation.video.pipelines import Pipelines

HEAD = ["", "luma, dB", "RGB, dB"]


def rows(
    pipelines: Pipelines, distorted: Path, pristine: Path, format: Format, restore: str, ways: list
) -> Iterator[list[str]]:
    """A row of the table for the clip as it came and for each of `ways`: its PSNR.

    format: I420. restore: the element with its usual properties; a way adds others.
    """
    clean = format.frames(pipelines.clean(pristine, format))
    raw = pipelines.clean(distorted, format)
    source = (
        f"filesrc location={raw} ! rawvideoparse format=i420 width={format.width}"
        f" height={format.height} framerate=25/1 colorimetry=1:4:0:0"
    )
    yield ["as it came", *(f"{v:.2f}" for v in scores(format.frames(raw), clean))]
    for way in ways:
        out = pipelines.run(f"{source} ! {restore} {way}", "out.raw")
        yield [f"`{way}`", *(f"{v:.2f}" for v in scores(format.frames(out), clean))]
