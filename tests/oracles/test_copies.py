"""Closed forms of copies against their oracles, wrong ones among them, and what projections promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import snnopt as so
from snnopt.blocks import ClosedForm
from snnopt.blocks.copies import (
    COPY_FORMS,
    BlockSoftThreshold,
    BoxCopy,
    CombinedCopy,
    KeepLargest,
    KeepLargestPerNeuron,
    NearestLevel,
    SignCopy,
    SoftThreshold,
    numbers,
)
from snnopt.blocks.copies.levels import grid_step, most, nearest_level
from snnopt.lower import lower
from snnopt.oracles import Case, Oracle, judge
from snnopt.oracles.convex_copies import ConvexCopyOracle
from snnopt.oracles.copy_draws import COPY_EXTREMES
from snnopt.oracles.discrete_copies import DiscreteCopyOracle
from snnopt.oracles.oracle import ORDINARY
from snnopt.oracles.shrink import as_python, shrink
from snnopt.split import Block, split_kept

Array = np.ndarray[Any, Any]
Terms = tuple[str, ...]

ORACLES: tuple[Oracle, ...] = (ConvexCopyOracle(), DiscreteCopyOracle())
CONSTRAINTS: dict[str, Callable[[Any], Any]] = {
    "box": lambda w: so.Box(w, -1, 0.5),
    "sign": lambda w: so.Sign(w, -1),
    "cardinality": lambda w: so.Cardinality(w, 3),
    "fan_in": lambda w: so.FanIn(w, 2),
    "grid": lambda w: so.Grid(w, 4),
    "half-line": lambda w: so.Box(w, 0, np.inf),
    "above zero": lambda w: so.Box(w, 0.1, 1),
    "cvx": lambda w: so.cvx(w, lambda v: v >= 0),
}
PENALTIES: dict[str, Callable[[Any], Any]] = {"l1": so.L1, "group_lasso": so.GroupLasso}
SOLVED: dict[Terms, type[ClosedForm]] = {
    ("box",): BoxCopy,
    ("sign",): SignCopy,
    ("l1",): SoftThreshold,
    ("group_lasso",): BlockSoftThreshold,
    ("cardinality",): KeepLargest,
    ("fan_in",): KeepLargestPerNeuron,
    ("grid",): NearestLevel,
    ("box", "sign"): CombinedCopy,
    ("box", "l1"): CombinedCopy,
    ("above zero", "l1"): CombinedCopy,
    ("sign", "l1"): CombinedCopy,
    ("box", "box", "sign", "l1", "l1"): CombinedCopy,
    ("cardinality", "box"): CombinedCopy,
    ("cardinality", "cardinality"): CombinedCopy,
    ("fan_in", "sign"): CombinedCopy,
    ("fan_in", "box", "l1"): CombinedCopy,
    ("fan_in", "cardinality"): CombinedCopy,
    ("fan_in", "cardinality", "sign", "l1"): CombinedCopy,
    ("grid", "sign"): CombinedCopy,
    ("grid", "box", "l1"): CombinedCopy,
    ("grid", "cardinality"): CombinedCopy,
    ("grid", "fan_in", "box"): CombinedCopy,
    ("group_lasso", "l1"): CombinedCopy,
    ("group_lasso", "sign"): CombinedCopy,
    ("group_lasso", "half-line", "l1"): CombinedCopy,
}


def copy_block(terms: Terms, masked: bool = False, sources: int = 2) -> Block:
    """The copy block of a layer under terms, fed by one or two weight variables."""
    inputs = [so.Input(4, name="x"), so.Input(3, name="u")][:sources]
    first = so.Sparse(np.arange(20).reshape(5, 4) % 3 > 0) if masked else so.Dense(5)
    current = first(inputs[0]) if sources == 1 else first(inputs[0]) + so.Dense(5)(inputs[1])
    h = so.LIF(beta=0.9, name="h")(current)
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h))
    objective = so.CrossEntropy(y) + 0.1 * so.L2(h.weights)
    for name in terms:
        objective = objective + 0.3 * PENALTIES[name](h.weights) if name in PENALTIES else objective
    constraints = [CONSTRAINTS[name](h.weights) for name in terms if name in CONSTRAINTS]
    problem = so.Problem(so.Network(inputs, y), objective, constraints)
    (block,) = copies_of(problem)
    return block


def oracle_of(block: Block) -> Oracle:
    (oracle,) = (o for o in ORACLES if o.matches(block) is None)
    return oracle


def cases(block: Block, seeds: Iterable[int], trials: int) -> Iterator[tuple[str, Case]]:
    """Every extreme for each seed, then random instances."""
    oracle = oracle_of(block)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for extreme in (*oracle.extremes, *[ORDINARY] * trials):
            yield extreme.name, oracle.draw(block, rng, extreme)


@pytest.mark.parametrize(
    ("masked", "sources", "seed"), [(False, 2, 0), (False, 1, 1), (True, 2, 2), (True, 1, 3)], ids=str
)
@pytest.mark.parametrize("terms", SOLVED, ids="+".join)
def test_closed_forms_agree_with_their_oracles(terms, masked, sources, seed):
    block = copy_block(terms, masked, sources)
    assert [f for f in COPY_FORMS if f.matches(block) is None] == [SOLVED[terms]]
    for name, case in cases(block, [seed], trials=12):
        assert judge(case, SOLVED[terms]).fault is None, name


def test_each_closed_form_declines_other_blocks():
    for form in COPY_FORMS:
        reasons = [form.matches(b) for b in blocks_of_all_kinds()]
        assert all(r is not None and r.startswith("it solves copies, not ") for r in reasons)
        assert form.formula.isprintable()
    assert all(o.matches(b) is not None for o in ORACLES for b in blocks_of_all_kinds())


def blocks_of_all_kinds() -> list[Block]:
    x = so.Input(4, name="x")
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(so.LIF(beta=0.9, name="h")(so.Dense(5)(x))))
    return list(split_kept(lower(so.Problem(so.Network(x, y), so.CrossEntropy(y))), "difference"))


REFUSED: dict[Terms, str] = {
    ("cvx",): "no closed form for cvx(h)",
    ("box", "cvx"): "no closed form for cvx(h)",
    (
        "group_lasso",
        "box",
    ): "no closed form for group_lasso(h) together with box(h), unless its bounds are 0 or infinite",
    ("group_lasso", "cardinality"): "no closed form for group_lasso(h) together with cardinality(h)",
    ("group_lasso", "grid"): "no closed form for group_lasso(h) together with grid(h)",
    ("grid", "grid"): "no closed form for two grids on one weight",
    ("above zero", "fan_in"): "no closed form for fan_in(h) where box(h) excludes zero",
    ("above zero", "grid"): "no closed form for grid(h) where box(h) excludes zero",
    ("above zero", "sign"): "no weight is within all the bounds of box(h), sign(h)",
}


@pytest.mark.parametrize("terms", REFUSED, ids="+".join)
def test_other_combinations_are_refused_by_name(terms):
    block = copy_block(terms)
    assert all(form.matches(block) is not None for form in COPY_FORMS)
    assert REFUSED[terms] in (CombinedCopy.matches(block) or "")


def copies_of(problem: so.Problem) -> list[Block]:
    return [b for b in split_kept(lower(problem), "trace") if b.kind == "copy"]


def test_a_count_over_weights_of_two_blocks_is_refused():
    image, x = so.Input((2, 4, 4), name="image"), so.Input(5, name="x")
    h = so.LIF(beta=0.9, name="h")(so.Flatten()(so.Conv2d(3, 3)(image)) + so.Dense(12)(x))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h))
    network, w = so.Network([image, x], y), h.weights
    for count, form in ((so.Cardinality(w, 3), KeepLargest), (so.FanIn(w, 3), KeepLargestPerNeuron)):
        for block in copies_of(so.Problem(network, so.CrossEntropy(y), [count])):
            assert "also counts weights of other blocks (h." in (form.matches(block) or "")
        for block in copies_of(so.Problem(network, so.CrossEntropy(y), [so.Sign(w, 1), count])):
            assert "also counts weights of other blocks (h." in (CombinedCopy.matches(block) or "")
    blocks = copies_of(so.Problem(network, so.CrossEntropy(y) + so.GroupLasso(w)))
    assert len(blocks) == 2 and all(BlockSoftThreshold.matches(b) is None for b in blocks)


def test_weights_of_two_layers_meet_the_terms_of_both():
    x, shared = so.Input(4, name="x"), so.Dense(4)
    g = so.LIF(beta=0.9, name="g")(shared(x))
    h = so.LIF(beta=0.9, name="h")(shared(g))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h))
    bounds = [so.Box(g.weights, -1, 0.5), so.Box(h.weights, -0.2, 2), so.FanIn(g.weights, 3), so.FanIn(h.weights, 2)]
    (block,) = copies_of(so.Problem(so.Network(x, y), so.CrossEntropy(y), bounds))
    assert numbers(block.terms) == (1.0, {"low": -0.2, "high": 0.5, "fan_in": 2.0})
    for name, case in cases(block, range(2), trials=10):
        assert judge(case, CombinedCopy).fault is None, name


def test_joint_numbers():
    assert numbers(copy_block(("box",)).terms) == (1.0, {"low": -1.0, "high": 0.5})
    assert numbers(copy_block(("l1",)).terms) == (0.3, {})
    joint = numbers(copy_block(("box", "sign", "l1", "l1", "fan_in", "cardinality")).terms)
    assert joint == (1.0, {"l1": 0.6, "low": -1.0, "high": 0.0, "fan_in": 2.0, "cardinality": 3.0})


# ---------------------------------------------------------------------------------------------- wrong closed forms

Solve = Callable[..., Any]


def exists(c, mask):
    return np.ones(c.shape, bool) if mask is None else mask


def again(base: Any, **changed: Callable[..., Any]) -> Solve:
    """The right solve with some of its arguments changed: each is a function of all of them."""
    names = ("c", "m", "scale", "p", "parts", "mask")

    def solve(*args: Any) -> Any:
        return base.solve(*(changed[n](*args) if n in changed else a for n, a in zip(names, args, strict=True)))

    return solve


def with_numbers(base: Any, **numbers_: Callable[[float], float]) -> Solve:
    return again(base, p=lambda c, m, s, p, *_: {k: numbers_[k](v) if k in numbers_ else v for k, v in p.items()})


def keep(c, gain, k):
    """The k first of the sorted gains of each row."""
    order = np.argsort(-gain, axis=1, kind="stable")[:, : int(k)]
    on = np.zeros(gain.shape, bool)
    np.put_along_axis(on, order, True, 1)
    return on


def levels(change: Callable[[Array, int, Array], tuple[float, Array]]) -> Solve:
    """Weights on a grid whose step, and whole numbers, are ``change(C of one variable, bits, mask)``."""

    def solve(c, m, scale, p, parts, mask):
        out = np.zeros_like(c)
        for part in parts:
            step, q = change(c[:, part], int(p["bits"]), exists(c, mask)[:, part])
            out[:, part] = step * q
        return out * exists(c, mask)

    return solve


def grid(c, bits, mask, top: float | None = None, bits_of_step: int | None = None, rounding: Any = np.rint):
    step = grid_step(c, bits_of_step or bits, mask)
    q = most(bits) if top is None else top
    return step, np.clip(rounding(c / (step or 1.0)), -q, q) if step else 0 * c


def raw_step(c, bits, mask):
    mean = np.abs(c[mask]).mean() if mask.any() else 0.0
    step = 1.3 * mean if bits == 2 else 2.5 * mean / most(bits)
    return step, np.clip(np.rint(c / (step or 1.0)), -most(bits), most(bits)) if step else 0 * c


def jointly(c, m, scale, p, parts, mask):
    return NearestLevel.solve(c, m, scale, p, [slice(0, c.shape[1])], mask)


def rows_shrunk(c, m, scale, p, parts, mask):
    return BlockSoftThreshold.solve(c.T, m, scale, p, parts, None if mask is None else mask.T).T


def signed(c, m, scale, p, parts, mask):
    return c * keep(c, np.where(exists(c, mask), c, -np.inf).reshape(1, -1), p["k"]).reshape(c.shape) * exists(c, mask)


def all_ties(c, m, scale, p, parts, mask):
    size = np.abs(c) * exists(c, mask)
    return c * (size >= np.sort(size.ravel())[-min(int(p["k"]), c.size)]) * exists(c, mask)


def masked_afterwards(base: Any) -> Solve:
    return lambda c, m, s, p, parts, mask: base.solve(c, m, s, p, parts, None) * exists(c, mask)


def shrunk(c, t):
    return c - np.clip(c, -t, t)


def clip_first(c, m, scale, p, parts, mask):
    return exists(c, mask) * shrunk(np.clip(c, p.get("low", -np.inf), p.get("high", np.inf)), p.get("l1", 0.0) / m)


def largest_then_clip(c, m, scale, p, parts, mask):
    """Selects by |C|, blind to the bounds."""
    rule: Any = KeepLargest if "cardinality" in p else KeepLargestPerNeuron
    kept = rule.solve(c, m, 1.0, {"k": p.get("cardinality", p.get("fan_in", 0.0))}, parts, mask)
    return np.clip(shrunk(kept, p.get("l1", 0.0) / m), p.get("low", -np.inf), p.get("high", np.inf))


def whole_before_rows(c, m, scale, p, parts, mask):
    first = KeepLargest.solve(c, m, 1.0, {"k": p["cardinality"]}, parts, mask)
    return KeepLargestPerNeuron.solve(first, m, 1.0, {"k": p["fan_in"]}, parts, mask)


def groups_before_l1(c, m, scale, p, parts, mask):
    first = BlockSoftThreshold.solve(c, m, p["group_lasso"], {}, parts, mask)
    return np.clip(shrunk(first, p.get("l1", 0.0) / m), p.get("low", -np.inf), p.get("high", np.inf))


def clipped_level(c, m, scale, p, parts, mask):
    """Rounds first, clips afterwards: off the grid."""
    v = NearestLevel.solve(c, m, 1.0, {"bits": p["grid"]}, parts, mask)
    return np.clip(v, p.get("low", -np.inf), p.get("high", np.inf)) * exists(c, mask)


WRONG: dict[str, tuple[Terms, Solve]] = {
    "box: bounds swapped": (
        ("box",),
        lambda c, m, s, p, parts, mask: np.clip(c, p["high"], p["low"]) * exists(c, mask),
    ),
    "box: upper bound only": (("box",), with_numbers(BoxCopy, low=lambda v: -np.inf)),
    "box: a hair outside": (("box",), with_numbers(BoxCopy, high=lambda v: v + 1e-12)),
    "box: absent synapses moved to a bound": (("box",), lambda c, m, s, p, *_: np.clip(c, p["low"], p["high"])),
    "box: symmetric": (("box",), with_numbers(BoxCopy, low=lambda v: -abs(v), high=abs)),
    "sign: the other one": (("sign",), with_numbers(SignCopy, sign=lambda v: -v)),
    "sign: absolute values": (("sign",), lambda c, m, s, p, parts, mask: p["sign"] * np.abs(c) * exists(c, mask)),
    "l1: threshold doubled": (("l1",), again(SoftThreshold, scale=lambda c, m, s, *_: 2 * s)),
    "l1: threshold not over m": (("l1",), again(SoftThreshold, m=lambda *_: 1.0)),
    "l1: threshold times m": (("l1",), again(SoftThreshold, m=lambda c, m, *_: 1 / m)),
    "l1: hard": (("l1",), lambda c, m, s, p, parts, mask: c * (np.abs(c) > s / m) * exists(c, mask)),
    "l1: shrinks beyond zero": (
        ("l1",),
        lambda c, m, s, p, parts, mask: (c - s / m * np.sign(c)) * exists(c, mask),
    ),
    "l1: mask ignored": (("l1",), again(SoftThreshold, mask=lambda *_: None)),
    "l1: one part in ten thousand": (("l1",), lambda *a: 1.0001 * SoftThreshold.solve(*a)),
    "group: rows for columns": (("group_lasso",), rows_shrunk),
    "group: each weight alone": (("group_lasso",), lambda *a: SoftThreshold.solve(*a)),
    "group: threshold not over m": (("group_lasso",), again(BlockSoftThreshold, m=lambda *_: 1.0)),
    "group: threshold halved": (("group_lasso",), again(BlockSoftThreshold, scale=lambda c, m, s, *_: s / 2)),
    "group: absent synapses in the norm": (("group_lasso",), masked_afterwards(BlockSoftThreshold)),
    "cardinality: signed instead of absolute": (("cardinality",), signed),
    "cardinality: per row": (("cardinality",), lambda *a: KeepLargestPerNeuron.solve(*a)),
    "cardinality: k + 1": (("cardinality",), with_numbers(KeepLargest, k=lambda k: k + 1)),
    "cardinality: k - 1": (("cardinality",), with_numbers(KeepLargest, k=lambda k: max(k - 1, 1))),
    "cardinality: absent synapses counted": (("cardinality",), masked_afterwards(KeepLargest)),
    "cardinality: all ties kept": (("cardinality",), all_ties),
    "cardinality: the kept are shrunk": (("cardinality",), lambda *a: 0.999 * KeepLargest.solve(*a)),
    "fan-in: whole block": (("fan_in",), lambda *a: KeepLargest.solve(*a)),
    "fan-in: per column": (
        ("fan_in",),
        lambda c, m, s, p, parts, mask: c * keep(c.T, np.abs(c.T), p["k"]).T * exists(c, mask),
    ),
    "fan-in: k + 1": (("fan_in",), with_numbers(KeepLargestPerNeuron, k=lambda k: k + 1)),
    "fan-in: absent synapses counted": (("fan_in",), masked_afterwards(KeepLargestPerNeuron)),
    "fan-in: each variable alone": (
        ("fan_in",),
        lambda c, m, s, p, parts, mask: np.concatenate(
            [KeepLargestPerNeuron.solve(c[:, q], m, s, p, [q], None if mask is None else mask[:, q]) for q in parts], 1
        ),
    ),
    "grid: a level too many": (("grid",), levels(lambda c, b, mask: grid(c, b, mask, top=most(b) + 1))),
    "grid: a level too few": (("grid",), levels(lambda c, b, mask: grid(c, b, mask, top=most(b) - 1))),
    "grid: one scale for all variables": (("grid",), jointly),
    "grid: floor": (("grid",), levels(lambda c, b, mask: grid(c, b, mask, rounding=np.floor))),
    "grid: towards zero": (("grid",), levels(lambda c, b, mask: grid(c, b, mask, rounding=np.trunc))),
    "grid: not clipped": (("grid",), levels(lambda c, b, mask: grid(c, b, mask, top=np.inf))),
    "grid: absent synapses in the scale": (("grid",), masked_afterwards(NearestLevel)),
    "grid: the scale of one bit less": (
        ("grid",),
        levels(lambda c, b, mask: grid(c, b, mask, bits_of_step=max(b - 1, 2))),
    ),
    "grid: scale by the median": (
        ("grid",),
        levels(lambda c, b, mask: (s := 2.5 * float(np.median(np.abs(c))), np.rint(c / s) if s else 0 * c)),
    ),
    "grid: products rounded": (("grid",), levels(raw_step)),
    "box and l1: clipped before shrinking": (("box", "l1"), clip_first),
    "box and l1: l1 left out": (("box", "l1"), with_numbers(CombinedCopy, l1=lambda v: 0.0)),
    "sign and l1: sign left out": (
        ("sign", "l1"),
        with_numbers(CombinedCopy, low=lambda v: -np.inf, high=lambda v: np.inf),
    ),
    "cardinality and box: selected by size": (("cardinality", "box"), largest_then_clip),
    "fan-in and sign: selected by size": (("fan_in", "sign"), largest_then_clip),
    "fan-in and cardinality: the whole before the rows": (("fan_in", "cardinality"), whole_before_rows),
    "fan-in and cardinality: rows left out": (
        ("fan_in", "cardinality"),
        with_numbers(CombinedCopy, fan_in=lambda k: 99.0),
    ),
    "groups and l1: groups first": (("group_lasso", "l1"), groups_before_l1),
    "groups and sign: groups first": (("group_lasso", "sign"), groups_before_l1),
    "grid and box: clipped after rounding": (("grid", "box", "l1"), clipped_level),
}


def planted(solve: Solve) -> type[ClosedForm]:
    return type("Wrong", (CombinedCopy,), {"solve": staticmethod(solve)})


@pytest.mark.parametrize("error", WRONG)
def test_wrong_closed_form_is_caught(error):
    terms, solve = WRONG[error]
    rule, judged = planted(solve), 0
    for masked in (False, True):
        for _, case in cases(copy_block(terms, masked), range(1), trials=10):
            judged += 1
            verdict = judge(case, rule)
            if not verdict.passed:
                assert "raised" not in (verdict.fault or "")
                return
    pytest.fail(f"{judged} instances did not show it")


class Doubled(SoftThreshold):
    """Importable, so that what is printed can be run."""

    @staticmethod
    def solve(center, penalty, scale, parameters, parts, mask):
        return SoftThreshold.solve(center, penalty, 2 * scale, parameters, parts, mask)


class Unclipped(CombinedCopy):
    """Importable too."""

    @staticmethod
    def solve(center, penalty, scale, parameters, parts, mask):
        return center.copy()


@pytest.mark.parametrize(("terms", "rule"), [(("l1",), Doubled), (("fan_in", "box"), Unclipped)], ids=str)
def test_a_failing_instance_is_cut_down_and_printed_as_python(terms, rule, capsys):
    case = next(c for name, c in cases(copy_block(terms), range(1), 0) if name == "no lower bound")
    assert not judge(case, rule).passed
    small = shrink(case, lambda c: not judge(c, rule).passed)
    found: dict[str, Any] = {}
    exec(as_python(small, rule), found)
    assert "fault=" in capsys.readouterr().out and found["case"].center.size <= 2


def test_extremes_are_what_they_say():
    block, rng = copy_block(("fan_in", "box"), masked=True), np.random.default_rng(0)
    for extreme in COPY_EXTREMES:
        case: Any = DiscreteCopyOracle().draw(block, rng, extreme)
        assert extreme.name != "no synapse exists" or not case.mask.any()
        assert extreme.name != "C = 0" or not case.center.any()
        assert extreme.name != "no bounds" or case.interval == (-np.inf, np.inf)


# ------------------------------------------------------------------------------------------------------ properties

DTYPES = st.sampled_from([np.float32, np.float64])
FORMS: dict[str, Any] = {
    "box": BoxCopy,
    "sign": SignCopy,
    "cardinality": KeepLargest,
    "fan_in": KeepLargestPerNeuron,
    "l1": SoftThreshold,
    "group_lasso": BlockSoftThreshold,
}


def matrices(dtype: Any, shape: tuple[int, int]) -> st.SearchStrategy[Array]:
    width = 32 if dtype == np.float32 else 64
    numbers_ = st.one_of(st.sampled_from([0.0, 1.0, -1.0]), st.floats(-100, 100, width=width))  # type: ignore[arg-type]
    return hnp.arrays(dtype, shape, elements=numbers_)


@st.composite
def instances(draw: st.DrawFn, kind: str, of: int = 1) -> tuple[list[Array], tuple[Any, ...]]:
    """``of`` matrices C, and the other arguments of solve."""
    dtype, shape = draw(DTYPES), draw(st.tuples(st.integers(1, 5), st.integers(1, 6)))
    low = draw(st.one_of(st.just(-np.inf), st.floats(-50, 50)))
    high = draw(st.one_of(st.just(np.inf), st.floats(1e-3, 100).map(lambda w: max(low, -60.0) + w)))
    k = float(draw(st.integers(1, 31)))
    parameters = {"box": {"low": low, "high": high}, "sign": {"sign": float(draw(st.sampled_from([1, -1])))}}
    given_ = parameters.get(kind, {"k": k} if kind in ("cardinality", "fan_in") else {})
    mask = draw(st.one_of(st.none(), hnp.arrays(bool, shape)))
    split = draw(st.integers(0, shape[1]))
    parts = [s for s in (slice(0, split), slice(split, shape[1])) if s.start < s.stop]
    scale, m = (10.0 ** draw(st.integers(-3, 3)) for _ in range(2))
    return [draw(matrices(dtype, shape)) for _ in range(of)], (m, scale, given_, parts, mask)


@pytest.mark.parametrize("kind", ["box", "sign", "cardinality", "fan_in"])
@given(data=st.data())
def test_projections_are_feasible_to_the_last_bit_and_idempotent(kind, data):
    (c,), rest = data.draw(instances(kind))
    _, _, p, _, mask = rest
    v = FORMS[kind].solve(c, *rest)
    assert v.dtype == c.dtype and v.shape == c.shape
    assert not v[~exists(c, mask)].any()
    held = v[exists(c, mask)].astype(np.float64)
    if kind == "box":
        assert (held >= p["low"]).all() and (held <= p["high"]).all()
    if kind == "sign":
        assert (p["sign"] * held >= 0).all()
    if kind == "cardinality":
        assert np.count_nonzero(v) <= p["k"]
    if kind == "fan_in":
        assert (np.count_nonzero(v, axis=1) <= p["k"]).all()
    np.testing.assert_array_equal(FORMS[kind].solve(v, *rest), v)


@pytest.mark.parametrize("kind", ["box", "sign", "l1", "group_lasso"])
@given(data=st.data())
def test_convex_proxes_are_non_expansive(kind, data):
    (c, d), rest = data.draw(instances(kind, of=2))
    apart = np.linalg.norm((FORMS[kind].solve(c, *rest) - FORMS[kind].solve(d, *rest)).astype(np.float64))
    off = 100 * float(np.finfo(c.dtype).eps) * float(np.abs(c).max() + np.abs(d).max())
    assert apart <= np.linalg.norm((c - d).astype(np.float64)) + off


@given(data=st.data(), bits=st.integers(2, 16))
def test_levels_are_whole_to_the_last_bit_and_nearest(data, bits):
    dtype, (rows, columns) = data.draw(DTYPES), data.draw(st.tuples(st.integers(1, 4), st.integers(1, 5)))
    c = data.draw(matrices(dtype, (rows, columns)))
    mask = data.draw(st.one_of(st.none(), hnp.arrays(bool, (rows, columns))))
    split = data.draw(st.integers(1, columns))
    parts = [s for s in (slice(0, split), slice(split, columns)) if s.start < s.stop]
    v = NearestLevel.solve(c, 1.0, 1.0, {"bits": float(bits)}, parts, mask)
    assert v.dtype == dtype
    for part in parts:
        there = exists(c, mask)[:, part]
        step = grid_step(c[:, part], bits, None if mask is None else mask[:, part])
        assert not v[:, part][~there].any()
        if step == 0:
            assert not v[:, part].any()
            continue
        mean = float(np.abs(c[:, part][there]).astype(np.float64).mean())
        wanted = 1.3 * mean if bits == 2 else 2.5 * mean / (2 ** (bits - 1) - 1)
        assert step == pytest.approx(wanted, rel=2.0 ** (bits - 1 - np.finfo(dtype).nmant))
        q = v[:, part] / dtype(step)
        assert (q == np.rint(q)).all() and (np.abs(q) <= 2 ** (bits - 1) - 1).all()
        assert (dtype(step) * q == v[:, part]).all()
        off = np.abs(v[:, part].astype(np.float64) - c[:, part])[there]
        held = np.clip(c[:, part].astype(np.float64)[there], -step * most(bits), step * most(bits))
        assert (off <= step * (0.5 + 1e-4) + np.abs(c[:, part][there] - held)).all()
        again_ = nearest_level(v[:, part], step, bits)
        np.testing.assert_array_equal(again_, v[:, part])


@given(data=st.data(), bits=st.integers(2, 8))
def test_levels_between_bounds_keep_to_the_bounds(data, bits):
    dtype = data.draw(DTYPES)
    c = data.draw(matrices(dtype, (2, 3)))
    step = grid_step(c, bits, None)
    low, high = -abs(data.draw(st.integers(0, 9))) * step, data.draw(st.floats(0, 50))
    v = nearest_level(c, step, bits, low, high).astype(np.float64)
    assert (v >= low).all() and (v <= high).all()
    assert not step or (np.rint(v / step) * step == v).all()


@pytest.mark.parametrize("terms", [t for t, form in SOLVED.items() if form is CombinedCopy], ids="+".join)
def test_single_precision_stays_single(terms):
    """And its answer is that of double precision, to rounding: the numbers are drawn away from ties."""
    block, rng = copy_block(terms), np.random.default_rng(0)
    scale, parameters = numbers(block.terms)
    c = rng.normal(size=(5, 7))
    double = CombinedCopy.solve(c, 2.0, scale, parameters, [slice(0, 4), slice(4, 7)], None)
    single = CombinedCopy.solve(c.astype(np.float32), 2.0, scale, parameters, [slice(0, 4), slice(4, 7)], None)
    assert single.dtype == np.float32 and double.dtype == np.float64
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_of_equals_the_first_in_position_stay():
    c = np.array([[1.0, -1.0, 1.0], [2.0, 1.0, -1.0]])
    parts = [slice(0, 3)]
    np.testing.assert_array_equal(
        KeepLargest.solve(c, 1.0, 1.0, {"k": 3.0}, parts, None), [[1.0, -1.0, 0.0], [2.0, 0.0, 0.0]]
    )
    np.testing.assert_array_equal(
        KeepLargestPerNeuron.solve(c, 1.0, 1.0, {"k": 2.0}, parts, None), [[1.0, -1.0, 0.0], [2.0, 1.0, 0.0]]
    )


def test_many_weights_keep_the_largest():
    c = np.random.default_rng(0).normal(size=(90, 120))
    mask = np.random.default_rng(1).random(c.shape) < 0.7
    v = KeepLargest.solve(c, 1.0, 1.0, {"k": 500.0}, [slice(0, 120)], mask)
    assert np.count_nonzero(v) == 500 and np.abs(v[v != 0]).min() >= np.sort(np.abs(c * mask).ravel())[-500]
    v = KeepLargestPerNeuron.solve(c, 1.0, 1.0, {"k": 7.0}, [slice(0, 120)], mask)
    np.testing.assert_allclose(np.abs(v).sum(1), np.sort(np.abs(c * mask), axis=1)[:, -7:].sum(1))


def test_bounds_that_single_precision_does_not_hold_are_rounded_inwards():
    c = np.array([[5.0, -5.0]], np.float32)
    v = BoxCopy.solve(c, 1.0, 1.0, {"low": -0.1, "high": 0.1}, [slice(0, 2)], None)
    assert np.float64(v.max()) <= 0.1 and np.float64(v.min()) >= -0.1
    v = BoxCopy.solve(c, 1.0, 1.0, {"low": -1e300, "high": 1e300}, [slice(0, 2)], None)
    np.testing.assert_array_equal(v, c)
