"""The numbers of a copy block's terms, as its closed form takes them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from snnopt.program import Term

MERGED: dict[str, Callable[[float, float], float]] = {
    "low": max,
    "high": min,
    "l1": operator.add,
    "group_lasso": operator.add,
    "cardinality": min,
    "fan_in": min,
    "grid": min,
}
"""What two terms that speak of the same number come to, by the names of joint parameters."""


def numbers(terms: Sequence[Term]) -> tuple[float, dict[str, float]]:
    """Return ``scale`` and ``parameters`` of the terms of a copy block.

    Of one term, its own. Of several the scale is 1, and the parameters are: ``low`` and ``high``, the intersection of all
    bounds and signs; under the kinds of penalties, ``l1`` and ``group_lasso``, their factors, added up; ``cardinality`` and
    ``fan_in``, the least k; ``grid``, the bits. What no term speaks of is absent.
    """
    if len(terms) == 1:
        return terms[0].scale, dict(terms[0].parameters)
    joint: dict[str, float] = {}
    for term in terms:
        for name, value in _own(term).items():
            joint[name] = MERGED[name](joint[name], value) if name in joint else value
    return 1.0, joint


def _own(term: Term) -> dict[str, float]:
    given = dict(term.parameters)
    if term.kind == "box":
        return given
    if term.kind == "sign":
        return {"low": 0.0} if given["sign"] > 0 else {"high": 0.0}
    if term.role == "penalty":
        return {term.kind: float(term.scale)}
    (value,) = given.values()
    return {term.kind: value}
