"""What all closed forms of a copy share: V, on which a constraint or a penalty acts, in place of the weights W."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]
Mask = NDArray[np.bool_] | None


class CopyForm(ClosedForm):
    """``min_V  scale term(V) + m/2 ||V - C||^2``: the prox of a term, a projection where the term is a constraint.

    The matrix [channels, k] holds the weights of the block's variables side by side, biases excluded.
    """

    @staticmethod
    @abstractmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V [channels, k], of the dtype of ``center``.

        Parameters
        ----------
        center : C [channels, k], the weights W (and their scaled dual, where there is one).
        penalty : m > 0.
        scale : the term's factor in the objective; 1 for constraints.
        parameters : the term's numbers by name (:func:`snnopt.blocks.copies.joint.numbers` of the block's terms).
        parts : the columns of each weight variable.
        mask : synapses that exist [channels, k], or None for all. Others are exactly zero in V, and take no part in any
            count, bound, scale or group.
        """


class TermCopy(CopyForm):
    """A copy under one term, and what the term comes to beside others.

    Attributes
    ----------
    kind : of the term.
    merge : what two terms that speak of the same joint parameter come to, by its name.
    """

    kind: ClassVar[str]
    merge: ClassVar[Mapping[str, Callable[[float, float], float]]]

    @staticmethod
    @abstractmethod
    def joint(term: Term) -> dict[str, float]:
        """The term's numbers, by the names of joint parameters."""


class PenaltyCopy(TermCopy):
    """A copy under one penalty."""

    @staticmethod
    @abstractmethod
    def value(w: Array) -> float:
        """The penalty at W [channels, k], without its factor."""


def existing(values: Array, mask: Mask) -> Array:
    """Return the values with exact zeros where there is no synapse."""
    return values if mask is None else np.where(mask, values, np.zeros((), values.dtype))


def listed(terms: Sequence[Term]) -> str:
    """Terms in the user's words."""
    return ", ".join(t.name for t in terms)


def sole(block: Block, kind: str) -> str | None:
    """Return None if the block is a copy under exactly one term, of this kind; else the reason why not."""
    if block.kind != "copy":
        return f"it solves copies, not {block.kind}"
    if [t.kind for t in block.terms] != [kind]:
        return f"it solves copies under {kind}, the block has {listed(block.terms)}"
    return None


def whole(block: Block, term: Term) -> str | None:
    """Return None if the block holds all weights that the term is on, as a count over them needs; else the reason."""
    outside = [n for n in term.variables if n not in {c.weight for c in block.columns}]
    if outside:
        return (
            f"it has no closed form for {term.name}, which also counts weights of other blocks ({', '.join(outside)})"
        )
    return None
