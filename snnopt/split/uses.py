"""Where weights act: the maps that one solve holds together, and the columns of its matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnopt.program import AffineCoupling, LinearMap, Program


@dataclass(frozen=True, eq=False)
class WeightUse:
    """One place where a group of weights acts: the maps into one population that are solved for together.

    Attributes
    ----------
    target : the population.
    parts : for each weight variable the maps that apply it; their features add up.
    """

    target: AffineCoupling
    parts: tuple[tuple[LinearMap, ...], ...]

    @property
    def positions(self) -> int:
        """Positions that share the weights (1 for dense maps)."""
        return self.parts[0][0].positions

    @property
    def channels(self) -> int:
        """Rows of the weights."""
        return self.parts[0][0].channels


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of one weight variable in a block's matrix [channels, k]: its fan-in, then its bias, if any."""

    weight: str
    bias: str | None
    channels: int
    fan_in: int
    mask: NDArray[np.bool_] | None

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.fan_in + (self.bias is not None)


def columns(uses: Sequence[WeightUse]) -> tuple[Columns, ...]:
    """The columns of the weights that these uses share, in order."""
    out = []
    for k, (first, *_) in enumerate(uses[0].parts if uses else ()):
        assert first.weight is not None
        bias = next((m.bias for u in uses for m in u.parts[k] if m.bias is not None), None)
        out.append(Columns(first.weight, bias, first.channels, first.fan_in, first.mask))
    return tuple(out)


def weight_groups(program: Program) -> tuple[tuple[WeightUse, ...], ...]:
    """Group learned maps by what one solve can hold, last layer first.

    A weight of several populations is a group of its own, with a use for each of them. Of the others, those into one
    population go together where their positions and channels agree.
    """
    targets: dict[str, set[str]] = {}
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.weight is not None:
                targets.setdefault(m.weight, set()).add(coupling.name)
    groups: dict[tuple[object, ...], list[WeightUse]] = {}
    for coupling in reversed(program.couplings):
        together: dict[tuple[object, ...], dict[str, list[LinearMap]]] = {}
        for m in coupling.maps:
            if m.weight is None:
                continue
            shared = len(targets[m.weight]) > 1
            key: tuple[object, ...] = (
                ("shared", m.weight) if shared else ("own", coupling.name, m.positions, m.channels)
            )
            together.setdefault(key, {}).setdefault(m.weight, []).append(m)
        for key, parts in together.items():
            groups.setdefault(key, []).append(WeightUse(coupling, tuple(tuple(p) for p in parts.values())))
    return tuple(tuple(g) for g in groups.values())
