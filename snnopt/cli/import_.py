"""``snnopt import``: show the network of a NIR file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from snnopt.cli.options import seconds
from snnopt.cli.problem_file import load_network

EPILOG = """\
examples:
  snnopt import net.nir
  snnopt import net.nir --dt 1e-3          for a file that does not say its time step
  snnopt train net.nir --data digits       to train it on, from the file's weights

Neurons of other tools reset to a fixed potential after a spike. They are read as neurons that subtract their threshold, and a
note says so: their spikes change. In Python: so.from_nir("net.nir").
exit codes: 0 the network can be used here, 2 it cannot
"""


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "import",
        help="show the network of a NIR file, as equations",
        description="Read a NIR file, say whether its network can be used here, and print its equations and weights.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("graph", type=Path, metavar="NET.nir", help="a file of package nir")
    command.add_argument("--dt", type=seconds, metavar="SECONDS", help="time step (default: what the file says)")
    command.add_argument(
        "--method", choices=("euler", "exp"), default="euler", help="how time constants become decays (default: euler)"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read and print."""
    print(load_network(arguments.graph, {"dt": arguments.dt, "method": arguments.method}))
    return 0
