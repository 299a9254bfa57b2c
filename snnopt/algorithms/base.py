"""What an algorithm must tell: its form, its sweep, how a program is split for it."""

from __future__ import annotations

import math
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

from snnopt.algorithms.words import Net, Sweep, Word
from snnopt.errors import CompileError, ModelError, shown, unknown_name
from snnopt.program import Program
from snnopt.split import Block, Form


class _Named(ABCMeta):
    """Refuses settings that a class has not, by name, before Python does it without advice."""

    def __call__(cls, *args: Any, **settings: Any) -> Any:
        known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
        for name in settings:
            if name not in known:
                raise unknown_name(f"setting of {cls.__name__}", name, known)
        return super().__call__(*args, **settings)


@dataclass(frozen=True)
class Algorithm(metaclass=_Named):
    """An ADMM variant: a sweep over blocks, and its settings.

    Fields are checked when it is made: numbers are positive, unless the field's metadata say that zero will do; ``share``
    marks those in (0, 1], ``whole`` whole ones, ``choices`` words; fields marked ``part`` are no settings.
    """

    dtype: Literal["float32", "float64"] = field(
        default="float32", kw_only=True, metadata={"choices": ("float32", "float64")}
    )

    name: ClassVar[str]
    form: ClassVar[Form]
    summary: ClassVar[str]

    @property
    @abstractmethod
    def words(self) -> tuple[str, ...]:
        """The words that its sweep may use."""

    @property
    @abstractmethod
    def output_words(self) -> tuple[str, ...]:
        """Those of them that outputs have too."""

    @abstractmethod
    def sweep(self, net: Net) -> Sweep:
        """Yield the updates of one iteration, in order."""

    def updates(self, net: Net) -> Sweep:
        """Yield the words of a sweep, checked.

        Raises
        ------
        CompileError
            The sweep yields what is no word of this kind of algorithm, or not of that layer or step of time.
        """
        for word in self.sweep(net):
            if not isinstance(word, Word) or word not in net.checked:
                self.check_word(word, net)
                if word.step is not None and word.step not in range(net.steps):
                    raise self._refused(f"{word.name!r} of step {word.step}", (f"steps 0 to {net.steps - 1}",))
                net.checked.add(word)
            yield word

    def check_word(self, word: Word, net: Net) -> None:
        """Raise :class:`CompileError` for what is no word of this kind of algorithm, or not of that layer."""
        if not isinstance(word, Word):
            raise self._refused(f"{shown(word)}, which is no word of a sweep", self.words)
        if word.name not in self.words:
            raise self._refused(f"{word.name!r}, for which it has no block", self.words)
        hidden, outputs = ({layer.name for layer in layers} for layers in (net.hidden, net.outputs))
        if word.layer in outputs and word.name not in self.output_words:
            raise self._refused(f"{word.name!r} of {word.layer!r}, which is an output", self.output_words)
        if word.layer is not None and word.layer not in hidden | outputs:
            raise self._refused(f"{word.name!r} of {word.layer!r}, which is no layer", tuple(sorted(hidden | outputs)))

    def _refused(self, what: str, known: tuple[str, ...]) -> CompileError:
        fix = f"use {', '.join(known)}" if known else "leave outputs to net.readout"
        return CompileError(f"algorithm {self.name!r}", f"its sweep yields {what}", fix)

    @abstractmethod
    def penalties(self, program: Program, given: object = None) -> dict[str, Any]:
        """The penalty function of each coupling, by its name, ``<layer>.step`` for steps; ``given`` are a user's own."""

    @abstractmethod
    def split(self, program: Program, penalties: Mapping[str, Any]) -> tuple[Block, ...]:
        """The blocks that the sweep updates, with these penalty functions."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value, where = getattr(self, f.name), f"algorithm {self.name!r}"
            if f.metadata.get("part"):
                continue
            choices = f.metadata.get("choices")
            if choices is not None:
                if value not in choices:
                    words = [repr(c) for c in choices]
                    raise ModelError(where, f"{f.name} = {value!r}", f"use {', '.join(words[:-1])} or {words[-1]}")
                continue
            if value is None and f.default is None:
                continue
            number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(float(value))
            least = 0.0 if f.metadata.get("zero") else math.nextafter(0.0, 1.0)
            if not number or float(value) < least:
                fix = "give a number of at least 0" if f.metadata.get("zero") else "give a positive number"
                raise ModelError(where, f"{f.name} = {value!r}", fix)
            if f.metadata.get("share") and float(value) > 1:
                raise ModelError(where, f"{f.name} = {value!r}", "give a share in (0, 1]")
            if f.metadata.get("whole") and not isinstance(value, Integral):
                raise ModelError(where, f"{f.name} = {value!r}", "give a whole number, without a decimal point")
