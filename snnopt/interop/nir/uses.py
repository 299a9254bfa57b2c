"""The ways into a layer with the weights that are learned on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snnopt.errors import ModelError
from snnopt.interop.nir.learned import Collected, Learned
from snnopt.interop.nir.neuron_parts import Layer
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.paths import Way


@dataclass(frozen=True, eq=False)
class Use:
    """A way into a layer with the weights on it; ``recurrent`` is the layer's own connection to itself."""

    way: Way
    learned: Learned | None
    recurrent: bool


def uses_of(parts: Parts, collected: Collected, layer: Layer, ways: list[Way]) -> list[Use]:
    """The ways into a layer with their weights; a leak potential goes into the first bias that there can be."""
    out, leak = list[Use](), layer.leak if np.any(layer.leak) else None
    for way in ways:
        if way.weights is None:
            if np.any(layer.gain != 1):
                cause = (
                    f"no weights before it can take the factor of its r, up to {float(np.max(layer.gain)):g} per step"
                )
                raise ModelError(parts.where(layer.node), cause, "set r = tau / dt, or put an Affine node before it")
            out.append(Use(way, None, False))
            continue
        alone = way.source == layer.node and way.lag == 0 and way.nodes == (way.weights,) and way is ways[-1]
        recurrent = alone and layer.neuron.theta is not None and not _biased(parts, way.weights)
        learned = collected.add(way, layer, None if recurrent else leak)
        leak = leak if recurrent else None
        out.append(Use(way, learned, recurrent))
    if leak is not None:
        cause = "its v_leak is not zero, and no weights before it have a bias that could take it"
        raise ModelError(parts.where(layer.node), cause, "set v_leak to 0, or put an Affine node before it")
    return out


def _biased(parts: Parts, name: str) -> bool:
    node = parts.nodes[name]
    return type(node).__name__ != "Linear" and bool(np.any(parts.numbers(name, "bias")))
