"""Oracle of a read-out without weights: is what its loss asks for minus the derivative of its definition?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS, ClosedForm
from snnopt.oracles.case import Case, relative_distance
from snnopt.oracles.losses import LOSSES, gradient
from snnopt.oracles.majoriser import loss_faults
from snnopt.oracles.oracle import Extreme, Oracle, decade
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class DemandCase(Case):
    """The demand ``-scale dloss/dm`` at m [N, units]; nothing is left to minimise over."""

    kind: str
    seen: Array
    target: Array
    scale: float

    axes: ClassVar = {"seen": ("sample", "unit"), "target": ("sample", "unit")}

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.target.ndim == 2 or int(self.target.max()) < self.seen.shape[1]

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """What the rule passes on."""
        return rule.solve(LOSS_FUNCTIONS[self.kind], self.seen, self.target, self.scale)  # type: ignore[attr-defined]

    def solution(self) -> Array:
        """The derivative of the definition."""
        return np.asarray(-self.scale * gradient(LOSSES[self.kind], self.seen, self.target))

    def excess(self, x: Array, best: Array) -> float:
        """There is no objective to compare."""
        return 0.0

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        return relative_distance(x, best, 1e-9 * self.scale)

    def defects(self, x: Array) -> tuple[str, ...]:
        """Whether the loss's code agrees with its definition."""
        return tuple(loss_faults(self.kind, self.seen, self.target))


@final
class FixedReadoutOracle(Oracle):
    """Read-outs without weights."""

    extremes = (
        Extreme("one of everything", {"samples": 1, "units": 1}),
        Extreme("saturated", {"size": 1e3}),
        Extreme("scale 1e6", {"scale": 1e6}),
        Extreme("scale 1e-6", {"scale": 1e-6}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "readout" or block.uses:
            return "it knows read-outs without weights"
        unknown = [t.kind for t in block.terms if t.kind not in LOSSES]
        return f"it has no definition of {', '.join(unknown)}" if unknown else None

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> DemandCase:  # noqa: D102
        loss = block.terms[int(rng.integers(len(block.terms)))]
        shape = (extreme.whole("samples", rng, 5), extreme.whole("units", rng, 4))
        real = loss.kind == "squared_error" and rng.random() < 0.5
        return DemandCase(
            kind=loss.kind,
            seen=extreme.number("size", decade(rng, -1, 1)) * rng.normal(size=shape),
            target=rng.normal(size=shape) if real else rng.integers(0, shape[1], shape[0]),
            scale=extreme.number("scale", loss.scale),
        )
