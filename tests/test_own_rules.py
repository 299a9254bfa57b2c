"""Closed forms that a user brings to one plan: tried first, shown, verified, run; refused where they cannot work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.blocks import ClosedForm
from snnopt.blocks.copies import CopyForm
from snnopt.blocks.linearised_spikes import LinearisedSpikes
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.split import Block

Data = tuple[np.ndarray, np.ndarray]


class Ridge(ClosedForm):
    """The shipped rule under another name."""

    formula = "mine"
    prepare = staticmethod(RidgeWeights.prepare)
    solve = staticmethod(RidgeWeights.solve)

    @classmethod
    def matches(cls, block: Block) -> str | None:
        return RidgeWeights.matches(block)


class Halved(Ridge):
    """Half of the minimiser: wrong, on purpose."""

    @staticmethod
    def solve(*arguments: Any) -> Any:
        return RidgeWeights.solve(*arguments) / 2


class NoFormula(ClosedForm):
    """It has nothing for ``explain`` to show."""

    @classmethod
    def matches(cls, block: Block) -> str | None:
        return "it solves nothing"


class NoPrepare(ClosedForm):
    """A rule of weight blocks without ``prepare``."""

    formula = "W"
    solve = staticmethod(RidgeWeights.solve)

    @classmethod
    def matches(cls, block: Block) -> str | None:
        return RidgeWeights.matches(block)


class SaysTrue(Ridge):
    """``matches`` in the wrong sense."""

    @classmethod
    def matches(cls, block: Block) -> str | None:
        return block.kind == "weights"  # type: ignore[return-value]


class OfAnInstance(Ridge):
    """``matches`` as an ordinary method."""

    def matches(self, block: Block) -> str | None:  # type: ignore[override]
        return None


class NeverCalled(LinearisedSpikes):
    """A rule for spikes that only the step's rule sees."""


class Other(Ridge):
    """A rule for a block that no plan of this file has."""

    @classmethod
    def matches(cls, block: Block) -> str | None:
        return "it has no closed form for Tuesdays"


def untyped(value: object) -> Any:
    """The value, with its type hidden from the type checker: these are mistakes."""
    return value


def test_a_rule_of_ones_own_is_tried_first_shown_verified_and_run(
    mlp: Callable[..., so.Problem], clusters: Data
) -> None:
    plan = so.compile(mlp(), so.Online(epochs=2), rules=[Ridge])
    assert [b.title for b in plan.bindings if b.block.kind == "weights"] == ["Ridge"]
    assert "hidden: weights     ->  Ridge\n" in plan.explain() and "    update     mine\n" in plan.explain()
    assert so.verify(plan, trials=2).passed
    own, shipped = (p.solve(*clusters, timesteps=5) for p in (plan, so.compile(mlp(), so.Online(epochs=2))))
    for name, w in shipped.weights.items():
        np.testing.assert_array_equal(own.weights[name], w)


def test_a_rule_that_declines_is_shown_where_the_table_takes_over() -> None:
    x = so.Input(4)
    h, g = (so.LIF(beta=0.9, name=name)(so.Dense(3)(x)) for name in ("h", "g"))
    y = so.LI(beta=0.9, name="y")(so.Dense(2)(h) + so.Dense(2)(g))

    class OnlyH(Ridge):
        """One layer's weights."""

        @classmethod
        def matches(cls, block: Block) -> str | None:
            return RidgeWeights.matches(block) or (None if block.layers == ("h",) else "it is for layer h")

    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), "rollout", rules=(OnlyH,))
    titles = {b.block.name: b.title for b in plan.bindings if b.block.kind == "weights"}
    assert titles == {"h.weights": "OnlyH", "g.weights": "RidgeWeights"}
    assert "    tried      OnlyH: it is for layer h\n" in plan.explain()


def test_a_wrong_rule_of_ones_own_is_caught_in_its_plan(mlp: Callable[..., so.Problem]) -> None:
    report = so.verify(so.compile(mlp(), "online", rules=[Halved]), trials=2)
    assert [row.rule for row in report.failures] == ["Halved"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (Ridge, "give a list of closed forms"),
        ("RidgeWeights", "give a list of closed forms"),
        ({Ridge}, "give a list of closed forms"),
        ([None], "None is not a closed form"),
        (["RidgeWeights"], "'RidgeWeights' is not a closed form"),
        ([Ridge()], "is not a closed form"),
        ([so.Dense], "the class Dense is not a closed form"),
        ([ClosedForm], "the class ClosedForm is not a closed form"),
        ([CopyForm], "the class CopyForm is not a closed form"),
        ([NoFormula], "NoFormula: it has no formula"),
        ([NoPrepare], "NoPrepare: it has no prepare, which block 'hidden.weights' needs"),
        ([SaysTrue], "SaysTrue: matches returned False for block"),
        ([OfAnInstance], "OfAnInstance: matches is asked of the class"),
        ([Other], "Other: it solves none of the plan's blocks .*it has no closed form for Tuesdays"),
        ([Ridge, Halved], "Halved: it solves none of the plan's blocks .*hidden.weights: solved by Ridge before it"),
    ],
)
def test_what_cannot_work_is_refused(rules: object, message: str, mlp: Callable[..., so.Problem]) -> None:
    with pytest.raises((so.ModelError, so.CompileError), match=message):
        so.compile(mlp(), "online", rules=untyped(rules))


def test_a_rule_that_would_never_be_called_is_refused(mlp: Callable[..., so.Problem]) -> None:
    with pytest.raises(so.ModelError, match=r"NeverCalled: it matches block 'hidden\.spikes', which runs never form"):
        so.compile(mlp(), "rollout", rules=[NeverCalled])


def test_no_rules_is_as_before(mlp: Callable[..., so.Problem]) -> None:
    assert (
        so.compile(mlp(), rules=[]).explain() == so.compile(mlp(), rules=None).explain() == so.compile(mlp()).explain()
    )
