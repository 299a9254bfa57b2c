"""The published algorithm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.settings import WHOLE, Duals, Start
from snnopt.algorithms.words import Net, Sweep
from snnopt.split import Box, Form, Order


@dataclass(frozen=True)
class Perin2025(KeptAlgorithm):
    """``perin2025``: the rules of Perin, Bidini, Mazzieri and Rossi, arXiv 2505.05527, in their order.

    Difference form, full batch, potentials and spikes drawn from U[0, 1). A sweep takes the hidden layers in random order:
    weights, then spikes and potentials of one step after the other in random order, the last step last; then the read-out's
    weights and its potentials, likewise. One multiplier, on the output's dynamics at the last step, moves after ``warm_up``
    iterations.

    Parameters
    ----------
    clip : ``"box"`` holds spikes in [0, 1] by the exact minimiser; ``"published"`` clips the free one.
    last_step : ``"exact"`` solves the output's last step exactly; ``"published"`` as reported, where rho is misplaced.

    The rest as in :class:`KeptAlgorithm`.
    """

    max_iter: int = field(default=300, metadata=WHOLE)
    warm_up: int = field(default=100, metadata=WHOLE | {"zero": True})
    clip: Literal["box", "published"] = field(default="box", metadata={"choices": ("box", "published")})
    last_step: Literal["exact", "published"] = field(default="exact", metadata={"choices": ("exact", "published")})

    name: ClassVar[str] = "perin2025"
    form: ClassVar[Form] = "difference"
    order: ClassVar[Order] = "one"
    start: ClassVar[Start] = "uniform"
    duals: ClassVar[Duals] = "output"
    summary: ClassVar[str] = "the published rules: difference form, one step at a time in random order, one multiplier"

    @property
    def box(self) -> Box:  # noqa: D102
        return "exact" if self.clip == "box" else "published"

    @property
    def published(self) -> bool:  # noqa: D102
        return self.last_step == "published"

    def sweep(self, net: Net) -> Sweep:
        """Hidden layers in random order, step by step; then the read-out."""
        for layer in net.shuffled(net.hidden):
            yield layer.weights
            for t in net.times():
                yield layer.spikes_at(t)
                yield layer.potentials_at(t)
        for output in net.outputs:
            yield output.weights
            for t in net.times():
                yield output.potentials_at(t)
        yield net.duals
