"""``snnopt verify``: hold every closed form of a model's plan against an independent oracle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from snnopt.algorithms import ALGORITHMS
from snnopt.api import compile  # noqa: A004
from snnopt.cli.options import (
    add_algorithm,
    add_arguments_of_build,
    add_seed,
    arguments_of_build,
    configured,
    positive,
)
from snnopt.cli.problem_file import load_problem
from snnopt.oracles import verify

EPILOG = """\
examples:
  snnopt verify models/digits_mlp.py
  snnopt verify models/digits_mlp.py --algorithm exact_block --hidden 100 100 --trials 50
  snnopt verify models/digits_mlp.py --every-algorithm

Each block's problem is built from its definition and solved by CVXPY or by enumeration, which never see the closed form's
answer; extremes are always among the instances. A failure prints the smallest instance found, ready to paste into a test.
exit codes: 0 all agree, 1 some closed form failed, 2 wrong input
"""


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "verify",
        help="check every closed form of a model against CVXPY or enumeration",
        description="Compile the network that MODEL.py declares and hold the closed form of every block against an oracle.",
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
    command.add_argument("--every-algorithm", action="store_true", help="verify under each algorithm in turn")
    command.add_argument(
        "--trials", type=positive, metavar="N", default=20, help="random instances a block (default: 20)"
    )
    add_seed(command, "the instances")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compile, verify and print; exit code 1 if anything failed."""
    given = arguments_of_build(arguments.hidden, arguments.given)
    problem = load_problem(arguments.model, given).problem(given)
    failed = False
    for name in ALGORITHMS if arguments.every_algorithm else (arguments.algorithm,):
        plan = compile(problem, configured(name))
        report = verify(plan, seed=arguments.seed, trials=arguments.trials)
        print(f"algorithm {name}\n\n{report}\n")
        failed = failed or not report.passed
    return int(failed)
