"""A read-out without weights of its own: nothing to solve, only a demand to pass on."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.losses import LOSS_FUNCTIONS, LossFunction
from snnopt.blocks.rule import ClosedForm
from snnopt.split import Block

Array = NDArray[Any]


class FixedReadout(ClosedForm):
    """The potentials are a fixed linear function of the spikes, eliminated exactly; no variable is left.

    What the loss asks of them is minus its gradient, which travels back through the fixed maps.
    """

    formula: ClassVar[str] = "no weights to solve for; the demand is -dloss/dm   (fixed read-out)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "readout":
            return f"it solves read-outs, not {block.kind}"
        if block.variables:
            return "the read-out has weights"
        unknown = [t.kind for t in block.terms if t.role == "loss" and t.kind not in LOSS_FUNCTIONS]
        return f"it has no closed form for {', '.join(unknown)}" if unknown else None

    @staticmethod
    def solve(loss: LossFunction, seen: Array, target: Array, scale: float) -> Array:
        """Return the demand ``-scale dloss/dm``, [N, units].

        Parameters
        ----------
        loss, scale : the loss and its factor in the objective.
        seen : m, what the loss sees of the potentials, [N, units].
        target : labels [N], or real [N, units].
        """
        return -seen.dtype.type(scale) * loss.gradient(seen, target)
