"""The speed benchmark's own logic, without torch: its table, what is read off a curve, tuning, and counts against hand counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest

import snnopt as so
from snnopt.lower import lower
from tests.benchmarks.networks import chain
from tests.benchmarks.speed import report
from tests.benchmarks.speed.curves import Look, accuracy_within, best, slope, time_to
from tests.benchmarks.speed.measure import Measured, Row, tune
from tests.benchmarks.speed.memory import growth
from tests.benchmarks.speed.sides import OURS, PEERS, OurSettings
from tests.benchmarks.speed.splits import Split, rate_coded_digits
from tests.benchmarks.speed.suites import SUITES, Net, Suite
from tests.benchmarks.speed.tuning import Contender, halve, race
from tests.benchmarks.speed.work import Work, rollout_work, sweep_work

CURVE = (Look(1.0, 1.0, 60.0), Look(2.0, 2.0, 97.5), Look(3.0, 3.0, 97.0), Look(4.0, 4.0, 97.5))


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES.keys())
def test_the_table_is_well_formed(suite: Suite) -> None:
    problem = suite.problem()
    program = lower(problem)
    sizes = [int(np.prod(program.inputs[0].shape)), *(c.size for c in program.couplings)]
    assert tuple(sizes) == suite.net.sizes
    for c, beta in zip(program.couplings, [*[suite.net.beta] * (len(sizes) - 2), suite.net.readout_beta], strict=True):
        assert np.allclose(c.dynamics.A, beta, rtol=0, atol=0)
        if c.dynamics.spiking:
            assert suite.net.recurrent == any(m.source == c.name for m in c.maps)
    assert program.losses[0].over == (("window", suite.net.window) if suite.net.window else ("mean", 0))
    assert so.Online(**suite.settings).name == "online"
    assert 50 < suite.target < 100 and min(suite.lengths) > 0 and len(set(suite.batches)) == len(suite.batches)
    assert set(suite.tuning_seeds).isdisjoint(range(100))


def test_peers_are_named_and_say_what_they_lack() -> None:
    assert next(iter(PEERS)) == "snntorch"
    for short, peer in PEERS.items():
        assert peer.short == short != OURS.short
        assert all(isinstance(p, str) for p in peer.missing())


def test_rate_coded_spikes_have_the_rates_of_the_pixels() -> None:
    split, again = rate_coded_digits(3), rate_coded_digits(3)
    assert split.timed and split.X.shape == (20, 1437, 64) and split.X.dtype == np.float32
    assert np.array_equal(split.X, again.X)
    assert set(np.unique(split.X)) == {0.0, 1.0}
    assert split.X[..., 0].max() == 0  # a corner that is never inked


def test_what_is_read_off_a_curve() -> None:
    assert time_to(CURVE, 97.5) == 2.0
    assert time_to(CURVE, 50.0) == 1.0
    assert time_to(CURVE, 98.0) == math.inf
    assert time_to((Look(1.0, 1.0, 100 * 39 / 40),), 97.5) == 1.0
    assert best(CURVE).seconds == 2.0
    assert accuracy_within(CURVE, 3.5) == 97.0
    assert math.isnan(accuracy_within(CURVE, 0.5))


def test_the_slope_of_a_power_is_its_exponent() -> None:
    sizes = (10, 20, 40, 160)
    assert slope(sizes, [3e-4 * n**1.7 for n in sizes]) == pytest.approx(1.7)


class Runner:
    """A run whose accuracy rises by ``gain`` in every second and every pass; it counts its looks."""

    def __init__(self, gain: float, end: int = 100) -> None:
        self.gain, self.end, self.looks = gain, end, 0

    def start(self) -> Iterator[Look]:
        for k in range(1, self.end + 1):
            self.looks += 1
            yield Look(float(k), float(k), min(99.0, self.gain * k))


def contenders(runners: list[Runner], target: float) -> list[Contender[int]]:
    return [Contender(k, [r.start], target) for k, r in enumerate(runners)]


def test_a_race_is_won_by_time_and_stops_who_can_no_longer_win() -> None:
    runners = [Runner(5.0), Runner(10.0), Runner(1.0), Runner(20.0)]
    winner = race(contenders(runners, 80.0))
    assert winner.settings == 3 and winner.rank[0] == 4.0
    assert [r.looks for r in runners] == [16, 8, 8, 4]


def test_where_nobody_reaches_the_target_accuracy_decides() -> None:
    winner = race(contenders([Runner(1.0, end=10), Runner(2.0, end=10), Runner(3.0, end=3)], 80.0))
    assert winner.settings == 1 and winner.rank == (math.inf, -20.0, 10.0)


def test_several_tuning_seeds_must_all_get_there() -> None:
    lucky = Contender(0, [Runner(40.0).start, Runner(1.0, end=10).start], 80.0)
    steady = Contender(1, [Runner(10.0).start, Runner(10.0).start], 80.0)
    assert race([lucky, steady]).settings == 1
    assert lucky.time == math.inf and steady.time == 8.0


def test_halving_stops_the_worse_half_and_finds_the_best() -> None:
    runners = [Runner(g) for g in (1.0, 2.0, 3.0, 4.0)]
    assert halve(contenders(runners, 80.0), first_passes=2, finalists=1).settings == 3
    assert [r.looks for r in runners] == [2, 2, 4, 20]


def test_halving_ends_in_a_race() -> None:
    runners = [Runner(g) for g in (1.0, 2.0, 3.0, 4.0, 5.0)]
    winner = halve(contenders(runners, 80.0), first_passes=2, finalists=2)
    assert winner.settings == 4 and winner.rank[0] == 16.0
    assert [r.looks for r in runners] == [2, 2, 4, 16, 16]


def multiply_adds(work: Work) -> dict[str, float]:
    return {p.what: p.multiply_adds for p in work.products} | {"solve " + s.what: s.multiply_adds for s in work.solves}


def test_counts_of_a_constant_input_are_those_by_hand() -> None:
    """3-4-5-2, T = 6, batch of 10, every fifth sample in the Gram sums."""
    work = sweep_work(Net((3, 4, 5, 2)), steps=6, batch=10, constant=True, gram_share=0.2)
    assert multiply_adds(work) == pytest.approx(
        {
            "current 1": 10 * 3 * 4,
            "current 2": 6 * 10 * 4 * 5,
            "read-out": 10 * 5 * 2,
            "read-out after its solve": 10 * 5 * 2,
            "read-out gradient": 10 * 6 * 2,
            "read-out Gram": 10 * 6 * 7 / 2,
            "solve read-out": 6**3 / 3 + 6**2 * 2,
            "pull-back to 2": 10 * 2 * 5,
            "pull-back to 1": 6 * 10 * 5 * 4,
            "cross product 1": 10 * 3 * 4,
            "cross product 2": 6 * 10 * 4 * 5,
            "Gram 1": 2 * 4 * 5 / 2,
            "Gram 2": 6 * 2 * 5 * 6 / 2,
            "solve weights 1": 4**3 / 3 + 4**2 * 4,
            "solve weights 2": 5**3 / 3 + 5**2 * 5,
        }
    )
    entries = 2 * 60 * 4 + 3 * 60 * 5 + 60 * 5  # rollout, and the read-out's look at the spikes
    entries += (
        60 * 4 + 2 * 10 * 4 + 60 * 5 + 60 * 5
    )  # back: layer 1's demand and j have one row, layer 2 is asked by one value
    entries += 2 * 6 * 2 * 4  # features of layer 2
    assert work.bytes == 4 * entries
    assert work.largest_current == 10 * 6 * 4 * 5
    assert work.repeated(3).multiply_adds == pytest.approx(3 * work.multiply_adds)


def test_counts_of_a_recurrent_layer_are_those_by_hand() -> None:
    """3-4R-2, T = 5, batch of 10: the layer's weights from the input and from itself are solved for together."""
    found = multiply_adds(sweep_work(Net((3, 4, 2), recurrent=True), 5, 10, constant=False, gram_share=0.5))
    assert found["current 1"] == 5 * 10 * 3 * 4
    assert found["recurrent current 1"] == found["recurrent pull-back 1"] == 4 * 10 * 4 * 4
    assert found["cross product 1"] + found["recurrent cross product 1"] == 5 * 10 * (3 + 4) * 4
    assert found["Gram 1"] == 5 * 5 * 8 * 9 / 2
    assert found["solve weights 1"] == pytest.approx(8**3 / 3 + 8**2 * 4)


def test_counts_of_a_wide_layer_are_those_by_hand() -> None:
    """30-8-2: by a rank of 5 the hidden weights' system, renewed every fourth time; the read-out's is whole."""
    found = multiply_adds(sweep_work(Net((30, 8, 2)), 5, 10, constant=True, gram_share=0.5, refresh=4, rank=5))
    assert found["solve weights 1"] == pytest.approx((31**2 * 5 + 2 * 31 * 5**2 + 5**3) / 4 + 2 * 31 * 5 * 8)
    assert found["solve read-out"] == pytest.approx(9**3 / 3 + 9**2 * 2)
    narrow = multiply_adds(sweep_work(Net((9, 8, 2)), 5, 10, constant=True, gram_share=0.5, refresh=4, rank=5))
    assert narrow["solve weights 1"] == pytest.approx(10**3 / 3 / 4 + 10**2 * 8)


def test_counts_of_held_demands_are_those_by_hand() -> None:
    held = multiply_adds(sweep_work(Net((3, 4, 5, 2)), 6, 10, constant=True, gram_share=0.5, hold=3))
    assert held["pull-back to 1"] == held["cross product 2"] == 2 * 10 * 5 * 4


def test_a_rollout_is_part_of_a_sweep() -> None:
    net = Net((3, 4, 2))
    assert rollout_work(net, 5, 10, False).multiply_adds == 5 * 10 * 3 * 4 + 10 * 4 * 2


def measured(side: str, *curves: tuple[Look, ...]) -> Measured:
    return Measured(side, OurSettings(4), "4 epochs", 4, 1.0, curves, 12.0, 0.5)


def test_the_table_tells_what_was_not_reached() -> None:
    quick, slow = (Look(0.5, 1.0, 98.0), Look(1.0, 2.0, 98.5)), (Look(2.0, 1.0, 90.0), Look(4.0, 2.0, 98.0))
    never = (Look(1.0, 1.0, 90.0), Look(5.0, 2.0, 91.0))
    suite = SUITES["digits"]
    row = Row("digits", suite, 93.0, (measured("a", quick), measured("b", slow), measured("c", never)))
    assert row.ratio(row.sides[1]) == 8.0 and math.isinf(row.ratio(row.sides[2]))
    assert row.ours_within(row.sides[1]) == 98.5
    assert report.ratio(row, row.sides[2]) == "> 10.0"
    assert not report.lost([row])
    beaten = Row("digits", suite, 93.0, (measured("a", slow), measured("b", quick)))
    assert report.lost([beaten]) == ["digits: b is faster, or as fast"]
    assert all(line.count("|") == len(report.HEADS) + 1 for line in report.lines(row).splitlines())
    assert report.to_target(row.sides[2], 98.0) == "not reached (0 of 1)"
    assert row.as_dict()["sides"][0]["seconds to target by seed"] == [0.5]


def little_suite() -> Suite:
    """Three classes, two bright inputs each, held constant."""

    def data(seed: int) -> Split:
        rng = np.random.default_rng(seed)
        y = np.arange(60) % 3
        X = (rng.random((60, 6)) + np.repeat(np.eye(3), 2, 1)[y]).astype(np.float32)
        return Split(X[:40], y[:40], X[40:], y[40:])

    return Suite("little", data, partial(chain, 6, (8,), 3), Net((6, 8, 3)), steps=4, target=90.0)


def test_our_looks_are_those_of_a_solve() -> None:
    suite = little_suite()
    split = suite.data(0)
    looks = list(OURS.train(suite, split, OurSettings(3), seed=1))
    result = so.compile(suite.problem(), so.Online(epochs=3)).solve(split.X, split.y, timesteps=4, seed=1)
    last = replace(result, weights=result.last_weights)
    assert [look.passes for look in looks] == [1, 2, 3]
    assert 0 < looks[0].seconds < looks[1].seconds < looks[2].seconds
    assert looks[2].accuracy == 100 * last.score(split.X_test, split.y_test)


def test_ours_is_tuned_and_its_share_of_products_is_a_share() -> None:
    suite = little_suite()
    settings, tried = tune(OURS, suite, threads=1, quick=False)
    assert settings.epochs in suite.lengths and settings.threads == 1 and tried == len(suite.lengths)
    assert OURS.settings(asdict(settings)) == settings
    assert 0 < OURS.product_share(suite, suite.data(0), settings, 0) <= 1
    assert OURS.describe(suite, settings) == f"{settings.epochs} epochs, batch by default, 1 thread"


def test_memory_is_that_of_training() -> None:
    suite = little_suite()
    assert 0 <= growth(OURS, suite, suite.data(0), OurSettings(1)) < 1e9
