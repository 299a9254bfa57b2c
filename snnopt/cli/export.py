"""``snnopt export``: write a trained network as a NIR file."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

from snnopt.api import Result, load
from snnopt.api.to_nir import to_nir
from snnopt.cli.data import add_data
from snnopt.cli.experiment import dataset_in_shape
from snnopt.cli.options import output_path, positive, seconds, whole
from snnopt.cli.result_data import data_of_result
from snnopt.data import Dataset
from snnopt.errors import ModelError
from snnopt.interop.nir import save_graph

EPILOG = """\
examples:
  snnopt train models/digits_mlp.py --save run.npz
  snnopt export run.npz net.nir --on-reset-mismatch warn
  snnopt export run.npz net.nir --on-reset-mismatch warn --no-readouts    for snnTorch's and Norse's importers
  snnopt export run.npz archive.nir --encoding exact

NIR's neurons reset to a fixed potential, ours subtract their threshold, so the spikes of a network may change where the file is
run. Without --on-reset-mismatch warn that is refused; with it, test samples of the data that it was trained on are run both ways,
and the share of spikes that change is told. 'snnopt import' and so.from_nir give back the same network, to the last bit.
"""


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "export",
        help="write a trained network as a NIR file, for other tools",
        description="Write the network and the weights of RUN.npz as a NIR file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("result", type=Path, metavar="RUN.npz", help="what snnopt train --save wrote")
    command.add_argument("graph", type=Path, metavar="NET.nir", help="the file to write")
    command.add_argument("--dt", type=seconds, metavar="SECONDS", default=1e-4, help="time step (default: 1e-4)")
    command.add_argument(
        "--encoding",
        choices=("neurons", "exact"),
        default="neurons",
        help="a node for each layer, or (exact) membrane, step and reset in nodes of their own, which no importer runs",
    )
    command.add_argument(
        "--no-readouts", action="store_true", help="leave out read-outs, which some importers do not take"
    )
    command.add_argument(
        "--on-reset-mismatch",
        choices=("error", "warn"),
        default="error",
        help="what to do about spikes that would change",
    )
    add_data(command.add_argument_group("test samples to run then"), "what the file names")
    command.add_argument("--samples", type=positive, metavar="N", dest="few", help="... the first N only")
    command.add_argument("--seed", type=whole, metavar="N", help="seed of their split (default: the training's)")
    command.set_defaults(run=run, samples=None)


def run(arguments: argparse.Namespace) -> int:
    """Load, convert, write and tell."""
    output_path("NET.nir", arguments.graph)
    result = load(arguments.result)
    told = arguments.data is not None or arguments.on_reset_mismatch == "warn"
    dataset = data_of_result(result, arguments) if told else None
    data = None if dataset is None else _test_data(result, dataset, arguments.few)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        graph = to_nir(
            result,
            dt=arguments.dt,
            encoding=arguments.encoding,
            readouts=not arguments.no_readouts,
            on_reset_mismatch=arguments.on_reset_mismatch,
            **({} if data is None else data),
        )
    for warning in caught:
        print(f"snnopt: note: {warning.message}", file=sys.stderr)
    print(f"written: {save_graph(arguments.graph, graph)}")
    return 0


def _test_data(result: Result, dataset: Dataset, samples: int | None) -> dict[str, Any]:
    """Test samples in the shape that the network's one input takes."""
    if len(result.program.inputs) > 1:
        raise ModelError(
            "--data", "the network has several inputs", "export it from Python, so.to_nir(..., data={...})"
        )
    d = dataset_in_shape(dataset, result.program.inputs[0].shape)
    x = d.X_test[:, :samples] if d.timed else d.X_test[:samples]
    return {"data": x, "lengths": None if d.lengths_test is None else d.lengths_test[:samples]}
