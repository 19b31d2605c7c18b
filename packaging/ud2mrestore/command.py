# SPDX-License-Identifier: MPL-2.0
"""The entry point ud2m: looks for what the program needs, then becomes the program."""

import ctypes
import os
import sys

from . import COMMAND, RUNTIME_VARIABLE, MissingError, runtime

# What the program is linked with beyond the C library; a test compares them with its header.
LIBRARIES = (
    "libgstreamer-1.0.so.0",
    "libgstapp-1.0.so.0",
    "libgstbase-1.0.so.0",
    "libgstpbutils-1.0.so.0",
    "libgstvideo-1.0.so.0",
    "libgio-2.0.so.0",
    "libglib-2.0.so.0",
    "libgobject-2.0.so.0",
)
OLDEST = (1, 22)  # GStreamer that the program is built for
INSTALL = (
    "install GStreamer 1.22 or later (on Debian and Ubuntu: sudo apt install "
    "gstreamer1.0-plugins-good gstreamer1.0-libav)"
)


def check_gstreamer() -> None:
    """Raises MissingError where the system's loader could not start the program.

    It would end with the loader's own words, which name a library and no package.
    """
    version = [ctypes.c_uint() for _ in range(4)]
    try:
        libraries = {name: ctypes.CDLL(name) for name in LIBRARIES}
    except OSError as error:
        raise MissingError(f"GStreamer cannot be opened ({error}): {INSTALL}.") from None
    libraries["libgstreamer-1.0.so.0"].gst_version(*map(ctypes.byref, version))
    found = tuple(number.value for number in version[:3])
    if found < OLDEST:
        raise MissingError(f"GStreamer {'.'.join(map(str, found))} is too old: {INSTALL}.")


def main() -> None:
    try:
        check_gstreamer()
        os.environ[RUNTIME_VARIABLE] = str(runtime())
    except MissingError as error:
        sys.exit(f"ud2m: {error}")
    # Signals, exit codes and the terminal are the program's own from here on.
    os.execv(COMMAND, [str(COMMAND), *sys.argv[1:]])
