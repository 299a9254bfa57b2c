"""When a run ends before its last iteration, and which of its iterates is returned."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Literal

from snnopt.errors import ModelError, shown

Keep = Literal["loss", "accuracy", "validation"]
KEEP: tuple[Keep, ...] = ("loss", "accuracy", "validation")


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """Tolerances, patience, and what makes an iterate the best one.

    Parameters
    ----------
    absolute, relative : of an algorithm that keeps potentials: CONVERGED once every coupling's residuals, root mean squares,
        have ``primal <= absolute + relative max(|v|, |prediction|)`` (of a step, of a and H(v)) and
        ``dual <= absolute + relative |rho u|``. A coupling without a dual keeps a primal residual for ever: instead of it the
        augmented Lagrangian must rest, to ``relative`` of its size. Both 0, the default: never. Source: Boyd et al. 2011,
        section 3.3.
    patience : records without a better iterate after which the run ends STALLED; None for as many as the algorithm says.
    keep : the iterate that is returned: the one of least training ``"loss"``, of highest training ``"accuracy"``, or of highest
        score on the ``"validation"`` data; ties go to the lower loss.
    """

    absolute: float = 0.0
    relative: float = 0.0
    patience: int | None = None
    keep: Keep = "loss"

    def __post_init__(self) -> None:
        for f in fields(self)[:2]:
            value = getattr(self, f.name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value < 0:
                raise ModelError("Stopping", f"{f.name} = {shown(value)}", "give a number of at least 0")
        whole = isinstance(self.patience, Integral) and not isinstance(self.patience, bool)
        if self.patience is not None and not (whole and self.patience > 0):
            raise ModelError(
                "Stopping", f"patience = {shown(self.patience)}", "give a whole number of records, or None"
            )
        if self.keep not in KEEP:
            raise ModelError("Stopping", f"keep = {shown(self.keep)}", "use 'loss', 'accuracy' or 'validation'")

    @property
    def by_residuals(self) -> bool:
        """Whether residuals may end a run."""
        return self.absolute > 0 or self.relative > 0
