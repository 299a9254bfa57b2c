"""A competitor: its cell, and the grid that all of them are tuned over. Nothing here needs torch before it is used."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from tests.benchmarks.speed.curves import Look
from tests.benchmarks.speed.sides.side import Side, Stage
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import Net, Suite

if TYPE_CHECKING:
    from tests.benchmarks.speed.sides.torch_training import TorchSettings

RATES, SLOPES = (5e-3, 2e-3, 1e-2, 1e-3), (5.0, 25.0)
QUICK_RATES = (5e-3, 2e-3)
LOOKS = 4
"""Evaluations an epoch: at least as fine, in seconds, as one of our epochs."""


class TorchSide(Side):
    """Everything but the cell."""

    packages: ClassVar[tuple[str, ...]]

    @abstractmethod
    def cell(self, net: Net, settings: TorchSettings) -> Any:
        """One population, a :class:`Cell`."""

    def missing(self) -> tuple[str, ...]:
        return tuple(p for p in self.packages if not importlib.util.find_spec(p))

    def versions(self) -> dict[str, str]:
        return {p: importlib.metadata.version(p) for p in self.packages}

    def stages(self, suite: Suite, split: Split, threads: int, quick: bool) -> list[Callable[[Any], Stage]]:
        """Batch sizes; then rates x slopes x schedules at the best of them, at all lengths.

        Where worse halves leave, lengths come last and for the winner alone: shorter runs of a cosine look better early.
        """
        lengths = suite.peer_lengths[::2] if quick else suite.peer_lengths
        longest, halving = max(lengths), suite.tuning == "halving"
        constant, cosines = (False, longest), [(True, n) for n in lengths]

        def batches(_: Any) -> Stage:
            forms = self._fastest_forms(suite, split, threads, suite.batches[1:3] if quick else suite.batches)
            return Stage([replace(form, rate=r, epochs=longest) for form in forms for r in QUICK_RATES], halving)

        def grid(best: TorchSettings) -> Stage:
            schedules = [constant, (True, longest)] if halving else [constant, *cosines]
            rates = QUICK_RATES if quick else RATES
            return Stage(
                [
                    replace(best, rate=rate, slope=slope, cosine=cosine, epochs=epochs)
                    for rate in rates
                    for slope in SLOPES
                    for cosine, epochs in schedules
                ],
                halving,
            )

        def schedules(best: TorchSettings) -> Stage:
            return Stage([replace(best, cosine=cosine, epochs=epochs) for cosine, epochs in (constant, *cosines)])

        return [batches, grid, schedules] if halving else [batches, grid]

    def _fastest_forms(self, suite: Suite, split: Split, threads: int, batches: Sequence[int]) -> list[TorchSettings]:
        """For each batch size, the threads and the order of loops that are fastest there."""
        from tests.benchmarks.speed.sides.torch_training import TorchSettings, seconds_per_epoch

        found = []
        for batch in batches:
            forms = [
                TorchSettings(batch=batch, threads=n, layerwise=by_layer)
                for n in sorted({1, threads})
                for by_layer in ((False,) if suite.net.recurrent else (False, True))
            ]
            costs = seconds_per_epoch(suite.net, suite.steps, split, forms, self.cell)
            found.append(forms[costs.index(min(costs))])
        return found

    def settings(self, fields: dict[str, Any]) -> TorchSettings:
        from tests.benchmarks.speed.sides.torch_training import TorchSettings

        return TorchSettings(**fields)

    def train(
        self, suite: Suite, split: Split, settings: TorchSettings, seed: int, looks: int = LOOKS
    ) -> Iterator[Look]:
        from tests.benchmarks.speed.sides.torch_training import train

        return train(suite.net, suite.steps, split, settings, seed, self.cell, looks)

    def product_share(self, suite: Suite, split: Split, settings: TorchSettings, seed: int) -> float:
        from tests.benchmarks.speed.sides.torch_training import product_share

        return product_share(suite.net, suite.steps, split, settings, self.cell)

    def words(self, suite: Suite, settings: TorchSettings) -> Sequence[str]:
        return (
            f"Adam {settings.rate:g}",
            f"slope {settings.slope:g}",
            "cosine" if settings.cosine else "constant",
            f"batch {settings.batch}",
            f"{settings.epochs} epochs",
            f"{settings.threads} thread{'s' * (settings.threads > 1)}",
            "layer by layer" if settings.layerwise else "step by step",
        )
