"""Accuracy against training time, and what is read off it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SLACK = 1e-6
"""In per cent: 39 of 40 is 97.5."""


@dataclass(frozen=True)
class Look:
    """One evaluation on the test data: training seconds and passes over the data before it, accuracy in per cent."""

    seconds: float
    passes: float
    accuracy: float


Curve = Sequence[Look]


def time_to(curve: Curve, target: float) -> float:
    """Training seconds at the first look at or above the target; infinite where there is none."""
    return next((look.seconds for look in curve if look.accuracy >= target - SLACK), math.inf)


def best(curve: Curve) -> Look:
    """The first of the looks with the highest accuracy."""
    return max(curve, key=lambda look: look.accuracy)


def accuracy_within(curve: Curve, seconds: float) -> float:
    """Accuracy at the last look within so many training seconds; NaN where there is none."""
    return next((look.accuracy for look in reversed(curve) if look.seconds <= seconds), math.nan)


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Exponent p of the least-squares fit ``log seconds = p log size + c``."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
