"""What a user's function of a CVXPY variable returns, checked: a convex term, or convex constraints.

Each function raises :class:`CompileError` at ``where``, with what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snnopt.errors import WIDEST, CompileError, shown


def called(build: Callable[[Any], Any], variable: Any, where: str) -> Any:
    """What the user's function returns."""
    try:
        return build(variable)
    except Exception as error:  # whatever a user's function raises
        cause = f"its function raised {type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}"
        raise CompileError(
            where, cause, f"mend it; it is called with a cvxpy.Variable of shape {variable.shape}"
        ) from error


def constraints_of(given: Any, variable: Any, where: str) -> list[Any]:
    """What the user's function returned as a constraint, as a list; checked."""
    import cvxpy as cp

    parts = list(given) if isinstance(given, list | tuple) else [given]
    if not parts or not all(isinstance(c, cp.constraints.constraint.Constraint) for c in parts):
        fix = "return a CVXPY constraint or a list of them, e.g. lambda w: cp.norm(w) <= 1; a term goes into the objective"
        raise CompileError(where, f"its function returned {_described(given)}", fix)
    for part in parts:
        if not part.is_dcp():
            fix = "write convex <= concave, or affine == affine, with CVXPY's atoms"
            raise CompileError(where, f"{_described(part)} is not convex by CVXPY's rules", fix)
    _check_variables([v for part in parts for v in part.variables()], variable, where)
    return parts


def term_of(given: Any, variable: Any, where: str) -> Any:
    """What the user's function returned as a term of the objective; checked."""
    import cvxpy as cp

    if not isinstance(given, cp.Expression):
        fix = "return a scalar CVXPY expression, e.g. lambda w: cp.normNuc(w); a constraint goes into constraints=[...]"
        raise CompileError(where, f"its function returned {_described(given)}", fix)
    if not given.is_scalar():
        raise CompileError(where, f"its function returned {given.shape} numbers", "return one, e.g. their cp.sum(...)")
    if not given.is_real() or not given.is_convex():
        fix = "the objective is minimised: write a real, convex expression with CVXPY's atoms, e.g. cp.norm1(w)"
        raise CompileError(where, f"{_described(given)} is not convex by CVXPY's rules", fix)
    _check_variables(given.variables(), variable, where)
    return given


def _check_variables(used: list[Any], variable: Any, where: str) -> None:
    if all(v is not variable for v in used):
        raise CompileError(where, "its function does not use the weights it is given", "use its argument")
    if any(v.attributes["boolean"] or v.attributes["integer"] for v in used):
        fix = "drop them; so.Cardinality and so.FanIn bound numbers of synapses, so.Grid makes weights whole"
        raise CompileError(where, "it brings along whole-number variables, which no convex solver takes", fix)


def _described(given: Any) -> str:
    import cvxpy as cp

    if isinstance(given, cp.constraints.constraint.Constraint | cp.Expression):
        text = str(given)
        kind = "the expression" if isinstance(given, cp.Expression) else "the constraint"
        return f"{kind} {text if len(text) <= WIDEST else text[: WIDEST - 4] + ' ...'}"
    return shown(given)
