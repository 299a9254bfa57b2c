"""``snnopt report``: a saved result as one HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from snnopt.api import load
from snnopt.cli.data import add_data
from snnopt.cli.experiment import check_single, dataset_in_shape
from snnopt.cli.options import positive, whole
from snnopt.cli.result_data import data_of_result
from snnopt.report.html import html_report
from snnopt.report.html.document import page_path

EPILOG = """\
examples:
  snnopt train models/digits_mlp.py --save digits.npz
  snnopt report digits.npz                                  writes digits.html
  snnopt report run.npz --data digits --seed 3 --output page.html
  snnopt report run.npz --data models/pulse_order.py --seed 0

What 'snnopt train' saved knows its data; any other result is told without spikes and scores, unless --data names a data set that
fits it. The page judges test samples, and shows the same network with random hidden weights beside them. It needs no network
and no other file, and shows the command that trained. It needs matplotlib: pip install 'snnopt[plot]'
"""


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "report",
        help="write a saved result as one HTML page",
        description="Write a page that tells of a saved result: learning, spikes, potentials, weights, operations, confusion,\n"
        "mathematics, environment.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("result", type=Path, metavar="RUN.npz", help="what train --save or result.save(...) wrote")
    add_data(command, "what the file names; a MODEL.py names what it is meant for")
    command.add_argument("--seed", type=whole, metavar="N", help="seed of the data's split (default: the training's)")
    command.add_argument(
        "--samples",
        type=positive,
        metavar="N",
        help="trained on the first N samples only (default: what the file says)",
    )
    command.add_argument("--output", type=Path, metavar="PAGE.html", help="where it goes (default: beside RUN.npz)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load, measure and write."""
    result = load(arguments.result)
    page = page_path("--output", arguments.output or arguments.result.with_suffix(".html"))
    dataset = data_of_result(result, arguments)
    given: dict[str, Any] = {}
    if dataset is not None:
        check_single(dataset, len(result.program.inputs), len(result.program.outputs))
        d = dataset_in_shape(dataset, result.program.inputs[0].shape)
        given = {
            "data": d.X_test,
            "targets": d.y_test,
            "lengths": d.lengths_test,
            "classes": d.classes,
            "shape": d.shape,
        }
        given["train"] = (d.X_train, d.y_train, d.lengths_train)
    name = arguments.result.stem if dataset is None else f"{arguments.result.stem}, on {dataset.name}"
    print(f"page: {html_report(result, file=page, title=name, **given)}")
    return 0
