"""What the convolutions share: sizes, weights shared by all positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.model.connections.base import LearnedConnection, Wiring, positive
from snnopt.model.connections.patches import patches, window_counts
from snnopt.model.signal import Shape


@dataclass(frozen=True, eq=False)
class Convolution(LearnedConnection):
    """A convolution over ``axes`` spatial axes of a source [channels, *spatial]; weights [channels_out, channels_in, *kernel].

    Parameters
    ----------
    channels : output channels.
    kernel : size along each spatial axis, one number or a tuple.
    stride, padding : likewise; padding with zeros on both sides.
    bias : whether to learn a constant current for each output channel.
    name : names the variables.
    """

    channels: int
    kernel: int | Shape
    stride: int | Shape = 1
    padding: int | Shape = 0
    bias: bool = True
    name: str | None = None

    axes: ClassVar[int]

    def __post_init__(self) -> None:
        positive(self.label, "its number of channels", self.channels)
        for what, least in (("kernel", 1), ("stride", 1), ("padding", 0)):
            values = self._each(what)
            if len(values) != self.axes:
                raise ModelError(self.label, f"{what} = {values}", f"give one number, or {self.axes} of them")
            for value in values:
                positive(self.label, what, value, least)

    @property
    def geometry(self) -> tuple[int, ...]:
        """Stride, then padding, along each spatial axis."""
        return (*map(int, self._each("stride")), *map(int, self._each("padding")))

    def output_shape(self, shape: Shape, where: str) -> Shape:  # noqa: D102
        if len(shape) != self.axes + 1:
            axes = ("channels", "height", "width") if self.axes == 2 else ("channels", "length")
            raise ModelError(
                where,
                f"the source has shape {shape}, not ({', '.join(axes)})",
                f"declare so.Input({(1,) + (8,) * self.axes}) or feed it from a layer of that kind",
            )
        kernel, stride, padding = map(self._each, ("kernel", "stride", "padding"))
        counts = window_counts(shape[1:], kernel, stride, padding)
        if min(counts) < 1:
            cause = f"a kernel of {kernel} does not fit in a source of {shape[1:]}"
            last_first = (shape[-1], *shape[:-1])
            if min(window_counts(last_first[1:], kernel, stride, padding)) < 1:
                raise ModelError(where, cause, "use a smaller kernel, or padding")
            fix = (
                f"channels come first: declare so.Input({last_first}) and give numpy.moveaxis(X, -1, {-1 - self.axes})"
            )
            raise ModelError(where, cause, f"{fix}; or use a smaller kernel, or padding")
        return (self.channels, *counts)

    def wiring(self, shape: Shape, target: Shape) -> Wiring:  # noqa: D102
        kernel = self._each("kernel")
        fan_in = shape[0] * math.prod(kernel)
        gather = patches(shape, kernel, self._each("stride"), self._each("padding"))
        positions = gather.shape[0] // fan_in
        return Wiring((self.channels, shape[0], *kernel), positions, fan_in, self.channels, gather)

    def _each(self, what: str) -> Shape:
        value = getattr(self, what)
        return tuple(value) if isinstance(value, tuple | list) else (value,) * self.axes


@dataclass(frozen=True, eq=False)
class Conv1d(Convolution):
    """``i[c, x] = sum W[c, d, k] s[d, stride x + k - padding] + b[c]``, source [channels, length]."""

    axes: ClassVar[int] = 1


@dataclass(frozen=True, eq=False)
class Conv2d(Convolution):
    """``i[c, x, y] = sum W[c, d, k, l] s[d, stride x + k - padding, stride y + l - padding] + b[c]``.

    The source is [channels, height, width].
    """

    axes: ClassVar[int] = 2
