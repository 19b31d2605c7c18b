#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Restores NumPy frames in a GStreamer pipeline, and reads what the filter tells of each.

    python3 examples/restore_numpy.py IN task=denoise noise-sigma=-1 [original=FILE]

Everything after IN is a property of the filter; stats-interval=1000 prints statistics each second.
It needs PyGObject, the description of GStreamer's app library, and NumPy, on Debian python3-gi,
gir1.2-gst-plugins-base-1.0 and python3-numpy, and GST_PLUGIN_PATH must name the plugin's folder.
"""

import sys
from collections.abc import Iterable, Iterator

import gi
import numpy as np

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402, F401  GstApp gives appsrc and appsink methods

META = "GstUd2mRestoreMeta"
STATISTICS = "ud2mrestore-stats"
POLL = Gst.SECOND // 10


class PipelineError(RuntimeError):
    """What an element of the pipeline said when it failed."""


def facts(structure: Gst.Structure) -> dict[str, object]:
    """A structure's fields by their names."""
    names = map(structure.nth_field_name, range(structure.n_fields()))
    return {name: structure.get_value(name) for name in names}


def check(pipeline: Gst.Pipeline) -> None:
    """Reads the messages that came: prints warnings and statistics, raises PipelineError."""
    kinds = Gst.MessageType.ERROR | Gst.MessageType.WARNING | Gst.MessageType.ELEMENT
    while message := pipeline.get_bus().pop_filtered(kinds):
        if message.type == Gst.MessageType.ERROR:
            text = message.parse_error()[0].message
            raise PipelineError(f"{message.src.get_name()}: {text}")
        if message.type == Gst.MessageType.WARNING:
            print(f"warning: {message.parse_warning()[0].message}", file=sys.stderr)
        elif message.get_structure().get_name() == STATISTICS:
            told = facts(message.get_structure())
            print(f"{told['frames']} frames, {told['frame-ms']:.0f} ms each on average")


def samples(pipeline: Gst.Pipeline) -> Iterator[Gst.Sample]:
    """Plays the pipeline, and yields what comes to its appsink `out`, until its end."""
    out = pipeline.get_by_name("out")
    try:
        pipeline.set_state(Gst.State.PLAYING)
        while not out.is_eos():
            if sample := out.try_pull_sample(POLL):
                yield sample
            else:
                check(pipeline)
        check(pipeline)
    finally:
        pipeline.set_state(Gst.State.NULL)


def array(sample: Gst.Sample) -> np.ndarray:
    """The RGB frame of a sample: bytes of shape (height, width, 3)."""
    buffer, caps = sample.get_buffer(), sample.get_caps().get_structure(0)
    width, height = caps.get_value("width"), caps.get_value("height")
    rows = np.frombuffer(buffer.extract_dup(0, buffer.get_size()), np.uint8).reshape(height, -1)
    return rows[:, : 3 * width].reshape(height, width, 3)


def buffer_of(frame: np.ndarray, number: int, fps: int) -> Gst.Buffer:
    """The buffer of an RGB frame; GStreamer fills each row up to four bytes."""
    height, width, _ = frame.shape
    rows = np.zeros((height, -(-3 * width // 4) * 4), np.uint8)
    rows[:, : 3 * width] = frame.reshape(height, 3 * width)
    buffer = Gst.Buffer.new_wrapped(rows.tobytes())
    buffer.pts, buffer.duration = number * Gst.SECOND // fps, Gst.SECOND // fps
    return buffer


def read(file: str) -> list[np.ndarray]:
    """The frames of a picture or video, as RGB."""
    pipeline = Gst.parse_launch(
        "filesrc name=file ! decodebin ! videoconvert ! video/x-raw,format=RGB ! appsink name=out "
        "sync=false"
    )
    pipeline.get_by_name("file").set_property("location", file)
    return [array(sample) for sample in samples(pipeline)]


def restore(
    frames: Iterable[np.ndarray], properties: dict[str, str], fps: int = 25
) -> Iterator[tuple[np.ndarray, dict[str, object]]]:
    """Restores RGB frames of one size; yields each with what the filter's meta tells of it.

    `properties` are the element's, as gst-launch-1.0 reads them. Raises PipelineError.
    """
    waiting = enumerate(frames)
    number, first = next(waiting)
    height, width, _ = first.shape
    pipeline = Gst.parse_launch(
        "appsrc name=in format=time ! ud2mrestore name=restorer "
        "! appsink name=out sync=false max-buffers=2"
    )
    source = pipeline.get_by_name("in")
    caps = f"video/x-raw,format=RGB,width={width},height={height},framerate={fps}/1"
    source.set_caps(Gst.Caps.from_string(caps))
    for name, value in properties.items():
        Gst.util_set_object_arg(pipeline.get_by_name("restorer"), name, value)

    def feed(source: Gst.Element, _bytes: int) -> None:
        if (item := next(waiting, None)) is None:
            source.end_of_stream()
        else:
            source.push_buffer(buffer_of(item[1], item[0], fps))

    # Asked for when the filter has taken the one before, so that no more than a few are held.
    source.connect("need-data", feed)
    source.push_buffer(buffer_of(first, number, fps))
    for sample in samples(pipeline):
        meta = sample.get_buffer().get_custom_meta(META)
        yield array(sample), facts(meta.get_structure())


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """In dB, peak 255."""
    return float(-10 * np.log10(np.square((a.astype(float) - b) / 255).mean()))


def report(file: str, properties: dict[str, str], original: str | None) -> None:
    """Restores a file and prints a line a frame; with the gain where there is an original."""
    frames = read(file)
    for number, (frame, told) in enumerate(restore(frames, properties)):
        words = [f"frame {number}: {told['milliseconds']:.0f} ms, residual {told['residual']:.2f}"]
        if original:
            wanted = read(original)[0]
            words.append(f"{psnr(frames[number], wanted):.2f} dB became {psnr(frame, wanted):.2f}")
        print(", ".join(words))


def main() -> None:
    if len(sys.argv) < 2 or not all("=" in argument for argument in sys.argv[2:]):
        sys.exit(__doc__)
    properties = dict(argument.split("=", 1) for argument in sys.argv[2:])
    original = properties.pop("original", None)
    Gst.init(None)
    try:
        report(sys.argv[1], properties, original)
    except PipelineError as error:
        sys.exit(f"restore_numpy: {error}")


if __name__ == "__main__":
    main()
