"""The data that a command trains on: a data set by its name, or a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snnopt.cli.options import share
from snnopt.data import DATASETS, Dataset, read
from snnopt.data.read import SUFFIXES
from snnopt.errors import ModelError, UnknownNameError, unknown_name

OF_FILES = {
    "target": "--target",
    "test": "--test",
    "test_size": "--test-size",
    "header": "--header",
    "regression": "--regression",
}
"""Options that say how a file is read, by the name of what they set."""
MANY, FEW = 20, 10
"""Whole numbers of more values than MANY, with fewer than FEW rows each, may be meant for real ones."""


def add_data(group: argparse._ActionsContainer, default: str) -> None:
    """Add ``--data``, with what its ``default`` is, and how a file is read."""
    group.add_argument(
        "--data",
        metavar="NAME|FILE",
        help=f"one of {', '.join(DATASETS)}, or a file, {', '.join(SUFFIXES)} (default: {default})",
    )
    group.add_argument(
        "--target",
        metavar="COLUMN",
        help="of a table: the column to predict, by name or number from 1 (default: the last)",
    )
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="of a table: whether its first line holds names (default: if none of its cells is a number)",
    )
    group.add_argument(
        "--regression",
        action="store_true",
        default=None,
        help="of a file: its targets are real numbers, scored by R squared",
    )
    group.add_argument("--test", type=Path, metavar="FILE", help="test rows, in a file of the same kind")
    group.add_argument(
        "--test-size", type=share, metavar="SHARE", help="share of a file's rows held out for testing (default: 0.2)"
    )


def source_of(arguments: argparse.Namespace, dataset: Dataset) -> dict[str, Any]:
    """Where a command's data are from, in numbers and words: what :func:`data_of` needs to read them again."""
    if dataset.name in DATASETS:
        return {"data": dataset.name}
    given = {f"data {key}": getattr(arguments, key) for key in OF_FILES if getattr(arguments, key) is not None}
    given |= {key: str(Path(x).resolve()) for key, x in given.items() if isinstance(x, Path)}
    return {"data": str(Path(arguments.data).resolve()), **given}


def read_again(arguments: argparse.Namespace, source: Mapping[str, Any]) -> Dataset:
    """The data of a file that :func:`source_of` tells of; options that are given go before its."""
    for key in OF_FILES:
        if getattr(arguments, key) is None and f"data {key}" in source:
            value = source[f"data {key}"]
            setattr(arguments, key, Path(value) if key == "test" else value)
    return data_of(arguments, source["data"])


def data_of(arguments: argparse.Namespace, default: str | None) -> Dataset:
    """The data set that the options name, or else the ``default``.

    Raises
    ------
    UnknownNameError
        There is none of this name.
    ModelError
        Options for files, and the data are none.
    """
    name = arguments.data or default or next(iter(DATASETS))
    given = {key: getattr(arguments, key) for key in OF_FILES if getattr(arguments, key) is not None}
    if name in DATASETS:
        for key in given:
            raise ModelError(OF_FILES[key], f"data {name!r} are no file", "leave it out, or give --data FILE")
        return DATASETS[name](seed=arguments.seed, samples=arguments.samples)
    if not Path(name).suffix and not Path(name).exists():
        error = unknown_name("data set", name, DATASETS)
        fix = f"{error.fix}; or a file, {', '.join(SUFFIXES)}; N-MNIST and SHD by so.data.read_nmnist and read_shd, from Python"
        raise UnknownNameError(error.where, error.cause, fix)
    if "test_size" in given:
        if "test" in given:
            raise ModelError("--test-size", "the test rows are in a file, --test", "give one of both")
        given["test_share"] = given.pop("test_size")
    dataset = read(name, seed=arguments.seed, samples=arguments.samples, **given)
    rows, classes = len(dataset.y_train) + len(dataset.y_test), len(dataset.classes)
    if classes > MANY and rows < FEW * classes and all(name.lstrip("-").isdecimal() for name in dataset.classes):
        hint = "taken for labels; --regression takes it for a real number"
        print(f"snnopt: note: the target takes {classes} values in {rows} rows, and is {hint}", file=sys.stderr)
    return dataset
