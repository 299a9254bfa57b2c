"""Pulse order: a synthetic task that takes memory, as the answer is asked for after the pulses have gone."""

from __future__ import annotations

import numpy as np

from snnopt.data.dataset import Array, Dataset, whole
from snnopt.errors import DataError, unknown_name

WHERE = "data 'pulse_order'"

SAMPLES = 4000
TASKS = {"order": ("A then A", "A then B", "B then A", "B then B"), "exclusive_or": ("same", "different")}
"""The classes of each task."""

GROUP = 4  # channels of a kind, and of the cue
WIDTH = 4  # steps of a pulse
EARLIEST, LATEST = (2, 16), (11, 25)  # first step of the first and of the second pulse
PULSE, CUE = 0.7, 0.5  # spikes per channel and step
CUE_STEPS = 8
SHORTEST = LATEST[1] + WIDTH + CUE_STEPS  # a cue never meets a pulse


def pulse_order(
    seed: int = 0,
    samples: int | None = SAMPLES,
    test: int = 1000,
    task: str = "order",
    steps: int = 40,
    noise: float = 0.02,
) -> Dataset:
    """Return spike trains [T, N, 12] with two pulses, each of kind A or B, and a cue at the end.

    Channels 0-3 are kind A, 4-7 kind B, 8-11 the cue. A pulse lasts 4 steps; the first starts at a step of 2..11, the
    second of 16..25; kinds and starts are uniform and independent. Every entry is a draw of its own,
    ``X[t, i, c] ~ Bernoulli(p)`` with p = 0.7 in a pulse's channels while it lasts, 0.5 in the cue's for the last 8
    steps, ``noise`` elsewhere. With a = 0 for kind A and 1 for B, the label is ``2 a_1 + a_2`` for ``"order"``, and
    ``a_1 != a_2`` for ``"exclusive_or"``, which nothing linear in the input can tell.

    Parameters
    ----------
    seed : of everything; training and test rows come from streams of their own.
    samples, test : numbers of rows; ``samples=None`` is 4000. Fewer samples are the first of more.
    task : ``"order"``, with 4 classes, or ``"exclusive_or"``, with 2; the spikes do not depend on it.
    steps : T, at least 37; more leave more time between the second pulse and the cue.
    noise : spikes per channel and step outside pulses and cue, in [0, 1].

    Raises
    ------
    DataError
        A number is out of range.
    UnknownNameError
        There is no such task.

    Notes
    -----
    In the manner of the temporal order problem of Hochreiter and Schmidhuber, Long short-term memory, Neural Computation
    9(8), 1997, experiment 6, with noise and spikes.
    """
    seed = whole(WHERE, "seed", seed, 0)
    count = SAMPLES if samples is None else whole(WHERE, "samples", samples, 1)
    test, steps = whole(WHERE, "test", test, 1), whole(WHERE, "steps", steps, SHORTEST)
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 1:
        raise DataError(WHERE, f"noise={noise!r}", "give a probability from 0 to 1, e.g. 0.02")
    if task not in TASKS:
        raise unknown_name(f"task of {WHERE}", task, TASKS)
    of_training, of_test = np.random.SeedSequence(seed).spawn(2)
    X_train, first, second = _draw(of_training, count, steps, noise)
    X_test, first_test, second_test = _draw(of_test, test, steps, noise)
    return Dataset(
        name="pulse_order",
        X_train=X_train,
        y_train=_label(task, first, second),
        X_test=X_test,
        y_test=_label(task, first_test, second_test),
        classes=TASKS[task],
    )


def _label(task: str, first: Array, second: Array) -> Array:
    return 2 * first + second if task == "order" else first ^ second


def _draw(stream: np.random.SeedSequence, count: int, steps: int, noise: float) -> tuple[Array, Array, Array]:
    """Return spikes [T, N, 12] and the kinds [N] of the first and of the second pulse, 0 for A and 1 for B."""
    # Samples are the leading axis of every draw, and each draw has a stream, so that fewer samples are the first of more.
    of_kinds, of_starts, of_spikes = map(np.random.default_rng, stream.spawn(3))
    kinds = of_kinds.integers(0, 2, (count, 2))
    starts = of_starts.integers(EARLIEST, LATEST, (count, 2), endpoint=True)
    t, group = np.arange(steps)[:, None], np.arange(3 * GROUP) // GROUP  # 0 for A, 1 for B, 2 for the cue
    start, kind = starts[:, :, None, None], kinds[:, :, None, None]
    in_pulse = ((start <= t) & (t < start + WIDTH) & (group == kind)).any(axis=1)  # [N, T, 12]
    in_cue = (t >= steps - CUE_STEPS) & (group == 2)  # [T, 12]
    p = np.where(in_pulse, PULSE, np.where(in_cue, CUE, noise))
    spikes = of_spikes.random(p.shape) < p
    return np.ascontiguousarray(spikes.swapaxes(0, 1), np.float64), kinds[:, 0], kinds[:, 1]
