"""Reading update equations: text to a linear state space, parameters checked by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError, shown
from snnopt.model.neurons.expression import Linear, read
from snnopt.program import StateSpace, state_space

Array = NDArray[np.float64]
CURRENT, SPIKE = "i", "s"
GROWTH = 1 + 1e-9
"""The largest modulus of an eigenvalue of A, rounding included, at which states do not grow by themselves."""


def space_from_equations(
    equations: Mapping[str, str],
    potential: str | None,
    threshold: ArrayLike | None,
    parameters: Mapping[str, ArrayLike] | None,
    name: str | None,
) -> tuple[StateSpace, dict[str, Array]]:
    """Return the state space of update equations, and the parameters with the threshold, flat.

    See ``Neuron.from_equations``.
    """
    where = f"neuron {name!r}" if name else "Neuron.from_equations"
    states = tuple(equations)
    if not states:
        raise ModelError(
            where, "it has no equations", 'give one for each state, e.g. v="0.9 * v + i - s", threshold=1.0'
        )
    values = _parameters(where, states, {} if parameters is None else parameters)
    theta = None if threshold is None else _number(where, "threshold", threshold)
    if theta is not None and not np.all(theta > 0):
        raise ModelError(where, f"threshold = {shown(threshold)}", "give a threshold in volts, > 0")
    numbers = values if theta is None else values | {"threshold": theta}
    _check_counts(where, numbers)
    used: set[str] = set()
    constants = {"pi": np.full(1, np.pi)} | values
    known = {n: Linear({n: np.ones(1)}, np.zeros(1)) for n in (*states, CURRENT, SPIKE)}
    rows = {n: read(f"{where}, equation of {n!r}", text, known, constants, used) for n, text in equations.items()}
    seen = states[0] if potential is None else potential
    out = read(f"{where}, potential", seen, {n: known[n] for n in states}, constants, used)
    if SPIKE in used and theta is None:
        raise ModelError(
            where,
            "its equations use the last spike 's', but it has no threshold, so s would never be 1",
            "give threshold=1.0, say, or leave s out",
        )
    _check_used(where, (n for n in values if n not in used))
    zero = np.zeros(1)
    a = [[rows[n].coefficients.get(m, zero) for m in states] for n in states]
    b, r = ([rows[n].coefficients.get(word, zero) for n in states] for word in (CURRENT, SPIKE))
    space = state_space(a, b, r, [out.coefficients.get(n, zero) for n in states], theta, states)
    _check_growth(where, space)
    return space, numbers


def _parameters(where: str, states: tuple[str, ...], given: object) -> dict[str, Array]:
    if not isinstance(given, Mapping):
        fix = 'give numbers by name, e.g. parameters={"alpha": 0.9}'
        raise ModelError(where, f"parameters = {shown(given)} is not a dict", fix)
    for word in (CURRENT, SPIKE):
        if word in states or word in given:
            raise ModelError(
                where, f"{word!r} is used as a name", "i is the current and s the last spike; rename yours"
            )
    for n in given:
        if n in states:
            raise ModelError(where, f"{n!r} is both a state and a parameter", "rename the parameter")
    return {n: _number(where, n, value) for n, value in given.items()}


def _number(where: str, what: str, value: ArrayLike) -> Array:
    try:
        array = np.ravel(np.asarray(value))
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.dtype.kind not in "fiu" or not array.size or not np.all(np.isfinite(array)):
        raise ModelError(where, f"{what} = {shown(value)}", "give a finite number, or an array of one for each neuron")
    return array.astype(np.float64)


def _check_counts(where: str, numbers: Mapping[str, Array]) -> None:
    """Values per neuron must be equally many; how many neurons there are shows when the neuron is called."""
    counts = {n: value.size for n, value in numbers.items() if value.size > 1}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{n} has {count} values" for n, count in counts.items())
        raise ModelError(where, listed, "give one number, or one for each neuron")


def _check_used(where: str, unused: Iterable[object]) -> None:
    named = ", ".join(repr(n) for n in unused)
    if named:
        raise ModelError(where, f"no equation uses the parameter {named}", "use it in an equation, or leave it out")


def _check_growth(where: str, space: StateSpace) -> None:
    radius = float(np.max(np.abs(np.linalg.eigvals(np.moveaxis(space.A, -1, 0)))))
    if radius > GROWTH:
        raise ModelError(
            where,
            f"its states grow by themselves, by a factor of {radius:.6g} a step (the spectral radius of A)",
            "choose decays so that it is at most 1; from a time constant a decay is exp(-dt/tau)",
        )
