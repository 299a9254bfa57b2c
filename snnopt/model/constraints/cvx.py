"""Any CVXPY constraint or objective term on a weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from snnopt.errors import ModelError, shown
from snnopt.model.constraints.base import WeightConstraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.objective import ObjectiveTerm
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class cvx(WeightConstraint, ObjectiveTerm):
    """A term ``build(W)`` in CVXPY's own language, W a variable [units, sources].

    As a member of ``constraints`` it returns CVXPY constraints (one or a list); in the objective, a convex scalar.

    Parameters
    ----------
    weights : a layer's weights, ``h.weights``.
    build : called with a ``cvxpy.Variable`` when the problem is compiled.
    """

    kind: ClassVar[str] = "cvx"
    weights: Weights
    build: Callable[[Any], Any]

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)
        if not callable(self.build):
            fix = "pass a function of the weights, e.g. so.cvx(h.weights, lambda w: cp.normNuc(w))"
            raise ModelError(f"cvx({self.symbol})", f"{shown(self.build)} is not a function", fix)

    def formula(self, names: Names = ALONE) -> str:
        """The term as mathematics, in plain text."""
        return f"cvx.{getattr(self.build, '__name__', 'term').strip('<>')}({names.weights_text(self.population)})"
