"""The ways from layer to layer in a NIR graph: connections between neurons, with shapes and delays checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.neuron_parts import Layer
from snnopt.interop.nir.parts import Parts

Array = NDArray[Any]
Shape = tuple[int, ...]

WHOLE = 1e-6
"""How far from a whole number of time steps a delay may be."""


@dataclass(frozen=True, eq=False)
class Way:
    """One way into a layer: the node it starts from, the connection nodes on it, and the delay of each, in steps."""

    source: str
    nodes: tuple[str, ...]
    lag: int
    weights: str | None


def ways_into(parts: Parts, layer: Layer, shapes: dict[str, Shape], dt: float) -> list[Way]:
    """All ways into a layer from inputs and layers (``shapes``, by node), in the order of the edges.

    Raises
    ------
    ModelError
        A node cannot be taken, shapes do not meet, a delay is no whole number of steps, two sets of weights follow each other.
    """
    open_ways = [[a] for a in parts.before[layer.entry] if (a, layer.entry) not in layer.inner]
    if not open_ways:
        raise ModelError(parts.where(layer.node), "nothing feeds it", "add an edge to it, or leave it out")
    found = []
    while open_ways:
        way = open_ways.pop(0)
        at = way[0]
        if at in shapes:
            found.append(_checked(parts, at, tuple(way[1:]), layer, shapes, dt))
            continue
        _take(parts, at, way[1:])
        open_ways[:0] = [[before, *way] for before in parts.before[at]]
    return found


def delay_steps(parts: Parts, name: str, dt: float) -> int:
    """The delay of a ``Delay`` node, in whole steps."""
    delays = parts.numbers(name, "delay").astype(np.float64)
    where = parts.where(name)
    if delays.size == 0 or np.any(delays != delays.flat[0]):
        raise ModelError(where, "its delays differ", "give all neurons one delay; several Delay nodes for several")
    steps = float(delays.flat[0]) / dt
    if steps < 0 or abs(steps - round(steps)) > WHOLE * max(1.0, steps):
        cause = f"its delay of {float(delays.flat[0]):g} s is no whole number of steps of dt = {dt:g} s"
        raise ModelError(where, cause, "give the time step that it is meant for, dt=...")
    return round(steps)


def _take(parts: Parts, name: str, way: list[str]) -> None:
    """Raise unless a node can stand between two layers."""
    kind, where = parts.kind(name), parts.where(name)
    if kind.role == "refused":
        raise ModelError(where, kind.cause, kind.fix)
    if kind.role not in ("weights", "fixed"):
        raise ModelError(where, "another node reads it, and it is no source of signals", "mend the graph's edges")
    if name in way:
        fix = "put a neuron such as LIF into the cycle"
        raise ModelError(where, "it is in a cycle of connections without a neuron", fix)
    if not parts.before[name]:
        raise ModelError(where, "nothing feeds it", "add an edge to it, or leave it out")
    if kind.role == "weights" and len(parts.before[name]) > 1:
        fix = "give each signal weights of its own"
        raise ModelError(where, "its weights take a sum of signals", fix)


def _checked(
    parts: Parts, source: str, nodes: tuple[str, ...], layer: Layer, shapes: dict[str, Shape], dt: float
) -> Way:
    shape, lag, weights = shapes[source], 0, None
    for name in nodes:
        if parts.kind(name).role == "weights":
            if weights is not None:
                cause = f"it has weights, and so has {parts.where(weights)} before it, without a neuron between"
                raise ModelError(parts.where(name), cause, "multiply the two, or put a neuron between them")
            weights = name
        lag += delay_steps(parts, name, dt) if type(parts.nodes[name]).__name__ == "Delay" else 0
        shape = SHAPES[type(parts.nodes[name]).__name__](parts, name, shape)
    if shape != layer.shape:
        cause = f"its neurons have shape {layer.shape}, and a current of shape {shape} comes from {parts.where(source)}"
        raise ModelError(
            parts.where(layer.node), cause, "give them one shape; a Flatten node makes a vector of an image"
        )
    return Way(source, nodes, lag, weights)


def _dense(parts: Parts, name: str, shape: Shape) -> Shape:
    weight = parts.numbers(name, "weight")
    if weight.ndim != 2:
        raise ModelError(parts.where(name), f"its weights have shape {weight.shape}", "give a matrix [out, in]")
    if shape != (weight.shape[1],):
        cause = f"it takes {weight.shape[1]} values, and gets a signal of shape {shape}"
        raise ModelError(parts.where(name), cause, "make the shapes meet; a Flatten node makes a vector of an image")
    return (weight.shape[0],)


def _convolved(parts: Parts, name: str, shape: Shape) -> Shape:
    weight, node, where = parts.numbers(name, "weight"), parts.nodes[name], parts.where(name)
    axes = weight.ndim - 2
    if axes != int(type(node).__name__[4]) or len(shape) != axes + 1 or shape[0] != weight.shape[1]:
        cause = f"its weights have shape {weight.shape}, and it gets a signal of shape {shape}"
        raise ModelError(where, cause, "give weights [out, in, *kernel] and a signal [in, *size]")
    if np.any(np.asarray(node.groups) != 1) or np.any(np.asarray(node.dilation) != 1):
        raise ModelError(where, "it has groups or dilation", "use a convolution with neither, or an Affine node")
    stride, padding = strides(parts, name)
    counts = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(shape[1:], weight.shape[2:], stride, padding, strict=True)]
    if min(counts) < 1:
        raise ModelError(
            where, f"its kernel does not fit in a signal of shape {shape}", "use a smaller one, or padding"
        )
    return (weight.shape[0], *counts)


def strides(parts: Parts, name: str) -> tuple[Shape, Shape]:
    """Stride and padding of a convolution, along each axis."""
    node, where = parts.nodes[name], parts.where(name)
    kernel = parts.numbers(name, "weight").shape[2:]
    stride = _each(parts, name, "stride", len(kernel), 1)
    if isinstance(node.padding, str | bytes):
        word = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        if word == "valid":
            return stride, (0,) * len(kernel)
        if word != "same" or set(stride) != {1} or any(k % 2 == 0 for k in kernel):
            raise ModelError(where, f"padding {word!r} with this kernel and stride", "give padding as numbers")
        return stride, tuple(k // 2 for k in kernel)
    return stride, _each(parts, name, "padding", len(kernel), 0)


def pool_size(parts: Parts, name: str) -> int:
    """The side of the windows of an ``AvgPool2d`` node, which must be squares that do not overlap."""
    size = _each(parts, name, "kernel_size", 2, 1)
    if size[0] != size[1] or _each(parts, name, "stride", 2, 1) != size or any(_each(parts, name, "padding", 2, 0)):
        fix = "pool over squares with kernel_size == stride and no padding"
        raise ModelError(parts.where(name), "its windows are no squares, overlap, or are padded", fix)
    return size[0]


def _pooled(parts: Parts, name: str, shape: Shape) -> Shape:
    size = pool_size(parts, name)
    if len(shape) != 3 or min(shape[1:]) < size:
        cause = f"it pools {size} x {size} values, and gets a signal of shape {shape}"
        raise ModelError(parts.where(name), cause, "give it a signal [channels, height, width] that is large enough")
    return (shape[0], shape[1] // size, shape[2] // size)


def _flat(parts: Parts, name: str, shape: Shape) -> Shape:
    """A vector; start_dim may count the axis of samples, as torch does, or not."""
    node = parts.nodes[name]
    start, end = int(np.asarray(node.start_dim)), int(np.asarray(node.end_dim))
    if len(shape) > 1 and (start not in (0, 1) or end not in (-1, len(shape) - 1 + start)):
        cause = f"it flattens axes {start} to {end} of a signal of shape {shape}, not all of them"
        raise ModelError(parts.where(name), cause, "flatten all axes, start_dim=0 and end_dim=-1")
    return (int(np.prod(shape)),)


def _delayed(parts: Parts, name: str, shape: Shape) -> Shape:
    return shape


def _each(parts: Parts, name: str, what: str, axes: int, least: int) -> Shape:
    found = np.asarray(getattr(parts.nodes[name], what))
    if (
        found.dtype.kind not in "iuf"
        or found.size not in (1, axes)
        or np.any(found != np.round(found))
        or found.min() < least
    ):
        raise ModelError(
            parts.where(name), f"its {what} is {found.tolist()!r}", f"give {axes} whole numbers from {least} on"
        )
    return tuple(int(n) for n in np.broadcast_to(found.ravel(), axes))


SHAPES = {
    "Affine": _dense,
    "Linear": _dense,
    "Conv1d": _convolved,
    "Conv2d": _convolved,
    "AvgPool2d": _pooled,
    "Flatten": _flat,
    "Delay": _delayed,
}
"""What each kind of connection makes of a shape, or why it does not take it."""
