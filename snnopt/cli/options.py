"""Options that commands share, and the algorithm that they configure."""

from __future__ import annotations

import argparse
import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from snnopt.algorithms import ALGORITHMS, Algorithm
from snnopt.errors import ModelError, unknown_name
from snnopt.runtime import Checkpoint

PICTURES = ("", ".png", ".svg", ".pdf", ".jpg")
"""Suffixes of pictures; .png is added where there is none."""


def add_algorithm(command: argparse.ArgumentParser) -> None:
    """Add ``--algorithm``."""
    command.add_argument(
        "--algorithm",
        metavar="NAME",
        default="online",
        help=f"one of {', '.join(sorted(ALGORITHMS))} (default: online)",
    )


def add_seed(command: argparse.ArgumentParser, of: str) -> None:
    """Add ``--seed``."""
    command.add_argument("--seed", type=whole, metavar="N", default=0, help=f"seed of {of} (default: 0)")


def add_arguments_of_build(command: argparse.ArgumentParser) -> None:
    """Add ``--hidden`` and ``--with``."""
    command.add_argument(
        "--hidden",
        nargs="+",
        type=positive,
        metavar="UNITS",
        help="neurons in each hidden layer, for a build(hidden=...) that takes several numbers",
    )
    command.add_argument(
        "--with",
        action="append",
        default=[],
        dest="given",
        metavar="KEY=VALUE",
        help="any argument of build(), e.g. --with units=50 or --with memory=adaptive; can be repeated (a wrong KEY lists all)",
    )


def arguments_of_build(hidden: Sequence[int] | None, given: Sequence[str]) -> dict[str, Any]:
    """The arguments that ``--hidden`` and ``--with`` give to build(): Python literals, all else as text.

    Raises
    ------
    ModelError
        An argument is not written as ``key=value``, or is given twice with different values.
    """
    out: dict[str, Any] = {} if hidden is None else {"hidden": tuple(hidden)}
    for key, text in pairs("--with", given, "units=50"):
        value = _literal(text)
        if key in out and out[key] != value:
            raise twice("--with", key, out[key], value)
        out[key] = value
    return out


def pairs(option: str, given: Sequence[str], example: str) -> list[tuple[str, str]]:
    """Keys and values of an option that takes ``key=value``."""
    out = []
    for text in given:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not key or not equals or not value:
            raise ModelError(
                option, f"{text!r} is not of the form key=value", f"write, for instance, {option} {example}"
            )
        out.append((key, value))
    return out


def twice(option: str, key: str, first: object, second: object) -> ModelError:
    """The error for a key with two values."""
    return ModelError(f"{option} {key}", f"it is given twice, as {first!r} and as {second!r}", "give it once")


def whole(text: str) -> int:
    """A whole number of at least 0."""
    return int(_number(text, int, lambda x: x >= 0, "a whole number of at least 0"))


def positive(text: str) -> int:
    """A whole number of at least 1."""
    return int(_number(text, int, lambda x: x >= 1, "a whole number of at least 1"))


def share(text: str) -> float:
    """A number between 0 and 1."""
    return _number(text, float, lambda x: 0 < x < 1, "a number between 0 and 1")


def seconds(text: str) -> float:
    """A positive, finite number."""
    return _number(text, float, lambda x: 0 < x < math.inf, "a number above 0")


def passes(text: str) -> float:
    """A positive, finite number, whole where it is written so."""
    value = seconds(text)
    return int(value) if value == int(value) else value


def _number(text: str, kind: type[int] | type[float], fits: Callable[[float], bool], wanted: str) -> float:
    """A number in a range; argparse tells what is wanted where it is none."""
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not fits(value):
        raise argparse.ArgumentTypeError(f"{text!r}: give {wanted}")
    return value


def checkpoint_of(path: Path | None, every: int | None, resume: Path | None) -> Checkpoint | None:
    """Where ``--checkpoint``, ``--every`` and ``--resume`` keep the state of a run; a resumed one keeps its file up to date.

    Raises
    ------
    FileNotFoundError, ModelError
        The file cannot be there, or ``--every`` is given without one.
    """
    output_path("--checkpoint", path)
    where = resume if path is None else path
    if where is None:
        if every is not None:
            raise ModelError(f"--every {every}", "there is no checkpoint to write", "add --checkpoint run.npz")
        return None
    return Checkpoint(where, every=every or 1)


def output_path(option: str, path: Path | None) -> None:
    """Check where a file shall go before work is put into its contents.

    Raises
    ------
    FileNotFoundError
        The folder does not exist.
    ModelError
        It is a folder.
    """
    if path is None:
        return
    if path.is_dir():
        raise ModelError(f"{option} {path}", "this is a folder", f"name a file in it, e.g. {option} {path / 'run'}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{option} {path}: the folder {path.parent} does not exist; make it first")


def picture_path(option: str, path: Path | None) -> None:
    """Check where a picture shall go, as :func:`output_path` does, and that its suffix is that of a picture."""
    output_path(option, path)
    if path is not None and path.suffix.lower() not in PICTURES:
        raise ModelError(
            f"{option} {path}", f"{path.suffix!r} is no kind of picture", f"use one of {', '.join(PICTURES[1:])}"
        )


def configured(name: str, epochs: float | None = None, settings: Sequence[str] = ()) -> Algorithm:
    """Return the algorithm called ``name`` with its defaults, but for ``epochs`` and ``settings`` (``"key=value"``).

    ``epochs`` are passes over the data: epochs of mini-batches, or full-batch iterations.

    Raises
    ------
    UnknownNameError
        No algorithm, or no setting of it, has this name.
    ModelError
        A setting is not written as ``key=value``, is given twice with different values, or its value is out of range.
    """
    if name not in ALGORITHMS:
        raise unknown_name("--algorithm", name, ALGORITHMS)
    known = {f.name: f for f in fields(ALGORITHMS[name])}
    values: dict[str, Any] = {}
    if epochs is not None:
        values["epochs" if "epochs" in known else "max_iter"] = epochs
    for key, text in pairs("--set", settings, "step=3"):
        if key not in known:
            raise unknown_name(f"--set: settings of {name!r}", key, known)
        value = _value(known[key], text)
        if key in values and values[key] != value:
            by_epochs = epochs is not None and values[key] == epochs and key in ("epochs", "max_iter")
            raise twice("--epochs and --set" if by_epochs else "--set", key, values[key], value)
        values[key] = value
    return ALGORITHMS[name](**values)


def _literal(text: str) -> Any:
    """A Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _value(setting: Field[Any], text: str) -> Any:
    if isinstance(setting.default, str):
        return text
    if text.lower() == "none" and setting.default is None:
        return None
    value = _literal(text)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and (not setting.metadata.get("whole") or value == int(value)):
        return int(value) if setting.metadata.get("whole") else float(value)
    kind = "whole number" if setting.metadata.get("whole") else "number"
    example = "32" if setting.default is None else f"{setting.default:g}"
    raise ModelError("--set", f"{setting.name} = {text!r} is no {kind}", f"write, e.g., --set {setting.name}={example}")
