"""Runs pipelines by gst-launch-1.0 and keeps their frames in files."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ud2m.evaluation.video.frames import Format


def environment(plugin_path: Path | None) -> dict[str, str]:
    """This process's, with the plugin's folder where one is named."""
    return os.environ | ({"GST_PLUGIN_PATH": str(plugin_path.resolve())} if plugin_path else {})


@dataclass
class Pipelines:
    """Pipelines that write into `folder`; the element's log is the file `log` there.

    frames: of each clip; skip: those that are left out at a clip's start, where it is long enough.
    """

    folder: Path
    plugin_path: Path | None
    frames: int
    skip: int
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log"

    def run(self, pipeline: str, name: str) -> Path:
        """The file that the pipeline's frames were written to."""
        out = self.folder / name
        self.log.write_text("")
        log = {
            "GST_DEBUG": "ud2mrestore:6",
            "GST_DEBUG_FILE": str(self.log),
            "GST_DEBUG_NO_COLOR": "1",
        }
        command = ["gst-launch-1.0", "-q", *pipeline.split(), "!", "filesink", f"location={out}"]
        env = environment(self.plugin_path) | log
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr.strip()}")
        return out

    def clean(self, clip: Path, format: Format) -> Path:
        """The first frames of a clip at the size and in the format that are compressed."""
        caps = (
            f"video/x-raw,format={format.name},width={format.width},height={format.height},"
            "colorimetry=1:4:0:0"
        )
        out = self.run(
            f"filesrc location={clip} ! decodebin ! videoconvert"
            f" ! videoscale add-borders=false ! videoconvert ! {caps}",
            "all.raw",
        )
        long_enough = out.stat().st_size >= (self.skip + self.frames) * format.bytes
        kept = self.folder / "clean.raw"
        with out.open("rb") as f:
            f.seek(self.skip * format.bytes if long_enough else 0)
            kept.write_bytes(f.read(self.frames * format.bytes))
        out.unlink()
        return kept
