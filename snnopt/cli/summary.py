"""What a run is told as: a table on a terminal, ``key: value`` lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import numpy as np

from snnopt.cli.experiment import Experiment

BASELINE = "random hidden layer + ridge read-out"
NAMES = 40
"""Classes whose names are told."""


def announce(experiment_of: str) -> None:
    """Say on a terminal what is about to run."""
    if sys.stdout.isatty():
        print(experiment_of)


def print_summary(e: Experiment, files: Mapping[str, str]) -> None:
    """Print accuracy, baseline, status, firing rates, time and written files (what -> path)."""
    for note in e.result.notes:
        print(f"snnopt: note: {note}", file=sys.stderr)
    if not sys.stdout.isatty():
        _print_lines(e, files)
        return
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.table import Table  # noqa: PLC0415

    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    text = _percent if e.dataset.classes else "{:.3f}".format
    table.add_column("accuracy" if e.dataset.classes else "R squared", justify="left")
    for heading in ("train", "test"):
        table.add_column(heading, justify="right")
    table.add_row(f"trained by {e.result.algorithm}", text(e.train), f"[bold]{text(e.test)}[/bold]")
    table.add_row(BASELINE, text(e.baseline.train), text(e.baseline.test))
    console.print(table)
    rates = ", ".join(f"{name} {rate:.2f}" for name, rate in e.firing_rates.items())
    rows = {
        **_classes(e),
        "status": f"{e.result.status}: {e.result.message}",
        "firing rates": f"{rates} spikes per neuron and step" if rates else "no layer spikes",
        "training time": f"{e.seconds:.2f} s",
        **files,
    }
    for key, value in rows.items():
        console.print(f"{key:<14} {value}", markup=False, soft_wrap=True)


def print_splits(runs: Sequence[Experiment]) -> None:
    """Print test accuracy, baseline and time of several splits, and their means."""
    columns = {
        "test accuracy": np.array([e.test for e in runs]),
        "baseline": np.array([e.baseline.test for e in runs]),
        "seconds": np.array([e.seconds for e in runs]),
    }
    if not sys.stdout.isatty():
        for name, values in columns.items():
            key = {
                "test accuracy": "test_accuracy",
                "baseline": "baseline_test_accuracy",
                "seconds": "training_seconds",
            }
            print(f"mean_{key[name]}: {values.mean():.4f}")
        return
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(caption=f"baseline: {BASELINE}", caption_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("split", "test accuracy", "baseline", "training time"):
        table.add_column(heading, justify="right")
    for e in runs:
        table.add_row(f"seed {e.seed}", _percent(e.test), _percent(e.baseline.test), f"{e.seconds:.2f} s")
    table.add_section()
    table.add_row(
        "mean",
        *(f"[bold]{_percent(columns[c].mean())}[/bold]" for c in ("test accuracy", "baseline")),
        f"{columns['seconds'].mean():.2f} s",
    )
    Console(highlight=False).print(table)


def _classes(e: Experiment) -> dict[str, str]:
    """The labels' names, where they are not their numbers."""
    names = e.dataset.classes
    if names == tuple(map(str, range(len(names)))):
        return {}
    more = f", ... {len(names)} in all" if len(names) > NAMES else ""
    return {"classes": ", ".join(f"{k} = {name}" for k, name in enumerate(names[:NAMES])) + more}


def _print_lines(e: Experiment, files: Mapping[str, str]) -> None:
    score = "accuracy" if e.dataset.classes else "r_squared"
    lines = {
        "network": e.sizes,
        "data": e.dataset.name,
        "train_samples": len(e.dataset.y_train),
        "test_samples": len(e.dataset.y_test),
        **_classes(e),
        "timesteps": len(e.dataset.X_train) if e.dataset.timed else e.timesteps,
        "algorithm": e.result.algorithm,
        "seed": e.seed,
        "status": e.result.status,
        "message": e.result.message,
        f"train_{score}": f"{e.train:.4f}",
        f"test_{score}": f"{e.test:.4f}",
        f"baseline_train_{score}": f"{e.baseline.train:.4f}",
        f"baseline_test_{score}": f"{e.baseline.test:.4f}",
        **{f"firing_rate.{name}": f"{rate:.4f}" for name, rate in e.firing_rates.items()},
        "training_seconds": f"{e.seconds:.3f}",
        **files,
    }
    for key, value in lines.items():
        print(f"{key}: {value}")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
