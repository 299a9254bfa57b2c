"""``snnopt train``: train the network that a model file declares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from snnopt.backends import BACKENDS
from snnopt.cli.data import add_data, data_of, source_of
from snnopt.cli.experiment import run_experiment
from snnopt.cli.log import LEVELS
from snnopt.cli.model_file import BUILT_IN, fitted
from snnopt.cli.options import (
    add_algorithm,
    add_arguments_of_build,
    add_seed,
    arguments_of_build,
    checkpoint_of,
    configured,
    output_path,
    passes,
    picture_path,
    positive,
    seconds,
)
from snnopt.cli.problem_file import load_problem
from snnopt.cli.summary import announce, print_summary
from snnopt.errors import DataError, ModelError, SnnoptError
from snnopt.runtime import Stopping

TIMESTEPS = 10

EPILOG = """\
examples:
  snnopt train models/digits_mlp.py
  snnopt train models/digits_mlp.py --hidden 100 100 100 --seed 3
  snnopt train models/digits_mlp.py --algorithm rollout --epochs 30 --save run.npz --plot run.png
  snnopt train models/digits_mlp.py --samples 200 --set ridge=0.5 --set batch_size=50
  snnopt train models/pulse_order.py --with memory=adaptive --with units=50
  snnopt train models/digits_mlp.py | grep test_accuracy

the network of a NIR file, from its weights on (--with dt=1e-3 where the file does not say its time step):
  snnopt train net.nir --data digits
on data of your own, by a model whose build() takes inputs and classes (outputs for real targets), or without a model by fully
connected layers of LIF neurons:
  snnopt train models/digits_mlp.py --data flowers.csv --target species
  snnopt train --data flowers.csv --hidden 100 50 --with neuron=alif --with alpha=0.1
  snnopt train --data houses.csv --target price --regression --timesteps 20
  snnopt train models/motions_recurrent.py --data Gestures_TRAIN.ts --test Gestures_TEST.ts
Features of files are standardised by the training rows: what --save writes takes new rows as
so.data.read(FILE, ...).scaling(rows), read with the same options and seed. Labels are numbered; their names are told.

a long run, kept every 10 records, and gone on with after whatever stopped it:
  snnopt train models/digits_mlp.py --algorithm full_dual --epochs 3000 --checkpoint run.npz --every 10 --watch 2> log.txt
  snnopt train models/digits_mlp.py --algorithm full_dual --epochs 3000 --resume run.npz --watch 2>> log.txt
  timeout 60 snnopt train models/digits_mlp.py --epochs 500 --checkpoint run.npz --save best.npz

ended early, and by another rule for the iterate that is kept:
  snnopt train models/digits_mlp.py --algorithm rollout --patience 8 --keep accuracy

Test samples are never trained on, nor used to choose the iterate that is kept, nor to end a run. Beside the result stands
that of the same network with its random starting weights and only the read-out solved: what training has to beat.
Progress goes to the error stream, and only to a terminal (--watch: anywhere); the result is 'key: value' lines elsewhere.

Ctrl-C or SIGTERM ends a run early, and tells and saves its best iterate: status INTERRUPTED, exit code 130 or 143. A
checkpoint is whole at any moment, even if the process is killed. A resumed run ends with the weights, to the last bit, of one
that was never stopped; give it the same options (a time limit counts anew), and it keeps its file up to date.
so.load("run.npz") reads what --save wrote; what --checkpoint wrote is for --resume.
"""


def add(subparsers: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = subparsers.add_parser(
        "train",
        help="train the network that a model file declares",
        description="Train the network that MODEL.py declares, on a data set that comes with a package or on a file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "model",
        type=Path,
        metavar="MODEL.py",
        nargs="?",
        help="a Python file with a build() that returns a problem, or a .nir file (default: dense layers that fit --data)",
    )
    what = command.add_argument_group("what is trained")
    add_arguments_of_build(what)  # type: ignore[arg-type]
    add_data(what, "what the model file is meant for")
    what.add_argument("--samples", type=positive, metavar="N", help="train on the first N training samples only")
    what.add_argument(
        "--timesteps",
        type=positive,
        metavar="T",
        help=f"steps that each sample without a time axis is held for (default: the model file's, else {TIMESTEPS})",
    )
    how = command.add_argument_group("how")
    add_algorithm(how)  # type: ignore[arg-type]
    how.add_argument(
        "--epochs", type=passes, metavar="N", help="passes over the data, 0.5 for half of it (rollout: iterations)"
    )
    how.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS", help="stop after this long, keep the best iterate"
    )
    how.add_argument(
        "--patience", type=positive, metavar="N", help="stop after N epochs or iterations without a better iterate"
    )
    how.add_argument(
        "--keep",
        choices=("loss", "accuracy"),
        default="loss",
        help="what makes an iterate the best one: least training loss, or highest training accuracy (default: loss)",
    )
    add_seed(how, "split and starting weights")  # type: ignore[arg-type]
    how.add_argument(
        "--backend",
        choices=("auto", *BACKENDS),
        default="auto",
        help="what runs the passes over time (default: numba where it is installed and pays, else numpy)",
    )
    how.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any setting of the algorithm, e.g. --set step=3; can be repeated (a wrong KEY lists all)",
    )
    files = command.add_argument_group("what is written")
    files.add_argument("--save", type=Path, metavar="RUN.npz", help="write weights, network and history")
    files.add_argument("--plot", type=Path, metavar="PATH", help="write a picture (.png, .svg, .pdf)")
    files.add_argument(
        "--checkpoint", type=Path, metavar="RUN.npz", help="keep the whole state of the run in this file, to go on from"
    )
    files.add_argument("--every", type=positive, metavar="N", help="... every N epochs or iterations (default: 1)")
    files.add_argument(
        "--resume", type=Path, metavar="RUN.npz", help="go on from such a file, as if the run had not stopped"
    )
    told = command.add_argument_group("what is told meanwhile")
    told.add_argument(
        "--watch",
        action="store_true",
        help="draw progress even where the error stream is no terminal: there, a line an epoch or iteration",
    )
    told.add_argument(
        "--log-level", choices=LEVELS, metavar="LEVEL", help=f"write the log to the error stream: {', '.join(LEVELS)}"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train and tell."""
    output_path("--save", arguments.save)
    picture_path("--plot", arguments.plot)
    checkpoint = checkpoint_of(arguments.checkpoint, arguments.every, arguments.resume)
    if (
        checkpoint is not None
        and arguments.save
        and arguments.save.with_suffix(arguments.save.suffix or ".npz").resolve() == checkpoint.file.resolve()
    ):
        raise ModelError(f"--save {arguments.save}", "the run's state is kept in this file", "give them two names")
    algorithm = configured(arguments.algorithm, arguments.epochs, arguments.set)
    given = arguments_of_build(arguments.hidden, arguments.given)
    if arguments.model is None and arguments.data is None:
        raise ModelError("train", "there is neither a model nor data", "give MODEL.py, or --data NAME|FILE, or both")
    model = BUILT_IN if arguments.model is None else load_problem(arguments.model, given)
    model.check(given)
    dataset = data_of(arguments, model.data)
    if arguments.plot and not dataset.classes:
        fix = "leave --plot out; so.plot.convergence(result) draws the run"
        raise ModelError("--plot", "the picture is one of a classifier, and the targets are real numbers", fix)
    if dataset.timed and arguments.timesteps is not None:
        cause = f"data {dataset.name!r} have a time axis of {len(dataset.X_train)} steps already"
        raise DataError(f"--timesteps {arguments.timesteps}", cause, "leave --timesteps out")
    problem = fitted(model, given, dataset)
    timesteps = arguments.timesteps or model.timesteps or TIMESTEPS
    steps = "" if dataset.timed else f", {timesteps} time steps"
    announce(f"{problem.network!r}\non {dataset!r}{steps}, by {algorithm.name}, seed {arguments.seed}\n")
    experiment = run_experiment(
        problem,
        algorithm,
        dataset,
        timesteps,
        arguments.seed,
        progress=True if arguments.watch else None,
        time_limit=arguments.time_limit,
        stop=Stopping(patience=arguments.patience, keep=arguments.keep),
        checkpoint=checkpoint,
        resume=arguments.resume,
        callback=arguments.termination.check,
        backend=arguments.backend,
        source=source_of(arguments, dataset),
        weights=model.weights,
    )
    files = {}
    if checkpoint is not None and checkpoint.file.exists():
        files["checkpoint"] = str(checkpoint.file)
    if arguments.save:
        files["saved"] = str(experiment.result.save(arguments.save))
    failed: SnnoptError | None = None
    if arguments.plot:
        try:
            files["picture"] = str(experiment.draw(arguments.plot))
        except SnnoptError as error:  # the result of a long run is told whatever becomes of its picture
            failed = error
    print_summary(experiment, files)
    if failed is not None:
        print(f"snnopt: error: no picture. {failed}", file=sys.stderr)
    return 2 if failed is not None else experiment.exit_code
