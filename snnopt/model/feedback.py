"""Currents from later layers, declared with the network, since an expression cannot mention what comes after it."""

from __future__ import annotations

from collections.abc import Mapping

from snnopt.errors import ModelError, shown
from snnopt.model.signal import Current, Population, Signal, add, describe

EXAMPLE = "so.Network(x, y, feedback={h1: so.Dense()(so.Delay(1)(h2))})"


def fed_back(feedback: Mapping[Population, Signal]) -> dict[Population, Current]:
    """Return, by population, its declared current with the feedback added.

    Raises
    ------
    ModelError
        ``feedback`` is no dict from layers to currents, or shapes do not meet.
    """
    if not isinstance(feedback, Mapping):
        raise ModelError("Network, feedback", f"{shown(feedback)} is not a dict", f"write e.g. {EXAMPLE}")
    out = {}
    for population, signal in feedback.items():
        if not isinstance(population, Population):
            raise ModelError(
                "Network, feedback", f"its key {shown(population)} is not a layer", f"write e.g. {EXAMPLE}"
            )
        where = f"feedback into {describe(population)}"
        if not isinstance(signal, Signal):
            raise ModelError(where, f"{shown(signal)} is not a current", f"write e.g. {EXAMPLE}")
        if signal.shape is not None and signal.shape != population.shape:
            raise ModelError(
                where,
                f"the current has shape {signal.shape}, the layer {population.shape}",
                "give the connection the layer's width; so.Dense() takes it by itself",
            )
        out[population] = add(population.current, signal)
    return out
