# SPDX-License-Identifier: MPL-2.0
"""The GStreamer filter ud2mrestore, built: what GStreamer has to be told to find it.

    import os, ud2mrestore
    os.environ.update(ud2mrestore.environment())  # before Gst.init

The plugin and the command lie in this folder as `make install` puts them below a prefix, so each
finds the models beside it. ONNX Runtime is the library of the package onnxruntime.
"""

import os
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMAND = HERE / "bin/ud2m"
PLUGINS = HERE / "lib/gstreamer-1.0"
PRESETS = HERE / "share/gstreamer-1.0/presets"
RUNTIME_VARIABLE = "ORT_DYLIB_PATH"


class MissingError(RuntimeError):
    """Something that the package needs is not installed; the text says what, and what to do."""


def runtime() -> Path:
    """ONNX Runtime's library: where ORT_DYLIB_PATH points, else in the package onnxruntime.

    Raises MissingError where there is neither. The package is looked at and not imported, which
    would take a tenth of a second and the memory of a second copy.
    """
    if named := os.environ.get(RUNTIME_VARIABLE):
        return Path(named)
    spec = find_spec("onnxruntime")
    for folder in (spec and spec.submodule_search_locations) or ():
        # One, whose name ends with its version; more where packages were laid over each other.
        if libraries := sorted(Path(folder).glob("capi/libonnxruntime.so*")):
            return libraries[-1]
    raise MissingError(
        "ONNX Runtime was not found beside this package: install it with 'pip install onnxruntime' "
        f"or set {RUNTIME_VARIABLE} to libonnxruntime.so."
    )


def environment() -> dict[str, str]:
    """The variables with which GStreamer finds plugin and presets, and the plugin ONNX Runtime.

    What the lists of folders hold already stays behind the package's own. Raises MissingError where
    there is no ONNX Runtime.
    """

    def before(folder: Path, variable: str) -> str:
        others = os.environ.get(variable, "").split(os.pathsep)
        return os.pathsep.join([str(folder), *(o for o in others if o not in ("", str(folder)))])

    return {
        "GST_PLUGIN_PATH": before(PLUGINS, "GST_PLUGIN_PATH"),
        "GST_PRESET_PATH": before(PRESETS, "GST_PRESET_PATH"),
        RUNTIME_VARIABLE: str(runtime()),
    }
