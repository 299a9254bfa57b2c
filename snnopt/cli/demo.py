"""``snnopt demo``: the main job on real data, in a second."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path
from typing import Any

import snnopt as so
from snnopt.cli.experiment import run_experiment
from snnopt.cli.options import add_algorithm, add_seed, configured, picture_path, positive
from snnopt.cli.summary import announce, print_splits, print_summary
from snnopt.data import digits
from snnopt.errors import MissingPackageError

TIMESTEPS = 10
PICTURE = Path("snnopt-demo.png")

EPILOG = """\
examples:
  snnopt demo
  snnopt demo --algorithm rollout --output rollout.png
  snnopt demo --splits 10                      the mean over ten splits of the data

It needs scikit-learn for the data and matplotlib for the picture: pip install 'snnopt[data,plot]'
"""


def build() -> so.Problem:
    """64 pixels, 100 spiking neurons, 10 leaky integrators."""
    x = so.Input(64, name="pixels")
    h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(100)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean") + 1e-3 * so.L2(h.weights))


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "demo",
        help="train on real digits in a second, and draw what happened",
        description="Train 64-100-10 on scikit-learn's handwritten digits (1437 for training, 360 for testing), show the\n"
        "result beside the same network with random hidden weights, and draw a picture of it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_algorithm(command)
    add_seed(command, "split and starting weights")
    command.add_argument(
        "--splits",
        type=positive,
        metavar="N",
        default=1,
        help="train on N splits, seeds SEED, SEED+1, ... (default: 1)",
    )
    command.add_argument(
        "--output", type=Path, metavar="PATH", default=PICTURE, help=f"where the picture goes (default: {PICTURE})"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, tell and draw."""
    picture_path("--output", arguments.output)
    algorithm = configured(arguments.algorithm)
    first = digits(seed=arguments.seed)
    call = f'result = so.compile(build(), "{algorithm.name}").solve(X, labels, timesteps={TIMESTEPS})'
    announce(f"{inspect.getsource(build)}\n{call}\n")
    seeds = range(arguments.seed, arguments.seed + arguments.splits)
    experiment = run_experiment(build(), algorithm, first, TIMESTEPS, arguments.seed)
    more = [run_experiment(build(), algorithm, digits(seed=s), TIMESTEPS, s, progress=False) for s in seeds[1:]]
    files = {}
    try:
        files["picture"] = str(experiment.draw(arguments.output).resolve())
    except MissingPackageError as error:
        print(f"snnopt: note: no picture. {error}", file=sys.stderr)
    print_summary(experiment, files)
    if more:
        print_splits([experiment, *more])
    return experiment.exit_code
