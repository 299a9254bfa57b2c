"""A user's sweep that starts from rollouts and passes demands back."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from snnopt.algorithms.from_rollout import RolloutAlgorithm
from snnopt.algorithms.online import Online
from snnopt.algorithms.own.settings import NEAREST, check_names, choose, shown_settings
from snnopt.algorithms.own.written import Written
from snnopt.algorithms.rollout import Rollout
from snnopt.algorithms.settings import FullBatch, MiniBatches, ReadoutStep, WeightStep
from snnopt.algorithms.words import Net, Sweep
from snnopt.errors import ModelError
from snnopt.penalties import DitheredStep, FlippedStep
from snnopt.split import StepRule


@dataclass(frozen=True, repr=False)
class OwnRollout(RolloutAlgorithm):
    """A sweep of a user's with ``net.demands``. ``nearest`` holds its settings: those of ``online`` or of ``rollout``."""

    written: Written = field(kw_only=True, metadata={"part": True})
    nearest: Online | Rollout = field(kw_only=True, metadata={"part": True})

    @property
    def name(self) -> str:  # type: ignore[override]
        """The function's name."""
        return self.written.name

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What the function says of itself, and what the engine does around it."""
        how = "mini-batches, dithered step" if self.step_rule == "dithered" else "full batch, exact step"
        done = {"spikes": "spikes move with the demands", "duals": "duals of copies with the weights"}
        also = [text for word, text in done.items() if word in self.written.words]
        return "; ".join([self.written.about, f"from rollouts, {how}, settings as in {self.nearest.name!r}", *also])

    @property
    def step_rule(self) -> StepRule:  # type: ignore[override]
        """How demands pass through the step."""
        return self.nearest.step_rule

    def sweep(self, net: Net) -> Sweep:
        """Yield what the function yields."""
        yield from self.written.write(net)

    @property
    def schedule(self) -> MiniBatches | FullBatch:  # noqa: D102
        return self.nearest.schedule

    @property
    def step_coupling(self) -> DitheredStep | FlippedStep:  # noqa: D102
        return self.nearest.step_coupling

    @property
    def held(self) -> int | None:  # noqa: D102
        return self.nearest.held

    @property
    def weight_block(self) -> WeightStep:  # noqa: D102
        return self.nearest.weight_block

    @property
    def readout_block(self) -> ReadoutStep:  # noqa: D102
        return self.nearest.readout_block

    def settings(self) -> dict[str, Any]:
        """Every setting by name."""
        values = {f.name: getattr(self.nearest, f.name) for f in fields(self.nearest)}
        return {"form": self.form, "step_rule": self.step_rule} | values

    def __call__(self, **settings: Any) -> OwnRollout:
        """Return a copy with these settings changed; errors are those of :func:`algorithm`."""
        return own_rollout(replace(self.written, given={**self.written.given, **settings}))

    def __repr__(self) -> str:
        return shown_settings(self.name, self.settings())


def own_rollout(written: Written) -> OwnRollout:
    """Return the algorithm that a sweep with ``net.demands`` is.

    Raises
    ------
    ModelError
        A setting is not one of its, or has no such value.
    UnknownNameError
        No algorithm has a setting of this name.
    """
    where, given = f"algorithm {written.name!r}", written.given
    if given["form"] != "trace":
        fix = 'write form="trace", or leave net.demands out to keep potentials and spikes'
        raise ModelError(where, "its sweep yields net.demands, which travel back in trace form alone", fix)
    rule = choose(where, "step_rule", given.get("step_rule", "dithered"), tuple(NEAREST))
    check_names(where, given, family=rule)
    values = {n: v for n, v in given.items() if n not in ("form", "step_rule")}
    try:
        nearest = NEAREST[rule](**values)
    except ModelError as error:
        raise ModelError(where, error.cause, error.fix) from None
    return OwnRollout(dtype=nearest.dtype, written=written, nearest=nearest)
