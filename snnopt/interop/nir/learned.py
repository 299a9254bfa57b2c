"""Weights of a NIR graph in our units, and what they will be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.neuron_parts import Layer
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.paths import Way
from snnopt.interop.nir.rounding import corrected
from snnopt.interop.nir.scaling import per_channel, scaled
from snnopt.interop.nir.shapes import strides
from snnopt.model.connections import Conv1d, Conv2d, Dense, LearnedConnection, Sparse

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Learned:
    """Weights and bias of one connection; ``stem`` is the name of their variables, ``node`` the node that they came from."""

    stem: str
    node: str
    weight: Array
    bias: Array | None
    mask: Array | None

    def same(self, other: Learned) -> bool:
        """Whether another use of these weights is the same to the last bit, so that the two can be one connection."""
        pairs = ((self.weight, other.weight), (self.bias, other.bias), (self.mask, other.mask))
        return all((a is None and b is None) or (a is not None and b is not None and _same(a, b)) for a, b in pairs)


class Collected:
    """All weights of a graph while its layers are gone through; weights that several use are kept once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.found: list[Learned] = []
        self.called: dict[str, list[Learned]] = {}
        self.uses: dict[Learned, int] = {}

    def add(self, way: Way, layer: Layer, leak: Array | None) -> Learned:
        """The weights on a way into a layer; ``leak`` [n] is a constant current that its bias takes."""
        assert way.weights is not None
        new = _read(self.parts, way.weights, layer, leak)
        known = next((k for k in self.called.get(new.stem, []) if k.same(new)), None)
        if known is None:
            stem, k = new.stem, 1
            while stem in {f.stem for f in self.found}:
                k += 1
                stem = f"{new.stem}.{k}"
            known = Learned(stem, new.node, new.weight, new.bias, new.mask)
            self.found.append(known)
            self.called.setdefault(new.stem, []).append(known)
        self.uses[known] = self.uses.get(known, 0) + 1
        return known

    def arrays(self) -> dict[str, Array]:
        """All variables by name."""
        out = {}
        for k in self.found:
            out[f"{k.stem}.weight"] = k.weight
            if k.bias is not None:
                out[f"{k.stem}.bias"] = k.bias
        return out

    def connection(self, learned: Learned, default: str) -> LearnedConnection:
        """The declared connection; it needs no name where its only use would give it the name that it has."""
        name = None if learned.stem == default and self.uses[learned] == 1 else learned.stem
        kind, bias = type(self.parts.nodes[learned.node]).__name__, learned.bias is not None
        if kind in ("Conv1d", "Conv2d"):
            stride, padding = strides(self.parts, learned.node)
            make = Conv1d if kind == "Conv1d" else Conv2d
            return make(len(learned.weight), learned.weight.shape[2:], stride, padding, bias, name)
        if learned.mask is not None:
            return Sparse(learned.mask, bias, name)
        return Dense(len(learned.weight), bias, name)


def defaults(layers: Mapping[str, list[Learned]]) -> dict[Learned, str]:
    """What the weights into each layer are called where they have no names of their own."""
    out = dict[Learned, str]()
    for name, incoming in layers.items():
        several = list(dict.fromkeys(incoming))
        for k, learned in enumerate(several):
            out.setdefault(learned, name if len(several) == 1 else f"{name}.{k}")
    return out


def _read(parts: Parts, name: str, layer: Layer, leak: Array | None) -> Learned:
    node, where = parts.nodes[name], parts.where(name)
    plain = parts.numbers(name, "weight")
    gain = per_channel(layer.gain, len(plain))
    if gain is None:
        cause = f"neurons of {parts.where(layer.node)} that share these weights differ in r or tau"
        raise ModelError(where, cause, "give them one r and one tau for each output channel")
    weight = corrected(scaled(plain, gain), parts.note(name, "weight_steps"))
    bias = None
    if type(node).__name__ != "Linear" and getattr(node, "bias", None) is not None:
        given = parts.numbers(name, "bias")
        if given.shape != (len(weight),):
            raise ModelError(where, f"its bias has shape {given.shape}", f"give {len(weight)} values")
        bias = corrected(scaled(given, gain), parts.note(name, "bias_steps")).astype(weight.dtype)
        unlearned = parts.note(name, "bias")
        if unlearned is not None and not np.any(unlearned) and not np.any(bias):
            bias = None  # a convolution node always has one
    if leak is not None:
        constant = per_channel(leak, len(plain))
        if constant is None:
            cause = f"neurons of {parts.where(layer.node)} that share this bias differ in v_leak"
            raise ModelError(where, cause, "give them one v_leak for each output channel, or 0")
        bias = (constant if bias is None else bias + constant).astype(weight.dtype)
    variable = parts.note(name, "weight")
    noted = isinstance(variable, str) and variable.endswith(".weight")
    stem = variable.removesuffix(".weight") if noted else name
    return Learned(stem, name, weight, bias, _mask(parts, name, weight))


def _mask(parts: Parts, name: str, weight: Array) -> Array | None:
    """The synapses that exist, where the file notes them and no other has weight since."""
    noted = parts.note(name, "mask")
    if not isinstance(noted, np.ndarray) or noted.dtype.kind != "b" or noted.shape != weight.shape or not noted.any():
        return None
    return None if np.any(weight[~noted]) else noted


def _same(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
