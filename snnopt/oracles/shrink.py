"""A failing case made small, and printed as Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np

from snnopt.blocks import ClosedForm
from snnopt.oracles.case import Case

BUDGET = 100
"""Cases tried at most while shrinking."""


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Return the smallest case found that still fails: fewer entries along every axis, then rounder numbers."""
    left = BUDGET
    while left > 0:
        for smaller in _smaller(case):
            left -= 1
            if smaller.sound and fails(smaller):
                case = smaller
                break
            if left <= 0:
                return case
        else:
            return case
    return case


def _smaller(case: Case) -> Iterator[Case]:
    lengths = dict[str, int]()
    for name, axes in case.axes.items():
        array = getattr(case, name)
        for axis, length in zip(axes, np.shape(array), strict=False):
            lengths[axis] = max(lengths.get(axis, 1), length)
    for axis, length in lengths.items():
        if length > 4:
            yield _kept(case, axis, length, list(range(length // 2)))
            yield _kept(case, axis, length, list(range(length // 2, length)))
        if length > 2:
            yield from (_kept(case, axis, length, [i]) for i in range(length))
        if length > 1:
            yield from (_kept(case, axis, length, [j for j in range(length) if j != i]) for i in range(length))
    for digits in (0, 1, 2):
        rounded = _rounded(case, digits)
        if rounded is not None:
            yield rounded


def _kept(case: Case, axis: str, length: int, indices: list[int]) -> Case:
    """The case with only these indices along an axis; arrays of length 1 there are broadcast, and stay."""
    changed: dict[str, Any] = {}
    for name, axes in case.axes.items():
        array = getattr(case, name)
        if axis in axes and np.ndim(array) > axes.index(axis) and array.shape[axes.index(axis)] == length:
            changed[name] = array.take(indices, axes.index(axis))
    return replace(case, **changed)


def _rounded(case: Case, digits: int) -> Case | None:
    """The case with every real number rounded, or None if all are round already."""
    changed: dict[str, Any] = {}
    for f in fields(case):
        value = getattr(case, f.name)
        if isinstance(value, float) and float(f"{value:.{digits + 1}g}") != value:
            changed[f.name] = float(f"{value:.{digits + 1}g}")
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            rounded = np.round(value, digits)
            if not np.array_equal(rounded, value):
                changed[f.name] = rounded
    return replace(case, **changed) if changed else None


def as_python(case: Case, rule: type[ClosedForm]) -> str:
    """Lines that make the case again and judge the rule on it."""
    kind = type(case)
    arguments = [f"    {f.name}={_literal(getattr(case, f.name))}," for f in fields(case)]
    outer, here = rule.__qualname__.split(".")[0], rule.__module__ in ("__main__", "builtins")
    known = f"# {rule.__name__} as you defined it" if here else f"from {rule.__module__} import {outer}"
    written = [
        f"# {_literal(v)} as you defined it" for v in (getattr(case, f.name) for f in fields(case)) if callable(v)
    ]
    return "\n".join(
        [
            "import numpy as np",
            "from snnopt.oracles import judge",
            f"from {kind.__module__} import {kind.__name__}",
            known,
            *written,
            "",
            f"case = {kind.__name__}(",
            *arguments,
            ")",
            f"print(judge(case, {rule.__name__}))",
        ]
    )


def _literal(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()!r})"
    if callable(value):
        return str(getattr(value, "__name__", value))
    return repr(value.item() if isinstance(value, np.generic) else value)
