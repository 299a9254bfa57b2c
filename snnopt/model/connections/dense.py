"""All-to-all connection."""

from __future__ import annotations

import math
from dataclasses import dataclass

from snnopt.model.connections.base import LearnedConnection, Wiring, positive, yes_or_no
from snnopt.model.signal import Shape


@dataclass(frozen=True, eq=False)
class Dense(LearnedConnection):
    """``i[t] = W s[t] + b``: every source neuron to every target neuron.

    Parameters
    ----------
    units : number of target neurons; None takes the width of the layer it feeds (as in ``recurrent=so.Dense()``).
    bias : whether to learn a constant current b (not penalised; a recurrent connection has none).
    name : names the variables ``<name>.weight`` and ``<name>.bias``; otherwise they take the target's name.

    A source of several axes is flattened. Weight shape: [units, sources].
    """

    units: int | None = None
    bias: bool = True
    name: str | None = None

    def __post_init__(self) -> None:
        if self.units is not None:
            positive(self.label, "its number of units", self.units)
        yes_or_no(self.label, "bias", self.bias)

    def output_shape(self, shape: Shape, where: str) -> Shape | None:  # noqa: D102
        return None if self.units is None else (int(self.units),)

    def wiring(self, shape: Shape, target: Shape) -> Wiring:  # noqa: D102
        fan_in, channels = math.prod(shape), math.prod(target)
        return Wiring((channels, fan_in), 1, fan_in, channels)
