"""Pictures of several runs and of mistaken classes, and the names at the ends of lines."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import snnopt as so
from snnopt.report.plots.ends import GAP, End, name_ends
from snnopt.runtime import History, Record


@pytest.fixture
def ax() -> Axes:
    return Figure(layout="constrained").add_subplot()


def history(start: int, losses: list[float], accuracy: float = 0.5, validation: float = float("nan")) -> History:
    rows = [
        Record(start + k, loss, accuracy, seconds=0.5 * (k + 1), validation=validation) for k, loss in enumerate(losses)
    ]
    return History(tuple(rows))


def draw(ax: Axes) -> None:
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO())


class TestCompare:
    def test_a_line_for_each_run(self, ax: Axes) -> None:
        runs = {"fast": history(1, [1.0, 0.1]), "slow": history(0, [1.0, 0.5, 0.2])}
        assert so.plot.compare(runs, ax) is ax
        np.testing.assert_array_equal(np.asarray(ax.lines[0].get_xydata()), [[1, 1.0], [2, 0.1]])
        np.testing.assert_array_equal(np.asarray(ax.lines[1].get_xydata()), [[0, 1.0], [1, 0.5], [2, 0.2]])
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch or iteration", "training loss", "log")
        legend = ax.get_legend()
        assert legend is not None and [t.get_text() for t in legend.get_texts()] == ["fast", "slow"]
        assert {t.get_text() for t in ax.texts} == {"fast", "slow"}
        assert len({line.get_color() for line in ax.lines}) == 2
        draw(ax)

    def test_against_time_and_in_percent(self, ax: Axes) -> None:
        so.plot.compare([history(1, [2.0, 1.0], 0.75), history(1, [2.0], 0.5)], ax, show="accuracy", against="seconds")
        np.testing.assert_array_equal(np.asarray(ax.lines[0].get_xydata()), [[0.5, 75], [1.0, 75]])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("training time (s)", "training accuracy (%)")
        assert {t.get_text() for t in ax.texts} == {"run 1", "run 2"}

    def test_validation_of_labels_and_of_real_targets(self, ax: Axes) -> None:
        runs = {"seen": history(1, [1.0], 0.9, 0.8), "unseen": history(1, [1.0], 0.9)}
        so.plot.compare(runs, ax, show="validation")
        assert len(ax.lines) == 1 and ax.get_ylabel() == "validation accuracy (%)"
        other = Figure().add_subplot()
        so.plot.compare({"a": history(1, [1.0], float("nan"), 0.8)}, other, show="validation")
        assert other.get_ylabel() == "validation R squared" and other.lines[0].get_ydata()[0] == 0.8  # type: ignore[index]
        assert other.get_legend() is None

    def test_results_go_by_their_algorithm(self, ax: Axes, mlp: Any, clusters: Any) -> None:
        runs = [
            so.compile(mlp(), a).solve(*clusters, timesteps=3) for a in (so.Online(epochs=1), so.Rollout(max_iter=1))
        ]
        so.plot.compare([*runs, runs[0]], ax)
        assert {t.get_text() for t in ax.texts} == {"online 1", "rollout", "online 2"}

    def test_more_runs_than_colours(self, ax: Axes) -> None:
        so.plot.compare({str(k): history(1, [1.0 + k, 0.5 + k]) for k in range(9)}, ax)
        assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 9
        draw(ax)

    @pytest.mark.parametrize(
        ("runs", "more", "named"),
        [
            ([], {}, "there are no runs"),
            ({}, {}, "there are no runs"),
            (None, {}, "no list of runs"),
            ("online", {}, "no list of runs"),
            ([None], {}, "has no history"),
            ([History()], {}, "the history is empty"),
            ([history(1, [1.0])], {"show": "validation"}, "no run has values of 'validation'"),
            ([history(1, [1.0], float("nan"))], {"show": "accuracy"}, "no run has values of 'accuracy'"),
            ([history(1, [1.0])], {"show": "los"}, "did you mean 'loss'"),
            ([history(1, [1.0])], {"against": "time"}, "use one of 'iterations', 'seconds'"),
            ([history(1, [1.0])], {"ax": 3}, "is no matplotlib axes"),
        ],
    )
    def test_mistakes(self, runs: Any, more: dict[str, Any], named: str) -> None:
        with pytest.raises(so.SnnoptError, match=named):
            so.plot.compare(runs, **more)


class TestConfusion:
    def test_counts_and_shares(self, ax: Axes) -> None:
        so.plot.confusion([0, 0, 0, 1, 2], [0, 0, 1, 1, 0], ax, classes=["a", "b", "c", "d"])
        shares = np.asarray(ax.images[0].get_array())
        np.testing.assert_allclose(shares[:3, :3], np.array([[200 / 3, 100 / 3, 0], [0, 100, 0], [100, 0, 0]]))
        assert shares.shape == (4, 4) and not shares[3].any()
        found = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in ax.texts}
        assert found == {(0, 0): "2", (0, 1): "1", (1, 1): "1", (2, 0): "1"}
        assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c", "d"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
        draw(ax)

    def test_many_classes_have_no_numbers(self, ax: Axes) -> None:
        labels = np.arange(50)
        so.plot.confusion(labels, labels[::-1], ax)
        assert not ax.texts and len(ax.get_xticks()) <= 20
        draw(ax)

    @pytest.mark.parametrize(
        ("labels", "predicted", "more", "named"),
        [
            ([0, 1], [0], {}, "1 predictions for 2 labels"),
            ([], [], {}, "not whole numbers"),
            ([0.5], [0], {}, "not whole numbers"),
            ([0], [np.nan], {}, "not whole numbers"),
            ([-1], [0], {}, "not whole numbers"),
            (["a"], ["a"], {}, "not whole numbers"),
            (None, [0], {}, "not whole numbers"),
            ([[0]], [[0]], {}, "not whole numbers"),
            ([0], [np.inf], {}, "predicted go up to inf"),
            ([10**12], [0], {}, "labels go up to 1e"),
            ([0, 2], [0, 0], {"classes": ["a", "b"]}, "2 classes, and labels go up to 2"),
        ],
    )
    def test_mistakes(self, labels: Any, predicted: Any, more: dict[str, Any], named: str) -> None:
        with pytest.raises(so.DataError, match=named):
            so.plot.confusion(labels, predicted, **more)

    def test_without_matplotlib(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(so.MissingPackageError, match=r"snnopt\[plot\]"):
            so.plot.confusion([0], [0])
        with pytest.raises(so.MissingPackageError, match=r"snnopt\[plot\]"):
            so.plot.compare([history(1, [1.0])])


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_names_stay_apart_beside_their_ends(ax: Axes, scale: Any) -> None:
    for y in (1.0, 1.01, 1.02, 10.0):
        ax.plot([0, 1], [5.0, y])
    if scale == "log":
        ax.set_yscale(scale)
    name_ends(ax, [End(1.0, y, str(y), "black") for y in (10.0, 1.01, 1.0, 1.02)])
    draw(ax)
    at = {t.get_text(): (ax.transData - ax.transAxes).transform(t.xy)[1] for t in ax.texts}  # type: ignore[attr-defined]
    assert sorted(at, key=lambda name: at[name]) == ["1.0", "1.01", "1.02", "10.0"]
    assert np.diff(sorted(at.values())).min() > 0.9 * GAP
    assert dict(zip(at, [t.xy[1] for t in ax.texts], strict=True))["10.0"] == pytest.approx(10.0)  # type: ignore[attr-defined]
    assert min(at.values()) > 0 and max(at.values()) < 1
