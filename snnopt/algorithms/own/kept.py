"""A user's sweep that keeps potentials, spikes and scaled duals."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from snnopt.algorithms.exact_block import ExactBlock
from snnopt.algorithms.full_dual import FullDual
from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.own.settings import check_names, choose, shown_settings
from snnopt.algorithms.own.written import Written
from snnopt.algorithms.perin2025 import Perin2025
from snnopt.algorithms.settings import Duals, Start
from snnopt.algorithms.words import Net, Sweep
from snnopt.errors import ModelError
from snnopt.split import Box, Form, Order

FORMS = ("trace", "difference")
ONE, WHOLE = frozenset({"spikes_at", "potentials_at"}), frozenset({"spikes", "potentials", "readout"})
"""Words that solve for one step of time, and for all of them."""
ON_DUALS = {
    "all": "duals on every coupling",
    "step": "duals on the step couplings",
    "output": "a dual on the output's last step",
    "none": "no duals",
}


def _of(*choices: str) -> dict[str, Any]:
    return {"choices": choices}


@dataclass(frozen=True, repr=False)
class OwnKept(KeptAlgorithm):
    """A sweep of a user's without ``net.demands``."""

    written: Written = field(kw_only=True, metadata={"part": True})
    form: Form = field(default="trace", metadata=_of(*FORMS))  # type: ignore[misc]
    start: Start = field(default="rollout", metadata=_of("rollout", "uniform"))
    duals: Duals = field(default="all", metadata=_of(*ON_DUALS))
    order: Order = field(default="together", metadata=_of("together", "coloured", "one"))
    box: Box = field(default="none", metadata=_of("none", "exact", "published"))
    last_step: Literal["exact", "published"] = field(default="exact", metadata=_of("exact", "published"))

    @property
    def name(self) -> str:  # type: ignore[override]
        """The function's name."""
        return self.written.name

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What the function says of itself, and what the engine does around it."""
        start = "from a rollout" if self.start == "rollout" else "from uniform random numbers"
        return f"{self.written.about}; {self.form} form {start}, {ON_DUALS[self.duals]}"

    @property
    def published(self) -> bool:  # noqa: D102
        return self.last_step == "published"

    def sweep(self, net: Net) -> Sweep:
        """Yield what the function yields."""
        yield from self.written.write(net)

    def settings(self) -> dict[str, Any]:
        """Every setting by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if not f.metadata.get("part")}

    def __call__(self, **settings: Any) -> OwnKept:
        """Return a copy with these settings changed; errors are those of :func:`algorithm`."""
        return own_kept(replace(self.written, given={**self.written.given, **settings}))

    def __repr__(self) -> str:
        return shown_settings(self.name, self.settings())


def own_kept(written: Written) -> OwnKept:
    """Return the algorithm that a sweep without ``net.demands`` is.

    Raises
    ------
    ModelError
        A setting is not one of its, has no such value, or does not go with the words of the sweep.
    UnknownNameError
        No algorithm has a setting of this name.
    """
    where, given = f"algorithm {written.name!r}", written.given
    if "step_rule" in given:
        cause = "'step_rule' says how demands pass through the step, and its sweep has none"
        raise ModelError(where, cause, "yield net.demands, or leave step_rule out")
    check_names(where, given, family="kept")
    form = choose(where, "form", given["form"], FORMS)
    by_steps = _order(where, written.words) == "one"
    nearest = Perin2025() if by_steps else ExactBlock() if form == "difference" else FullDual()
    settings = {f.name for f in fields(OwnKept)} - {"written", "last_step"}
    chosen = {n: getattr(nearest, n) for n in settings} | {"duals": _duals(where, written, nearest.duals)} | dict(given)
    own = OwnKept(written=written, **chosen)
    _check(where, own, by_steps)
    return own


def _order(where: str, words: frozenset[str]) -> Order:
    one, whole = sorted(words & ONE), sorted(words & WHOLE)
    if one and whole:
        fix = "solve for one step after the other in all layers, outputs too, or for all steps together"
        raise ModelError(where, f"its sweep yields both {one[0]!r} and {whole[0]!r}", fix)
    return "one" if one else "together"


def _duals(where: str, written: Written, usual: Duals) -> Duals:
    """Those of the nearest algorithm; none in a sweep that never moves them."""
    if "duals" in written.words:
        return usual
    if written.given.get("duals", "none") != "none":
        cause = f"duals = {written.given['duals']!r}, and its sweep never yields net.duals"
        raise ModelError(where, cause, 'end the sweep with yield net.duals, or write duals="none"')
    return "none"


def _check(where: str, own: OwnKept, by_steps: bool) -> None:
    """Settings that do not go together, or not with the words."""
    if own.form == "trace" and by_steps:
        cause = "its sweep solves for single steps, and in trace form a spike acts on every later step"
        raise ModelError(where, cause, 'write form="difference", or yield layer.spikes and layer.potentials')
    if (own.order == "one") != by_steps:
        words = "solves for single steps" if by_steps else "solves for all steps together"
        allowed = '"one"' if by_steps else '"together" or "coloured"'
        raise ModelError(where, f"order = {own.order!r}, and its sweep {words}", f"write order={allowed}")
    if own.form == "trace" and own.order == "coloured":
        cause = "order = 'coloured', and in trace form the potentials of different steps are not coupled"
        raise ModelError(where, cause, 'write order="together", which is exact there')
    if own.form == "trace" and own.box != "none":
        cause = f"box = {own.box!r}, for which trace form has no closed form"
        raise ModelError(where, cause, 'write box="none", or form="difference"')
    if own.published and not by_steps:
        cause = "last_step = 'published', and its sweep solves for all steps together"
        raise ModelError(where, cause, "yield layer.potentials_at(t) of the outputs")
