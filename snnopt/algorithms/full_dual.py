"""Scaled duals on every coupling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.settings import SHARE, WHOLE, Duals, Start
from snnopt.algorithms.words import Net, Sweep
from snnopt.split import Box, Form, Order


@dataclass(frozen=True)
class FullDual(KeptAlgorithm):
    """``full_dual``: trace form from a rollout, scaled duals on all dynamics and all step couplings."""

    rho: float = 1.0
    sigma: float = 1.0
    ridge: float = 1e-2
    dual_step: float = field(default=0.1, metadata=SHARE)
    warm_up: int = field(default=5, metadata=WHOLE | {"zero": True})

    name: ClassVar[str] = "full_dual"
    form: ClassVar[Form] = "trace"
    order: ClassVar[Order] = "together"
    start: ClassVar[Start] = "rollout"
    duals: ClassVar[Duals] = "all"
    summary: ClassVar[str] = "trace form from a rollout, scaled duals on every coupling"

    @property
    def box(self) -> Box:  # noqa: D102
        return "none"

    def sweep(self, net: Net) -> Sweep:
        """From the output backward: spikes, potentials, weights of each layer."""
        yield net.readout
        for layer in reversed(net.hidden):
            yield layer.spikes
            yield layer.potentials
            yield layer.weights
        yield net.duals
