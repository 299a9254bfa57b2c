"""What NIR's connection nodes make of a signal's shape and time, and their numbers, checked."""

from __future__ import annotations

import numpy as np

from snnopt.errors import ModelError
from snnopt.interop.nir.parts import Parts

Shape = tuple[int, ...]

WHOLE = 1e-6
"""How far from a whole number of time steps a delay may be."""


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
