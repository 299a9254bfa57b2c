"""The data that a saved result was trained on, read again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from snnopt.api import Result
from snnopt.cli.data import read_again
from snnopt.cli.model_file import load_model
from snnopt.data import DATASETS, Dataset
from snnopt.errors import ModelError


def data_of_result(result: Result, arguments: argparse.Namespace) -> Dataset | None:
    """The data that are asked for, else those of the training; None where neither is known, or its file is gone."""
    known, asked = result.origin.get("data"), arguments.data is not None
    name = arguments.data if asked else known
    if isinstance(name, str) and name.endswith(".py"):
        model = load_model(Path(name))
        if model.data is None:
            fix = f"name the data set, --data {next(iter(DATASETS))}"
            raise ModelError(f"--data {name}", "the file does not say which data it is meant for", fix)
        name = model.data
    if name is None:
        for option in ("seed", "samples"):
            if getattr(arguments, option) is not None:
                raise ModelError(f"--{option}", "the file names no data", f"add --data {next(iter(DATASETS))}")
        return None
    arguments.data = None
    of_training = known is not None and Path(known).name == Path(name).name
    if arguments.seed is None:
        if not of_training and (name in DATASETS or Path(name).exists()):
            cause = "the file does not say which split of these data it was trained on"
            fix = "give --seed, that of the data set's split, so that no test sample was trained on"
            raise ModelError(f"--data {name}", cause, fix)
        arguments.seed = result.origin.get("seed", 0)
    if arguments.samples is None and of_training:
        arguments.samples = result.origin.get("training samples")
    if not asked and name not in DATASETS and not Path(name).exists():
        print(f"snnopt: note: its data are no longer at {name}; --data FILE says where they are", file=sys.stderr)
        return None
    return read_again(arguments, {**(result.origin if of_training else {}), "data": name})
