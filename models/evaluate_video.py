"""Scores the element on clips: degraded ones, Motion JPEG, or those of other codecs.

python models/evaluate_video.py clips --clips FOLDER --plugin-path target/release --cut
python models/evaluate_video.py mjpeg --clips FOLDER --plugin-path target/release \\
    --formats Y42B Y444 --qualities 30 --report docs/results/video.md mjpeg
python models/evaluate_video.py pair --distorted low.mp4 --pristine clean.mp4 \\
    --plugin-path target/release --ways "task=denoise noise-sigma=0.02" "task=jpeg"

ud2m/evaluation/video says how each is measured.
"""

import argparse
import sys
import tempfile
import textwrap
from pathlib import Path

from ud2m.evaluation import tables
from ud2m.evaluation.video import clips, mjpeg, pair
from ud2m.evaluation.video.frames import CHROMA, Format
from ud2m.evaluation.video.pipelines import Pipelines


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = p.add_subparsers(required=True, metavar="COMMAND")
    rooms = {"clips": (clips, add_clips), "mjpeg": (mjpeg, add_mjpeg), "pair": (pair, add_pair)}
    for name, (room, add) in rooms.items():
        text = room.__doc__ or ""
        add(commands.add_parser(name, help=text.splitlines()[0], description=text))
    a = p.parse_args()
    a.run(a)


def add_clips(p: argparse.ArgumentParser) -> None:
    p.set_defaults(run=evaluate_clips)
    p.add_argument("--clips", type=Path, required=True, help="folder of clean clips")
    p.add_argument("--pattern", default="*.mp4")
    p.add_argument("--plugin-path", type=Path, required=True, help="folder of libgstud2m.so")
    p.add_argument("--frames", type=int, default=24)
    p.add_argument("--first", type=int, default=10, help="frames left out at the beginning")
    p.add_argument(
        "--cut", action="store_true", help="one more clip: half of the first, half of the last"
    )
    usual = ["deblur-gaussian", "jpeg-q10"]
    p.add_argument("--cases", nargs="+", default=usual, choices=clips.PROPERTIES)
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))


def evaluate_clips(a: argparse.Namespace) -> None:
    found = [clips.decoded(path, a.frames, a.first) for path in sorted(a.clips.glob(a.pattern))]
    if not found:
        raise SystemExit(f"{a.clips} holds no {a.pattern}; name a folder of clean clips.")
    if a.cut:
        found.append(clips.cut(found[0], found[-1]))
    rows: clips.Rows = {}
    for case in a.cases:
        for clip in found:
            scores = {m: clips.measured(a.plugin_path, case, clip, m) for m in clips.MODES}
            rows[case, clip.name] = scores
            print(case, clip.name, scores, flush=True)
    what = f"{a.frames} frames of each clip, {clips.SIZE[0]}x{clips.SIZE[1]}, through the element."
    note = tables.footnote(what, sys.argv[1:], Path(__file__).name)
    publish(f"{clips.table(rows)}\n{note}", a.report)


def add_pipelines(p: argparse.ArgumentParser, size: str) -> None:
    """What Motion JPEG and pairs have in common."""
    p.add_argument("--size", default=size, help="to which frames are scaled: multiples of 8")
    p.add_argument("--frames", type=int, default=12, help="of each clip")
    p.add_argument("--skip", type=int, default=0, help="frames left out at the start")
    p.add_argument("--model", default="lite")
    p.add_argument("--plugin-path", type=Path, help="folder of libgstud2m.so")


def add_mjpeg(p: argparse.ArgumentParser) -> None:
    p.set_defaults(run=evaluate_mjpeg)
    p.add_argument("--clips", type=Path, required=True, help="a clip or image, or a folder of them")
    p.add_argument(
        "--formats",
        nargs="+",
        choices=list(CHROMA),
        default=["I420"],
        help="what is compressed: 4:2:0, 4:2:2, 4:4:4",
    )
    p.add_argument("--qualities", nargs="+", type=int, default=[10, 30])
    add_pipelines(p, "320x240")
    p.add_argument("--limit", type=int, default=0, help="clips; 0 all")
    p.add_argument("--means", action="store_true", help="tells no clip apart in the table")
    p.add_argument("--properties", default="", help="of ud2mrestore, such as steps=1")
    p.add_argument("--report", nargs=2, metavar=("FILE", "SECTION"))


def evaluate_mjpeg(a: argparse.Namespace) -> None:
    width, height = size(a.size)
    files = sorted(a.clips.iterdir()) if a.clips.is_dir() else [a.clips]
    found = [file for file in files if file.suffix in mjpeg.CLIPS]
    if not found:
        raise SystemExit(f"{a.clips} holds no clip or image ({', '.join(mjpeg.CLIPS)}).")
    restore = f"ud2mrestore task=jpeg model={a.model} {a.properties}"
    rows: mjpeg.Rows = {}
    with tempfile.TemporaryDirectory() as folder:
        pipelines = Pipelines(Path(folder), a.plugin_path, a.frames, a.skip)
        for clip in found[: a.limit or None]:
            for name, quality in ((f, q) for f in a.formats for q in a.qualities):
                format = Format(name, width, height)
                row = mjpeg.row(pipelines, clip, format, quality, restore)
                rows[clip.stem, name, quality] = row
                print(clip.stem, name, quality, row, flush=True)
    about = (
        f"PSNR in dB of luma / of RGB; {width}×{height}, up to {a.frames} frames of each. "
        "The estimate is the lowest and the highest of the frames."
    )
    text = "\n".join(textwrap.wrap(about, tables.WIDTH))
    command = tables.command(sys.argv[1:], Path(__file__).name)
    table = mjpeg.table(mjpeg.means(rows) if a.means else rows)
    publish(f"{table}\n{text}\n\n```\n{command}\n```\n", a.report)


def add_pair(p: argparse.ArgumentParser) -> None:
    p.set_defaults(run=evaluate_pair)
    p.add_argument("--distorted", type=Path, required=True)
    p.add_argument("--pristine", type=Path, required=True, help="of the same size, frame for frame")
    p.add_argument("--ways", nargs="+", required=True, help="properties of ud2mrestore")
    add_pipelines(p, "352x288")


def evaluate_pair(a: argparse.Namespace) -> None:
    format = Format("I420", *size(a.size))
    with tempfile.TemporaryDirectory() as folder:
        pipelines = Pipelines(Path(folder), a.plugin_path, a.frames, a.skip)
        restore = f"ud2mrestore model={a.model}"
        rows = pair.rows(pipelines, a.distorted, a.pristine, format, restore, a.ways)
        print(tables.markdown(pair.HEAD, []), end="")
        for row in rows:
            print(tables.markdown(row, []).splitlines()[0], flush=True)


def size(text: str) -> tuple[int, int]:
    """Width and height of `352x288`; both are multiples of 8."""
    width, height = map(int, text.split("x"))
    if width % 8 or height % 8:
        raise SystemExit(f"--size {text} has a side that is no multiple of 8.")
    return width, height


def publish(text: str, report: list[str] | None) -> None:
    """Prints a table, and puts it into the section of a Markdown file."""
    print("\n" + text)
    if report:
        tables.replace_section(Path(report[0]), report[1], text)


if __name__ == "__main__":
    main()
