"""Blocks: the subproblem left when all variables but one are frozen, in normal form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from snnopt.program import Term
from snnopt.split.uses import Columns, WeightUse, columns

Form = Literal["trace", "difference"]
Kind = Literal["weights", "copy", "spikes", "potentials", "outputs", "readout"]
StepRule = Literal["none", "exact", "dithered", "linearised"]
Order = Literal["together", "coloured", "one"]
Box = Literal["none", "exact", "published"]
At = Literal["all", "before last", "last"]


@dataclass(frozen=True)
class Quadratic:
    """``penalty/2 ||residual||^2`` of one coupling, sum over time, mean over samples.

    Where ``linearised``, the block has its gradient at the present spikes and a proximal term instead.
    """

    coupling: str
    penalty: str
    linearised: bool = False


@dataclass(frozen=True, eq=False)
class Block:
    """``minimise  quadratics + demand (linear) + step + prox terms`` over ``variables``.

    Attributes
    ----------
    name : the user's layer name and the kind, e.g. ``"hidden.weights"``.
    kind : which word of a sweep updates it.
    quadratics : the penalised couplings that the variables take part in.
    linear : whether other couplings enter by their gradient (a linearised block).
    step : how the step coupling is treated.
    proximal : whether a term ``penalty mu/2 ||W - W_0||^2`` keeps the block near its last value.
    terms : losses, penalties and constraints on the variables.
    uses : for weights, the populations that they feed.
    by_gradient : terms on the spikes that enter by their gradient, as part of the demand.
    order : whether all steps of time are solved for together, those of one parity together, or one after the other.
    box : whether spikes are held in [0, 1]: not, exactly, or by clipping what the block without a box would give.
    at : which steps of time the block is about: all, those before the last one, or the last one.
    kept : whether potentials are kept from iteration to iteration, so that they need not be where their dynamics put them.
    published : whether an output's last step is updated as published, though that is not the block's minimiser.
    """

    name: str
    kind: Kind
    form: Form
    layers: tuple[str, ...]
    variables: tuple[str, ...]
    quadratics: tuple[Quadratic, ...]
    linear: bool = False
    step: StepRule = "none"
    proximal: bool = False
    terms: tuple[Term, ...] = ()
    uses: tuple[WeightUse, ...] = ()
    by_gradient: tuple[Term, ...] = ()
    order: Order = "together"
    box: Box = "none"
    at: At = "all"
    kept: bool = False
    published: bool = False

    @property
    def columns(self) -> tuple[Columns, ...]:
        """Columns of the block's matrix, for weights and read-outs."""
        return columns(self.uses)

    @property
    def uncoupled(self) -> bool:
        """Whether every penalised coupling is linearised, so that no two of the variables stand in one term."""
        return bool(self.quadratics) and all(q.linearised for q in self.quadratics)
