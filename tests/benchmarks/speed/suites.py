"""What is measured: one line a suite. To add one, write a line in ``SUITES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import snnopt as so
from models import motions_recurrent, pulse_order, saccades_perin2025
from tests.benchmarks.events import BETTER_ONLINE
from tests.benchmarks.networks import chain
from tests.benchmarks.speed import splits
from tests.benchmarks.speed.splits import Split


@dataclass(frozen=True)
class Net:
    """A network as its competitors need to know it: LIF layers and a leaky-integrator read-out.

    ``window`` is how many of the last steps the read-out is averaged over, None for all.
    """

    sizes: tuple[int, ...]
    beta: float = 0.9
    readout_beta: float = 0.9
    recurrent: bool = False
    window: int | None = None

    def __str__(self) -> str:
        inner = "-".join(f"{n}R" if self.recurrent else str(n) for n in self.sizes[1:-1])
        return f"{self.sizes[0]}-{inner}-{self.sizes[-1]}"


@dataclass(frozen=True)
class Suite:
    """One task.

    Attributes
    ----------
    data : from a seed to arrays; the seed is also that of the starting weights.
    problem : our model, and ``settings`` what differs from the defaults of ``so.Online``.
    net : the same network for the competitors.
    target : test accuracy to reach, in per cent.
    lengths, peer_lengths : epochs tried on the tuning seeds by us and by a competitor.
    batches : batch sizes tried by a competitor.
    tuning : whether a competitor's settings are all run to the target, or the worse half leaves again and again.
    tuning_seeds : a competitor's; none of them is timed.
    first_passes : passes over the data before the first half leaves.
    quick : whether ``--quick`` runs it.
    """

    title: str
    data: Callable[[int], Split]
    problem: Callable[[], so.Problem]
    net: Net
    steps: int
    target: float
    lengths: tuple[float, ...] = (1.5, 2, 3, 4, 6, 10)
    peer_lengths: tuple[int, ...] = (5, 10, 20, 40)
    batches: tuple[int, ...] = (32, 64, 128, 256)
    settings: Mapping[str, Any] = field(default_factory=dict)
    tuning: Literal["grid", "halving"] = "grid"
    tuning_seeds: tuple[int, ...] = (100,)
    first_passes: float = 1.0
    quick: bool = False


SEVERAL = (100, 101, 102)
"""Small suites are tuned on three seeds: on one, luck decides between settings that differ by a few hundredths of a second. Ours
is tuned on these everywhere."""

EVENTS: dict[str, Any] = {**saccades_perin2025.PUBLISHED, "loss": "cross-entropy", "over": "mean"}

SUITES: dict[str, Suite] = {
    "digits": Suite(
        "digits",
        splits.digits,
        partial(chain, 64, (100,)),
        Net((64, 100, 10)),
        steps=10,
        target=98.0,
        tuning_seeds=SEVERAL,
        quick=True,
    ),
    "deep": Suite(
        "digits, deep",
        splits.digits,
        partial(chain, 64, (100, 100, 100)),
        Net((64, 100, 100, 100, 10)),
        steps=10,
        target=97.5,
        lengths=(2, 3, 4, 6, 10),
        tuning_seeds=SEVERAL,
        quick=True,
    ),
    "moved": Suite(
        "moved digits, 20,000",
        partial(splits.moved, train=20_000),
        partial(chain, 784, (400,)),
        Net((784, 400, 10)),
        steps=10,
        target=96.5,
        lengths=(1, 1.25, 1.5, 2, 4),
        batches=(64, 128, 256, 512),
        tuning="halving",
    ),
    "large": Suite(
        "moved digits, 60,000",
        partial(splits.moved, train=60_000),
        partial(chain, 784, (800, 800)),
        Net((784, 800, 800, 10)),
        steps=10,
        target=97.0,
        lengths=(0.5, 0.75, 1, 2),
        peer_lengths=(1, 2, 4, 8),
        batches=(128, 256, 512),
        tuning="halving",
        first_passes=0.25,
        settings={"readout_step": 0.2},
    ),
    "rate": Suite(
        "digits, rate-coded",
        splits.rate_coded_digits,
        partial(chain, 64, (100,)),
        Net((64, 100, 10)),
        steps=20,
        target=97.0,
        tuning_seeds=SEVERAL,
        quick=True,
    ),
    "motions": Suite(
        "BasicMotions",
        splits.motions,
        motions_recurrent.build,
        Net((6, 100, 4), recurrent=True),
        steps=100,
        target=97.5,
        lengths=(4, 6, 10),
        peer_lengths=(10, 25, 50, 100),
        settings={"readout_step": 0.5},
        batches=(8, 20, 40),
        tuning_seeds=SEVERAL,
        quick=True,
    ),
    "pulses": Suite(
        "pulse order",
        splits.pulses,
        partial(pulse_order.build, "recurrent"),
        Net((12, 100, 4), readout_beta=0.2, recurrent=True, window=8),
        steps=40,
        target=99.0,
        peer_lengths=(3, 5, 10, 20),
        settings={"batch_size": 100},
    ),
    "events": Suite(
        "events, stand-in for N-MNIST",
        splits.events,
        partial(saccades_perin2025.build, **EVENTS),
        Net((2312, 512, 10), beta=0.95, readout_beta=0.95),
        steps=150,
        target=90.0,
        batches=(25, 50, 100),
        settings={"step": BETTER_ONLINE.step, "dither": BETTER_ONLINE.dither},
        tuning="halving",
    ),
}
"""By name, in the order of the table."""
