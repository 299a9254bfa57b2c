"""Spikes by consensus between the step and what reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.settings import SHARE, WHOLE, Duals, Start
from snnopt.algorithms.words import Net, Sweep
from snnopt.split import Box, Form, Order


@dataclass(frozen=True)
class Consensus(KeptAlgorithm):
    """``consensus``: the spikes H(v) are hard; a copy of them is what resets and later layers read, tied by a scaled dual."""

    rho: float = 1.0
    sigma: float = 1.0
    ridge: float = 1e-2
    dual_step: float = field(default=1.0, metadata=SHARE)
    warm_up: int = field(default=0, metadata=WHOLE | {"zero": True})

    name: ClassVar[str] = "consensus"
    form: ClassVar[Form] = "trace"
    order: ClassVar[Order] = "together"
    start: ClassVar[Start] = "rollout"
    duals: ClassVar[Duals] = "step"
    summary: ClassVar[str] = (
        "trace form from a rollout, hard spikes and a copy that is read, a scaled dual between them"
    )

    @property
    def box(self) -> Box:  # noqa: D102
        return "none"

    def sweep(self, net: Net) -> Sweep:
        """From the output backward: the copies, potentials, weights of each layer."""
        yield net.readout
        for layer in reversed(net.hidden):
            yield layer.spikes
            yield layer.potentials
            yield layer.weights
        yield net.duals
