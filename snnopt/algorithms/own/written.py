"""A sweep as a user wrote it, and the words that it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from snnopt.algorithms.check import LONGEST, STEPS
from snnopt.algorithms.words import Layer, Net, Word
from snnopt.errors import ModelError, SnnoptError, shown

Write = Callable[[Net], Iterable[Word]]

SIZES = [(hidden, outputs) for outputs in (1, 2, 3) for hidden in (3, 1, 2, 4, 5, 6)]
"""Hidden layers and outputs of the nets on which a sweep is tried, until it finds the layers that it asks for."""


@dataclass(frozen=True, eq=False)
class Written:
    """A user's sweep.

    Attributes
    ----------
    write : the generator function.
    words : names of the words that it yields.
    given : the settings that the user gave, by name; all others are the defaults of the nearest shipped algorithm.
    """

    write: Write
    words: frozenset[str]
    given: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The function's name."""
        return name_of(self.write)

    @property
    def about(self) -> str:
        """The first line of the function's docstring, without its full stop; "a sweep of its own" without one."""
        lines = (getattr(self.write, "__doc__", None) or "").strip().splitlines()
        return lines[0].strip().rstrip(".") if lines else "a sweep of its own"


def name_of(write: Write) -> str:
    """The name of a function, or of what stands in for one."""
    return str(getattr(write, "__name__", None) or type(write).__name__)


def words_of(write: Write) -> frozenset[str]:
    """Names of the words that a sweep yields, from a dry run on small nets in which every name is a layer's.

    Raises
    ------
    ModelError
        It is no generator of words, yields none, or has no end.
    """
    trouble: Exception | None = None
    for hidden, outputs in SIZES:
        first, last = (tuple(Layer(f"{n}{k}") for k in range(c)) for n, c in (("hidden", hidden), ("output", outputs)))
        net = Net(first, last, STEPS, np.random.default_rng(0), any_name=True)
        try:
            return _names(name_of(write), write(net))
        except SnnoptError:
            raise
        except (LookupError, ValueError) as error:  # fewer or more layers than it takes
            trouble = trouble or error
    assert trouble is not None
    raise trouble


def _names(name: str, sweep: object) -> frozenset[str]:
    where, fix = f"algorithm {name!r}", "write a generator: def sweep(net): yield net.rollout ..."
    if not isinstance(sweep, Iterable):
        raise ModelError(where, f"its sweep returns {shown(sweep)}", fix)
    words = list(islice(sweep, LONGEST))
    if len(words) == LONGEST:
        raise ModelError(where, f"one sweep yields {LONGEST} words and more", "let it end; the engine repeats it")
    for word in words:
        if not isinstance(word, Word):
            raise ModelError(
                where, f"its sweep yields {shown(word)}, which is no word", "yield words such as net.readout"
            )
    names = frozenset(w.name for w in words)
    if not names & {"readout", "weights"}:
        raise ModelError(where, "its sweep never solves for weights", "yield net.readout or layer.weights")
    return names
