"""The prox of any term that a user writes in CVXPY's own language."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.clarabel import solve_tightly
from snnopt.cvx_bridge.least_squares import ConvexSolverError
from snnopt.cvx_bridge.user_terms import called, constraints_of, term_of
from snnopt.errors import BlockError

Array = NDArray[Any]

TOLERANCES = (1e-11, 1e-9, 1e-7)
ADVICE = {
    "infeasible": "no weights meet it (they are zero where there is no synapse); loosen the constraint",
    "unbounded": "it has no minimum; bound the variables that the term brings along",
}


class ProxError(ConvexSolverError, BlockError):
    """CVXPY found no solution of a term's prox.

    Parameters
    ----------
    layer : the layer on whose weights the term is.
    status : CVXPY's word for what happened, e.g. ``"infeasible"``.
    """

    def __init__(self, layer: str, status: str) -> None:
        self.layer, self.status = layer, status
        advice = ADVICE.get(status.removesuffix("_inaccurate"), "bring its numbers nearer to one")
        super().__init__(f"cvx term on layer {layer!r}: CVXPY says {status}; {advice}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.layer, self.status)


@final
class CvxProx:
    """``min_V  scale term(V) + m/2 ||V - C||^2`` for a convex term, or ``min_V ||V - C||^2`` under constraints.

    CVXPY canonicalises the problem once, as ``term(V) + ||root V - target||^2 / 2`` with the parameters ``root = sqrt(m/scale)``
    (1 for constraints) and ``target = root C``; each solve only renews the numbers. The answer is as exact as an
    interior-point solver makes it, about 1e-8, so a constraint holds to that and not to the last bit.

    Parameters
    ----------
    build : called once with a ``cvxpy.Variable`` of shape [channels, k]; returns a convex scalar expression or, as a
        constraint, one CVXPY constraint or a list of them.
    shape : [channels, k].
    constraint : which of the two ``build`` returns.
    layer : the layer's name, for messages.
    mask : synapses that exist [channels, k], or None for all; others are zero in every V.

    Raises
    ------
    CompileError
        ``build`` raises, returns something else, ignores the variable, or is not convex by CVXPY's rules.
    """

    def __init__(
        self,
        build: Callable[[Any], Any],
        shape: tuple[int, int],
        constraint: bool,
        layer: str,
        mask: NDArray[np.bool_] | None = None,
    ) -> None:
        import cvxpy as cp

        self.layer, self.mask, self.constraint = layer, mask, constraint
        self._variable = cp.Variable(shape, name="W")
        self._root, self._target = cp.Parameter(nonneg=True), cp.Parameter(shape)
        objective = cp.sum_squares(self._root * self._variable - self._target) / 2
        absent = [] if mask is None else [cp.multiply(1.0 - mask, self._variable) == 0]
        where = f"cvx {'constraint' if constraint else 'term'} on layer {layer!r}"
        given = called(build, self._variable, where)
        self._term: Any = None
        self._constraints: list[Any] = constraints_of(given, self._variable, where) if constraint else []
        absent += self._constraints
        if not constraint:
            self._term, self._at = term_of(given, self._variable, where), cp.Parameter(shape)
            self._held = cp.Problem(cp.Minimize(self._term), [self._variable == self._at])
            objective += self._term
        self._problem = cp.Problem(cp.Minimize(objective), absent)

    def solve(self, center: Array, penalty: float, scale: float = 1.0) -> Array:
        """Return V [channels, k], of the dtype of ``center``.

        Parameters
        ----------
        center : C [channels, k].
        penalty : m > 0.
        scale : the term's factor in the objective. At 0 the term is left out.

        Raises
        ------
        ProxError
            The problem is infeasible or unbounded, or the solver gives up.
        """
        values = center
        if self.constraint or scale > 0:
            root = 1.0 if self.constraint else math.sqrt(penalty / scale)
            self._root.value, self._target.value = root, root * center.astype(np.float64)
            status = solve_tightly(self._problem, TOLERANCES)
            if status != "optimal":
                raise ProxError(self.layer, status)
            values = np.asarray(self._variable.value).astype(center.dtype)
        return values if self.mask is None else np.where(self.mask, values, np.zeros((), values.dtype))

    def value(self, v: Array) -> float:
        """The term at V, least over what other variables it brings along; 0 for constraints.

        Raises
        ------
        ProxError
            The least cannot be found.
        """
        if self.constraint:
            return 0.0
        self._variable.value = self._at.value = v.astype(np.float64)
        if len(self._term.variables()) > 1:
            status = solve_tightly(self._held, TOLERANCES)
            if status != "optimal":
                raise ProxError(self.layer, status)
        return float(self._term.value)

    def violation(self, v: Array) -> float:
        """By how much V breaks the constraints, as CVXPY measures it; 0 for a term.

        Where they bring other variables along, how far V is from the nearest point that keeps them; below 1e-5 counts as none,
        since the solver finds that point no better.

        Raises
        ------
        ProxError
            That point cannot be found.
        """
        if len({u.id for c in self._constraints for u in c.variables()}) > 1:
            off = float(np.abs(self.solve(v, 1.0) - v).max(initial=0.0))
            return off if off > 1e-5 else 0.0
        self._variable.value = v.astype(np.float64)
        return max((float(np.max(c.violation())) for c in self._constraints), default=0.0)
