"""The settings that a decorated sweep may be given, by what kind of sweep it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.online import Online
from snnopt.algorithms.rollout import Rollout
from snnopt.errors import ModelError, unknown_name

NEAREST: dict[str, type[Online] | type[Rollout]] = {"dithered": Online, "exact": Rollout}
"""The shipped algorithm with a step rule, whose settings a sweep with demands takes over."""
OF_KEPT = ("start", "duals", "order", "box", "last_step")
"""What the shipped algorithms without demands differ in, and a user's may choose."""

FAMILIES: dict[str, tuple[str, frozenset[str]]] = {
    rule: (
        f'a sweep with net.demands and step_rule="{rule}"',
        frozenset({"form", "step_rule", *(f.name for f in fields(kind))}),
    )
    for rule, kind in NEAREST.items()
} | {"kept": ("a sweep without net.demands", frozenset({"form", *(f.name for f in fields(KeptAlgorithm)), *OF_KEPT}))}
"""The kinds of sweep, in words, and the settings of each."""


def check_names(where: str, names: Iterable[str], family: str) -> None:
    """Refuse what is no setting of this kind of sweep.

    Raises
    ------
    ModelError
        It is one of another kind.
    UnknownNameError
        It is one of none.
    """
    this, known = FAMILIES[family]
    for name in names:
        if name in known:
            continue
        for other, theirs in FAMILIES.values():
            if name in theirs:
                cause = f"{name!r} is a setting of {other}, and this is {this}"
                raise ModelError(where, cause, f"use {', '.join(sorted(known))}")
        raise unknown_name(f"setting of {where}", name, known)


def choose(where: str, name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return a setting that is one of some words.

    Raises
    ------
    ModelError
        It is none of them.
    """
    if isinstance(value, str) and value in choices:
        return value
    words = [repr(c) for c in choices]
    raise ModelError(where, f"{name} = {value!r}", f"use {', '.join(words[:-1])} or {words[-1]}")


def shown_settings(name: str, settings: Mapping[str, Any]) -> str:
    """An algorithm as ``name(setting=value, ...)``."""
    return f"{name}({', '.join(f'{n}={v!r}' for n, v in settings.items())})"
