"""The command line: one file a command, one line in the table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import snnopt
from snnopt.cli import demo, explain, export, import_, report, train, verify
from snnopt.cli.log import logged
from snnopt.cli.termination import INTERRUPTED, termination
from snnopt.errors import SnnoptError

COMMANDS = (demo, train, report, explain, verify, export, import_)
"""In the order of the help. Each has ``add(subparsers)``, which sets ``run(arguments) -> exit code``."""

DESCRIPTION = "Declare a spiking neural network, compile it to ADMM subproblems with closed forms, and train it."
EPILOG = """\
examples:
  snnopt demo                                  train on real digits in a second, and draw what happened
  snnopt train MODEL.py --save digits.npz      train the network that MODEL.py declares
  snnopt train --data flowers.csv              train on a table of your own
  snnopt train MODEL.py --checkpoint run.npz   keep the run's state, to go on from after a stop
  snnopt report digits.npz                     tell of a saved result in one HTML page
  snnopt explain MODEL.py --hidden 100 100     show which closed form solves which part of it
  snnopt verify MODEL.py                       check every closed form against CVXPY or enumeration
  snnopt export RUN.npz NET.nir                write a trained network for other tools
  snnopt import NET.nir                        show the network of such a file

A model file has a function build() that returns a problem:
  import snnopt as so
  def build(hidden=(100,)):
      x = so.Input(64)
      h = so.LIF(beta=0.9)(so.Dense(hidden[0])(x))
      y = so.LI(beta=0.9)(so.Dense(10)(h))
      return so.Problem(so.Network(x, y), so.CrossEntropy(y))

'snnopt COMMAND --help' tells more.
exit codes: 0 done, 1 training diverged or a closed form failed, 2 wrong input, 130 interrupted (Ctrl-C),
143 terminated (SIGTERM)
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    out = argparse.ArgumentParser(
        prog="snnopt", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--version", action="version", version=f"snnopt {snnopt.__version__}")
    subparsers = out.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: a user's mistake is a message and 2, never a traceback."""
    with termination() as taken:
        arguments = parser().parse_args(argv, argparse.Namespace(log_level=None, termination=taken))
        with logged(arguments.log_level):
            return taken.code(_run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    """The command, and its exit code."""
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("snnopt: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `snnopt explain ... | head`: nobody reads on, so say no more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (SnnoptError, OSError) as error:
        print(f"snnopt: error: {error}", file=sys.stderr)
        return 2
    return code
