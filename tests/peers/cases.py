"""The networks whose exported files are run by other tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import snnopt as so
from snnopt.interop.nir.replay import zero_reset_rollout
from snnopt.lower import lower_network
from snnopt.runtime import Wiring, check_weights

Array = np.ndarray[Any, Any]
STEPS, SAMPLES = 40, 4


@dataclass(frozen=True)
class Case:
    """A network, and the importers that run it as the file says."""

    name: str
    build: Callable[[], so.Network]
    importers: tuple[str, ...]
    batched: bool = True
    seed: int = 0

    def weights(self) -> dict[str, Array]:
        """Random weights at which layers are driven hard, so that resets matter."""
        rng = np.random.default_rng(self.seed)
        out = {}
        for v in lower_network(self.build()).variables:
            if v.kind == "weight":
                out[v.name] = (rng.standard_normal(v.shape) * 2 / np.sqrt(np.prod(v.shape[1:]))).astype(np.float32)
            elif v.kind == "bias":
                out[v.name] = rng.uniform(0.0, 0.3, v.shape).astype(np.float32)
        return out

    def data(self) -> Array:
        """Random inputs in 256ths, [T, N, *shape]."""
        (x,) = self.build().inputs
        return (np.random.default_rng(7).integers(0, 256, (STEPS, SAMPLES, *x.shape)) / 256).astype(np.float32)


def replay(network: so.Network, weights: Mapping[str, Array], data: Array) -> dict[str, Array]:
    """The spikes of our replay with resets to zero, [T, N, *shape] by layer, computed in float64."""
    program, kind = lower_network(network), np.dtype(np.float64)
    flat = {program.inputs[0].name: data.reshape(*data.shape[:2], -1).astype(kind)}
    found = zero_reset_rollout(Wiring(program, kind), check_weights(program, weights, kind), flat, len(data))
    spikes = {c.name: found[c.name].spikes for c in program.hidden}
    return {n: s.reshape(*data.shape[:2], *program.by_name[n].shape) for n, s in spikes.items() if s is not None}


def _chain(first: so.Neuron, second: so.Neuron, units: int = 12) -> so.Network:
    x = so.Input(5, name="x")
    h = first(so.Dense(units)(x))
    k = second(so.Dense(8)(h))
    return so.Network(x, so.LI(0.9, name="readout")(so.Dense(3)(k)))


def _lif() -> so.Network:
    return _chain(so.LIF(0.9, name="h1"), so.LIF(0.75, 0.8, name="h2"))


def _cuba() -> so.Network:
    return _chain(so.CubaLIF(0.6, 0.8, 1.5, name="h1"), so.CubaLIF(0.5, 0.9, 2.0, name="h2"))


def _if() -> so.Network:
    return _chain(so.IF(name="h1"), so.IF(2.0, name="h2"))


def _own_decays() -> so.Network:
    return _chain(so.LIF(np.linspace(0.5, 0.95, 12), name="h1"), so.LIF(0.75, np.linspace(0.5, 1.5, 8), name="h2"))


def _recurrent() -> so.Network:
    return _chain(so.LIF(0.9, name="h1", recurrent=so.Dense()), so.LIF(0.9, name="h2"))


def _skip() -> so.Network:
    x = so.Input(5, name="x")
    h = so.LIF(0.9, name="h1")(so.Dense(12)(x))
    k = so.LIF(0.9, name="h2")(so.Dense(8)(h) + so.Dense(8)(x))
    return so.Network(x, so.LI(0.9, name="readout")(so.Dense(3)(k)))


def _convolution() -> so.Network:
    x = so.Input((1, 6, 6), name="x")
    h = so.LIF(0.8, name="h1")(so.Conv2d(2, 3, stride=2, padding=1)(x))
    k = so.LIF(0.9, name="h2")(so.Dense(8)(so.Flatten()(h)))
    return so.Network(x, so.LI(0.9, name="readout")(so.Dense(3)(k)))


CASES = (
    Case("lif", _lif, ("snntorch", "norse")),
    Case("cuba", _cuba, ("snntorch", "norse")),
    Case("convolution", _convolution, ("snntorch", "norse"), batched=False, seed=2),
    Case("skip", _skip, ("snntorch",)),
    Case("if", _if, ("norse",)),
    Case("own_decays", _own_decays, ("norse",)),
    Case("recurrent", _recurrent, ("norse",)),
)
