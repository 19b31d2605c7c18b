"""A command line from the fields of a dataclass, and a dataclass from a command line.

A field's type says how a word is read: `list[T]` takes several, `tuple[T, …]` as many as it has
members, `bool` is a switch with a `--no-` form. `option` gives the rest.
"""

import argparse
import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

Value = Any  # what an option holds
T = TypeVar("T")


def option(
    default: Value = dataclasses.MISSING,
    *,
    help: str,
    unit: str = "",
    choices: Iterable[str] | None = None,
) -> Value:
    """A field that is an option; without a default it must be given.

    unit: what its numbers count, or what its words name. default: a value, or a function without
    arguments that makes one.
    """
    metadata = {"help": help, "unit": unit, "choices": choices and list(choices)}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def with_default(options: type, name: str, default: Value) -> Value:
    """The field of the dataclass `options`, with another default."""
    of = {f.name: f for f in dataclasses.fields(options)}
    return dataclasses.field(default=default, metadata=of[name].metadata)


def parser(options: type, description: str | None) -> argparse.ArgumentParser:
    """A parser of the fields of the dataclass `options`, and of --dry-run."""
    p = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    hints = typing.get_type_hints(options)
    for f in dataclasses.fields(options):
        usual = "" if f.default in (None, dataclasses.MISSING) else f" (default: {f.default})"
        how = _reading(hints[f.name])
        if "action" not in how:
            how |= {"metavar": f.metadata["unit"].upper() or None, "choices": f.metadata["choices"]}
        text = f"{f.metadata['help']}{usual}".replace("%", "%%")
        p.add_argument(_flag(f.name), help=text, default=argparse.SUPPRESS, **how)
    p.add_argument(
        "--dry-run",
        action="store_true",
        help="print the configuration, the network's size and the first batch, and stop; "
        "only the cache of images is written",
    )
    return p


def parse(
    p: argparse.ArgumentParser,
    options: Callable[..., T],
    presets: Mapping[str, Mapping[str, Value]] = types.MappingProxyType({}),
    words: Sequence[str] | None = None,
) -> tuple[T, bool]:
    """The options and whether this is a dry run, of `words` (None: the program's).

    The row of `presets` that the option `preset` names fills in what is not given. Ends the program
    with the parser's error where an option is missing or `options` raises ValueError.
    """
    given = vars(p.parse_args(words))
    dry_run = given.pop("dry_run")
    values = dict(presets[given["preset"]]) | given if given.get("preset") else given
    needed = [f for f in dataclasses.fields(options) if _required(f)]  # type: ignore[arg-type]
    if missing := [_flag(f.name) for f in needed if f.name not in values]:
        p.error(f"the following arguments are required: {', '.join(missing)}")
    try:
        return options(**values), dry_run
    except ValueError as reason:
        p.error(str(reason))


def saved(options: Any) -> dict[str, Value]:
    """Every option of a dataclass, as JSON has it."""
    return _plain(dataclasses.asdict(options), str)


def described(options: Any) -> dict[str, Value]:
    """As `saved`, with the names alone of files and folders: for files that are passed on."""
    return _plain(dataclasses.asdict(options), lambda path: path.name)


def _plain(value: Value, path: Callable[[Path], str]) -> Value:
    if isinstance(value, dict):
        return {k: _plain(v, path) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, path) for v in value]
    return path(value) if isinstance(value, Path) else value


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _required(f: dataclasses.Field) -> bool:
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING


def _reading(hint: Value) -> dict[str, Value]:
    """How argparse reads the words of a type; `None` beside a type only says that it may lack."""
    if isinstance(hint, types.UnionType):
        (hint,) = (t for t in typing.get_args(hint) if t is not types.NoneType)
    members: tuple[type, ...] = typing.get_args(hint)
    origin: Any = typing.get_origin(hint)
    if origin is list:
        return {"nargs": "+", "type": members[0]}
    if origin is tuple:
        return {"nargs": len(members), "type": members[0]}
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    return {"type": hint}
