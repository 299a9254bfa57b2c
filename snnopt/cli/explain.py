"""``snnopt explain``: what the compiler makes of a model file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from snnopt.api import compile  # noqa: A004
from snnopt.cli.options import add_algorithm, add_arguments_of_build, arguments_of_build, configured
from snnopt.cli.problem_file import load_problem

EPILOG = """\
examples:
  snnopt explain models/digits_mlp.py
  snnopt explain models/digits_mlp.py --algorithm rollout --hidden 100 100
  snnopt explain models/pulse_order.py --with memory=adaptive
"""


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "explain",
        help="show which closed form solves which part of a model",
        description="Print the problem that MODEL.py declares, and the subproblems that the compiler splits it into:\n"
        "layer, terms, block, and the closed form that solves it. Nothing is trained.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "model",
        type=Path,
        metavar="MODEL.py",
        help="a Python file with a build() that returns a problem; or a .nir file",
    )
    add_algorithm(command)
    add_arguments_of_build(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compile and print."""
    algorithm = configured(arguments.algorithm)
    given = arguments_of_build(arguments.hidden, arguments.given)
    problem = load_problem(arguments.model, given).problem(given)
    print(f"{problem}\n\n{compile(problem, algorithm).explain()}")
    return 0
