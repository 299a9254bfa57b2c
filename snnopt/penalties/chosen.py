"""Which penalty function each coupling has: those of the algorithm, unless a user chose others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from snnopt.errors import ModelError, shown, unknown_name

P = TypeVar("P")


def chosen_penalties(
    layers: Iterable[str],
    spiking: Iterable[str],
    defaults: Mapping[str, P],
    given: object,
    besides: Mapping[str, tuple[type, ...]] | None = None,
) -> dict[str, P]:
    """Return the function of each coupling: of ``<layer>`` its dynamics, of ``<layer>.step`` its step.

    ``defaults`` has one for each kind, ``dynamics`` and ``step``, and ``besides`` what fits a kind beside the type of its
    default. ``given`` may have one for a kind, for a coupling, or both, the coupling's own before that of its kind.

    Raises
    ------
    ModelError
        What is given is no mapping, or has a function under a coupling that it is not for.
    UnknownNameError
        It names what is neither a kind nor a coupling.
    """
    wanted = {} if given is None else given
    if not isinstance(wanted, Mapping):
        fix = "write {'dynamics': so.Quadratic(1.0), 'step': so.ExactStep(0.1)}"
        raise ModelError("penalties", f"{shown(given)} is no dict", fix)
    kinds = {**dict.fromkeys(layers, "dynamics"), **{f"{n}.step": "step" for n in spiking}}
    without = {n for n, kind in (*kinds.items(), ("dynamics", "dynamics")) if kind not in defaults}
    kinds = {n: kind for n, kind in kinds.items() if kind in defaults}
    known = {**dict.fromkeys(defaults), **kinds}
    for name, function in wanted.items():
        if name in without:
            cause = "this algorithm starts every sweep from a rollout, so dynamics hold and have no penalty"
            fix = "leave it out, or use an algorithm that keeps potentials, such as 'full_dual'"
            raise ModelError(f"penalties[{name!r}]", cause, fix)
        if name not in known:
            raise unknown_name("coupling", name, known)
        kind = kinds.get(str(name), str(name))
        fitting = (type(defaults[kind]), *(besides or {}).get(kind, ()))
        if not isinstance(function, fitting):
            named = " or ".join(f"so.{f.__name__}(...)" for f in fitting)
            fix = f"use {named}, the penalty of {'the step' if kind == 'step' else 'dynamics'} here"
            raise ModelError(f"penalties[{name!r}]", f"{shown(function)} is not for it", fix)
    return {n: wanted.get(n, wanted.get(kind, defaults[kind])) for n, kind in kinds.items()}
