"""Connections to NIR's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import CompileError
from snnopt.interop.nir.rounding import steps_between
from snnopt.interop.nir.scaling import per_channel, scaled, unscaled
from snnopt.model.connections.patches import window_counts
from snnopt.program import AffineCoupling, LinearMap

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ConnectionWriter:
    """Writes the connections of one network.

    ``weights`` are arrays by name, in their declared shapes; ``dt`` is the time step.
    """

    nir: Any
    weights: Mapping[str, Array]
    dt: float

    def chain(self, m: LinearMap, source: Shape, target: AffineCoupling, gain: Array) -> list[tuple[str, Any]]:
        """The nodes of one path, from its source on: the stem of each one's name, and the node."""
        if m.form is None:
            fix = "give the network too: so.to_nir(network, weights)"
            raise CompileError(f"layer {target.name!r}", "the file is of before networks kept their connections", fix)
        shape, out = source, list[tuple[str, Any]]()
        for kind, numbers in m.form:
            if kind in ("Dense", "Sparse"):
                out += self._flat(shape, target)
                if len(target.shape) > 1:
                    cause = f"{m.name} feeds a layer of shape {target.shape}, and NIR cannot fold a vector to that"
                    raise CompileError(f"layer {target.name!r}", cause, "use a layer with one axis, or a convolution")
                node, shape = self._dense(m, gain), target.shape
            elif kind in ("Conv1d", "Conv2d"):
                node, shape = self._convolution(kind, numbers, m, shape, gain)
            else:
                node, shape = self._fixed(kind, numbers, shape, target)
            out.append((m.weight if kind in WITH_WEIGHTS and m.weight else f"{target.name}.{kind.lower()}", node))
        return out

    def nothing(self, shape: Shape, target: AffineCoupling) -> tuple[str, Any]:
        """A node that does nothing: NIR has one edge at most between two nodes."""
        return f"{target.name}.delay", self.nir.Delay(delay=np.zeros(shape))

    def _dense(self, m: LinearMap, gain: Array) -> Any:
        weight, bias, notes = self._scaled(m, gain)
        if m.mask is not None:
            notes["mask"] = m.mask
        node = self.nir.Linear(weight=weight) if bias is None else self.nir.Affine(weight=weight, bias=bias)
        node.metadata = notes
        return node

    def _convolution(self, kind: str, numbers: Shape, m: LinearMap, shape: Shape, gain: Array) -> tuple[Any, Shape]:
        weight, bias, notes = self._scaled(m, gain)
        notes["bias"] = int(bias is not None)
        axes = len(numbers) // 2
        stride, padding = numbers[:axes], numbers[axes:]
        spatial = shape[1:]
        made = getattr(self.nir, kind)(
            input_shape=spatial[0] if axes == 1 else spatial,
            weight=weight,
            stride=stride[0] if axes == 1 else stride,
            padding=padding[0] if axes == 1 else padding,
            dilation=1 if axes == 1 else (1, 1),
            groups=1,
            bias=np.zeros(len(weight), weight.dtype) if bias is None else bias,
        )
        made.metadata = notes
        return made, (len(weight), *window_counts(spatial, weight.shape[2:], stride, padding))

    def _fixed(self, kind: str, numbers: Shape, shape: Shape, target: AffineCoupling) -> tuple[Any, Shape]:
        if kind == "Flatten":
            flat = (int(np.prod(shape)),)
            return self.nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1), flat
        if kind == "Delay":
            return self.nir.Delay(delay=np.full(shape, numbers[0] * self.dt)), shape
        if kind == "AvgPool2d":
            size = np.array(numbers * 2)
            made = self.nir.AvgPool2d(kernel_size=size, stride=size.copy(), padding=np.zeros(2, int))
            return made, (shape[0], *(n // numbers[0] for n in shape[1:]))
        cause = f"NIR has no node for the connection {kind}"
        raise CompileError(f"layer {target.name!r}", cause, "use so.Dense, so.Sparse or a convolution in its place")

    def _flat(self, shape: Shape, target: AffineCoupling) -> list[tuple[str, Any]]:
        return [] if len(shape) == 1 else [(f"{target.name}.flatten", self._fixed("Flatten", (), shape, target)[0])]

    def _scaled(self, m: LinearMap, gain: Array) -> tuple[Array, Array | None, dict[str, Any]]:
        """Weights and bias over the gain, and what rounding took."""
        by_channel = per_channel(gain, m.channels)
        assert m.weight is not None
        assert by_channel is not None
        notes: dict[str, Any] = {"weight": m.weight}
        weight = self._plain("weight", m.weight, by_channel, notes)
        return weight, None if m.bias is None else self._plain("bias", m.bias, by_channel, notes), notes

    def _plain(self, what: str, name: str, gain: Array, notes: dict[str, Any]) -> Array:
        exact = self.weights[name]
        plain = unscaled(exact, gain)
        if not np.all(np.isfinite(plain)):
            cause = f"they are too large for {plain.dtype} once they are divided by 1 - beta"
            raise CompileError(f"weights {name!r}", cause, "use smaller ones, or a decay that is not so close to 1")
        steps = steps_between(scaled(plain, gain), exact)
        if steps is not None:
            notes[f"{what}_steps"] = steps
        return plain


WITH_WEIGHTS = ("Dense", "Sparse", "Conv1d", "Conv2d")
