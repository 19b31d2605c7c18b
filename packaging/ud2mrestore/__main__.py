# SPDX-License-Identifier: MPL-2.0
"""Prints the exports with which a shell's GStreamer finds the filter: python -m ud2mrestore."""

import argparse
import shlex
import sys

from . import MissingError, environment


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m ud2mrestore",
        description="Print the variables with which GStreamer finds the filter ud2mrestore. "
        'In a shell: eval "$(python -m ud2mrestore)"',
    ).parse_args()
    try:
        found = environment()
    except MissingError as error:
        sys.exit(f"ud2mrestore: {error}")
    for name, value in found.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
