"""Pictures: they draw on the axes they are given what the data hold, and name bad input."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import snnopt as so
from snnopt.report.plots import overview
from snnopt.report.plots.saving import save_figure
from snnopt.runtime import Activity, History, Record

T, N, UNITS = 6, 4, 5
LENGTHS = np.array([6, 2, 4, 3])


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    """Draw without a display, and leave no figure open."""
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


@pytest.fixture
def ax() -> Axes:
    return Figure(layout="constrained").add_subplot()


@pytest.fixture
def trace() -> dict[str, Activity]:
    rng = np.random.default_rng(0)
    v = [rng.standard_normal((T, N, n)) for n in (UNITS, 3, 2)]
    return {
        "first": Activity(v[0], (v[0] > 0.5).astype(float)),
        "second": Activity(v[1], (v[1] > 0.5).astype(float)),
        "readout": Activity(v[2], None),
    }


@pytest.fixture
def padded(trace: dict[str, Activity]) -> dict[str, Activity]:
    """Activity of samples of unequal length."""
    counted = (np.arange(T)[:, None] < LENGTHS)[:, :, None]
    return {
        n: Activity(a.potentials * counted, None if a.spikes is None else a.spikes * counted, LENGTHS)
        for n, a in trace.items()
    }


@pytest.fixture
def history() -> History:
    rows = [(1, 0.9, 0.5, 0.4), (2, 0.3, 0.8, 0.7), (3, 0.1, 0.9, 0.6)]
    return History(tuple(Record(k, loss, acc, validation=held) for k, loss, acc, held in rows))


def draw(ax: Axes) -> None:
    """Render, so that layout and every artist run."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO())


def cells(ax: Axes) -> list[np.ndarray]:
    """Centres of the marks that a raster drew, a layer each, in the order of time and neuron."""
    return [
        np.array([np.asarray(p.vertices)[:4].mean(0) for p in c.get_paths()]).round(9).reshape(-1, 2)
        for c in ax.collections
    ]


class TestRaster:
    def test_a_mark_for_every_spike(self, ax: Axes, trace: dict[str, Activity]) -> None:
        spikes = trace["first"].spikes
        assert spikes is not None
        assert so.plot.raster(trace["first"], ax, samples=2) is ax
        np.testing.assert_array_equal(cells(ax)[0], np.argwhere(spikes[:, 2] > 0))
        draw(ax)

    def test_layers_stand_above_one_another_and_samples_side_by_side(
        self, ax: Axes, trace: dict[str, Activity]
    ) -> None:
        so.plot.raster(trace, ax, samples=[3, 0], labels=["a", "b"])
        for marks, name, base in zip(cells(ax), ("first", "second"), (0, UNITS), strict=True):
            spikes = trace[name].spikes
            assert spikes is not None
            seen = np.concatenate([spikes[:, 3], spikes[:, 0]])
            np.testing.assert_array_equal(marks, np.argwhere(seen > 0) + np.array([0, base]))
        assert [t.get_text() for t in ax.texts] == ["a", "b"]
        assert ax.get_xlabel() == "time (steps)"
        assert [t.get_text() for t in ax.get_yticklabels()] == ["first\n5 neurons", "second\n3 neurons"]
        draw(ax)

    def test_takes_arrays_images_and_silence(self, ax: Axes) -> None:
        so.plot.raster(np.eye(4), ax)
        np.testing.assert_array_equal(cells(ax)[0], np.argwhere(np.eye(4)))
        other = Figure().add_subplot()
        so.plot.raster(Activity(np.zeros((T, N, 2, 3)), np.zeros((T, N, 2, 3))), other)
        assert not cells(other)[0].size
        draw(other)

    @pytest.mark.parametrize(
        ("given", "more", "named"),
        [
            (np.zeros((3, 2, 4)), {"samples": 2}, "no sample 2, only 0 to 1"),
            (np.zeros((3, 2, 4)), {"samples": [0, 1], "labels": ["one"]}, "1 labels for 2 samples"),
            (np.zeros(3), {}, r"shape \(3,\)"),
            (np.zeros((0, 1, 3)), {}, "not activity"),
            (Activity(np.zeros((3, 2, 4)), None), {}, "no population here spikes"),
        ],
    )
    def test_bad_input(self, given: Any, more: dict[str, Any], named: str) -> None:
        with pytest.raises(so.DataError, match=named):
            so.plot.raster(given, **more)

    def test_steps_after_the_end_are_grey_and_empty(self, ax: Axes, padded: dict[str, Activity]) -> None:
        spikes = padded["first"].spikes
        assert spikes is not None
        so.plot.raster(padded, ax, samples=[1, 2])  # of 2 and 4 steps
        seen = np.concatenate([spikes[:2, 1], np.zeros((2, UNITS)), spikes[:4, 2]])
        np.testing.assert_array_equal(cells(ax)[0], np.argwhere(seen > 0))
        assert ax.get_xlim() == (-0.5, 7.5)
        (grey,) = ax.patches
        assert (grey.get_x(), grey.get_x() + grey.get_width()) == (1.5, 3.5)  # type: ignore[attr-defined]
        draw(ax)

    def test_names_of_thin_layers_are_written_across(self, ax: Axes) -> None:
        layers = {
            n: Activity(np.zeros((T, 1, k)), np.ones((T, 1, k))) for n, k in (("a rather long name", 5), ("b", 90))
        }
        so.plot.raster(layers, ax)
        assert [(t.get_text(), t.get_rotation()) for t in ax.get_yticklabels()] == [
            ("a rather lo… (5)", 0),
            ("b\n90 neurons", 90),
        ]
        draw(ax)


class TestTraces:
    def test_a_sample_is_drawn_up_to_its_end(self, ax: Axes, padded: dict[str, Activity]) -> None:
        so.plot.traces(padded["first"], ax, sample=1, labels=["n"] * UNITS)
        assert {len(np.asarray(line.get_ydata())) for line in ax.lines if line.get_linestyle() == "-"} == {2}
        assert ax.get_xlim() == (0, 1)
        draw(ax)

    def test_names_at_the_ends_stay_beside_the_axes(self, ax: Axes) -> None:
        ends = np.zeros((T, 1, 6))
        ends[:, 0, 0] = 10.0
        so.plot.traces(ends, ax, labels=list("abcdef"))
        low, high = ax.get_ylim()
        assert all(low < t.xy[1] < high for t in ax.texts)  # type: ignore[attr-defined]

    def test_draws_potentials_spikes_and_threshold(self, ax: Axes, trace: dict[str, Activity]) -> None:
        a = trace["first"]
        assert a.spikes is not None
        so.plot.traces(a, ax, sample=1, neurons=[0, 4], threshold=0.5)
        lines = {len(line.get_ydata()): line for line in ax.lines if line.get_linestyle() == "-"}  # type: ignore[arg-type]
        np.testing.assert_array_equal(lines[T].get_ydata(), a.potentials[:, 1, 4])
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        np.testing.assert_array_equal(dots[0].get_xdata(), np.flatnonzero(a.spikes[:, 1, 0]))
        assert any(np.all(np.asarray(line.get_ydata()) == 0.5) for line in ax.lines)
        assert ax.get_ylabel() == "membrane potential (V)"
        draw(ax)

    def test_names_lines_and_greys_those_not_highlighted(self, ax: Axes) -> None:
        so.plot.traces(np.zeros((T, 1, 12)), ax, neurons=range(12), highlight=[7], labels=[str(k) for k in range(12)])
        bold = [t.get_text() for t in ax.texts if t.get_fontweight() == "bold"]
        assert bold == ["7"]
        heights = sorted(t.xy[1] for t in ax.texts)  # type: ignore[attr-defined]
        low, high = ax.get_ylim()
        assert np.diff(heights).min() > 0.04 * (high - low)
        draw(ax)

    @pytest.mark.parametrize(
        ("more", "named"), [({"sample": 9}, "no sample 9"), ({"neurons": [5]}, "no neuron 5, only 0 to 4")]
    )
    def test_bad_input(self, trace: dict[str, Activity], more: dict[str, Any], named: str) -> None:
        with pytest.raises(so.DataError, match=named):
            so.plot.traces(trace["first"], **more)

    def test_several_populations_are_too_many(self, trace: dict[str, Activity]) -> None:
        with pytest.raises(so.DataError, match=r"trace\['first'\]"):
            so.plot.traces(trace)  # type: ignore[arg-type]


class TestConvergence:
    def test_draws_loss_accuracy_validation_and_baseline(self, ax: Axes, history: History) -> None:
        so.plot.convergence(history, ax, baseline=0.55, held_out="test")
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.9, 0.3, 0.1])
        assert ax.get_yscale() == "log"
        right = next(a for a in ax.figure.axes if a is not ax)
        np.testing.assert_allclose(np.asarray(right.lines[0].get_ydata()), [50, 80, 90])
        np.testing.assert_allclose(np.asarray(right.lines[1].get_ydata()), [40, 70, 60])
        np.testing.assert_allclose(np.asarray(right.lines[2].get_ydata()), 55)
        assert right.get_ylabel() == "accuracy (%)"
        draw(ax)

    def test_takes_results_and_regression(self, mlp: Any, clusters: Any) -> None:
        result = so.compile(mlp()).solve(*clusters, timesteps=4)
        ax = so.plot.convergence(result)
        assert len(np.asarray(ax.lines[0].get_xdata())) == len(result.history)
        nan = float("nan")
        ax = so.plot.convergence(History((Record(0, 2.0, nan), Record(1, -1.0, nan))))
        assert (ax.get_yscale(), ax.get_xlabel(), len(ax.figure.axes)) == ("linear", "iteration", 1)

    def test_validation_of_real_targets_is_r_squared(self) -> None:
        nan = float("nan")
        ax = so.plot.convergence(History(tuple(Record(k, 1 / k, nan, validation=0.1 * k) for k in range(1, 4))))
        right = next(a for a in ax.figure.axes if a is not ax)
        assert right.get_ylabel() == "R squared"
        np.testing.assert_allclose(np.asarray(right.lines[0].get_ydata()), [0.1, 0.2, 0.3])

    def test_one_record_has_one_tick(self, ax: Axes) -> None:
        so.plot.convergence(History((Record(1, 0.5, 0.5),)), ax)
        np.testing.assert_array_equal(ax.get_xticks(), [1])

    def test_empty_history(self) -> None:
        with pytest.raises(so.DataError, match="history is empty"):
            so.plot.convergence(History())


def run_of(names: list[str], kept: bool, records: int = 4) -> History:
    """A history of layers, with residuals where potentials are kept."""
    rng = np.random.default_rng(0)

    def row(k: int) -> Record:
        flips = {n: float("nan") if not k else float(rng.uniform(0.01, 0.1)) for n in names}
        if not kept:
            return Record(
                k, 1.0, 0.5, flips=flips, rollout_gap=flips, penalty=dict.fromkeys(names, 2.0**-k), step=1 + k
            )
        couplings = [*names, *(f"{n}.step" for n in names)]
        residuals = {n: float(rng.uniform(0.1, 1)) * 10.0**-k for n in couplings}
        dual = {n: v for n, v in residuals.items() if k}
        penalty = dict.fromkeys(couplings, 1.0)
        return Record(
            k + 1,
            1.0,
            0.5,
            flips=flips,
            rollout_gap=flips,
            penalty=penalty,
            lagrangian=1.0 - k,
            primal=residuals,
            dual=dual,
        )

    return History(tuple(row(k) for k in range(records)))


def named(figure: Figure) -> list[str]:
    return [a.get_title(loc="left") for a in figure.axes]


class TestResiduals:
    def test_panels_are_those_that_the_history_has(self) -> None:
        figure = so.plot.residuals(run_of(["h"], kept=True))
        assert named(figure) == [
            "Primal residual",
            "Dual residual",
            "Penalty",
            "Augmented Lagrangian",
            "Spikes flipped",
            "Rollout gap",
        ]
        assert {a.get_xlabel() for a in figure.axes} == {"iteration"}
        figure = so.plot.residuals(run_of(["h"], kept=False))
        assert named(figure) == ["Penalty", "Spikes flipped", "Rollout gap", "Step and ridge"]
        figure.savefig(io.BytesIO())

    @pytest.mark.parametrize("name", ["online", "rollout", "full_dual", "perin2025"])
    def test_draws_what_algorithms_write_down(self, name: str, mlp: Any, clusters: Any) -> None:
        length: dict[str, Any] = {"epochs": 3} if name == "online" else {"max_iter": 3}
        plan = so.compile(mlp(), so.algorithms.ALGORITHMS[name](**length))
        result = plan.solve(*clusters, timesteps=4)
        figure = so.plot.residuals(result)
        assert ("Primal residual" in named(figure)) == (name in ("full_dual", "perin2025"))
        assert figure.axes[0].get_xlabel() == ("epoch" if name == "online" else "iteration")
        figure.savefig(io.BytesIO())
        assert so.plot.convergence(result).get_xlabel() == figure.axes[0].get_xlabel()

    def test_every_value_is_drawn_dashed_where_of_a_step(self) -> None:
        history = run_of(["h", "g"], kept=True)
        figure = so.plot.residuals(history)
        primal, dual, _, lagrangian, flips, _ = figure.axes
        for panel, column, scale in ((primal, "primal", 1), (dual, "dual", 1), (flips, "flips", 100)):
            values = history[column]
            assert isinstance(values, dict)
            lines = {str(line.get_label()): line for line in panel.lines}
            assert lines.keys() == values.keys()
            for name, curve in values.items():
                np.testing.assert_allclose(np.asarray(lines[name].get_ydata()), scale * curve)
                assert lines[name].get_linestyle() == ("--" if name.endswith(".step") else "-")
        assert primal.lines[0].get_color() == primal.lines[2].get_color() != primal.lines[1].get_color()
        assert primal.get_yscale() == "log" and lagrangian.get_yscale() == "linear"
        assert [t.get_text() for t in figure.legends[0].get_texts()] == ["h", "g", "dynamics", "step"]
        assert "V" in primal.get_ylabel() and "%" in flips.get_ylabel()

    def test_zeros_stand_on_the_lower_edge(self, ax: Axes) -> None:
        rows = [Record(k, 1.0, 0.5, flips={"h": v}) for k, v in enumerate([0.1, 0.0, 0.01])]
        so.plot.residuals(History(tuple(rows)), ax, panels="flips")
        curve, zeros = ax.lines
        np.testing.assert_allclose(np.asarray(curve.get_ydata()), [10, np.nan, 1])
        assert list(np.asarray(zeros.get_xdata())) == [1] and ax.get_yscale() == "log"
        legend = ax.get_legend()
        assert legend is not None and [t.get_text() for t in legend.get_texts()] == ["h", "zero"]
        draw(ax)

    def test_a_panel_of_zeros_is_linear(self, ax: Axes) -> None:
        so.plot.residuals(History((Record(0, 1.0, 0.5, flips={"h": 0.0}),)), ax, panels=["flips"])
        assert ax.get_yscale() == "linear" and len(ax.lines) == 1
        draw(ax)

    def test_many_layers_stay_readable(self) -> None:
        names = [f"layer of a long name {k}" for k in range(20)]
        figure = so.plot.residuals(run_of(names, kept=True))
        figure.savefig(io.BytesIO())
        texts = [t.get_text() for t in figure.legends[0].get_texts()]
        assert len(texts) == 6 + 2 and all(len(t) <= 16 for t in texts)
        assert len({line.get_color() for line in figure.axes[0].lines}) == 20
        box = figure.legends[0].get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        tight = [a.get_tightbbox() for a in figure.axes]
        assert all(b is not None and b.y1 <= box.y0 + 1 for b in tight)

    def test_axes_of_the_users_own(self, ax: Axes) -> None:
        history = run_of(["h"], kept=True)
        assert so.plot.residuals(history, ax, panels=["lagrangian"]) is ax.figure
        assert ax.get_legend() is None
        figure = Figure(layout="constrained")
        axes: Any = figure.subplots(2, 3)
        assert so.plot.residuals(history, axes) is figure
        assert axes[0, 0].get_legend() is not None and not figure.legends
        parts: Any = Figure(layout="constrained").subfigures(1, 2)
        so.plot.residuals(history, [parts[1].add_subplot()], panels=["primal"]).savefig(io.BytesIO())

    @pytest.mark.parametrize(
        ("given", "error", "words"),
        [
            ({"panels": ["primel"]}, so.UnknownNameError, "did you mean 'primal'"),
            ({"panels": ["primal"]}, so.DataError, "no values of 'primal'.*Fix: leave panels out"),
            ({"panels": []}, so.DataError, "nothing to draw"),
            ({"axes": 3}, so.ModelError, "ax: 3 is no matplotlib axes"),
            ({"axes": []}, so.ModelError, "0 axes for 4 panels"),
        ],
    )
    def test_bad_input(self, given: dict[str, Any], error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=f"(?s){words}"):
            so.plot.residuals(run_of(["h"], kept=False), **given)

    def test_nothing_to_draw(self) -> None:
        with pytest.raises(so.DataError, match="nothing to draw"):
            so.plot.residuals(History((Record(1, 0.5, 0.5),)))
        with pytest.raises(so.DataError, match="history is empty"):
            so.plot.residuals(History())


class TestRates:
    def test_counts_every_neuron_once(self, ax: Axes, trace: dict[str, Activity]) -> None:
        so.plot.rates(trace, ax)
        legend = ax.get_legend()
        assert legend is not None
        spikes = trace["first"].spikes
        assert spikes is not None
        assert legend.get_texts()[0].get_text() == f"first: mean {spikes.mean():.2f}"
        drawn = [np.asarray(p.get_xy())[:, 1].max() for p in ax.patches]  # type: ignore[attr-defined]
        assert len(drawn) == 2
        draw(ax)

    def test_only_steps_that_count_are_counted(self, ax: Axes, padded: dict[str, Activity]) -> None:
        so.plot.rates(padded, ax)
        legend = ax.get_legend()
        assert legend is not None
        spikes = padded["first"].spikes
        assert spikes is not None
        by_hand = sum(spikes[:k, n].sum() for n, k in enumerate(LENGTHS)) / (LENGTHS.sum() * UNITS)
        assert legend.get_texts()[0].get_text() == f"first: mean {by_hand:.2f}"
        assert padded["first"].firing_rate == pytest.approx(by_hand)

    def test_names_silent_neurons(self, ax: Axes) -> None:
        so.plot.rates(np.zeros((T, N, 7)), ax)
        legend = ax.get_legend()
        assert legend is not None
        assert legend.get_texts()[0].get_text() == "mean 0.00, 7 of 7 silent"
        draw(ax)


class TestWeights:
    def test_map_of_a_matrix(self, ax: Axes) -> None:
        w = np.arange(12.0).reshape(3, 4) - 6
        so.plot.weights(w, ax)
        np.testing.assert_array_equal(np.asarray(ax.images[0].get_array()), w)
        low, high = ax.images[0].get_clim()
        assert low == -high
        draw(ax)

    def test_images_of_the_strongest_neurons(self, ax: Axes) -> None:
        w = np.outer([1.0, 0.1, 3.0], np.ones(6))
        so.plot.weights(w, ax, shape=(2, 3), count=2)
        tiles: np.ndarray = np.ma.filled(np.ma.masked_invalid(np.ma.asarray(ax.images[0].get_array())), np.nan)
        np.testing.assert_array_equal(np.unique(tiles[np.isfinite(tiles)]), [1.0, 3.0])
        assert np.isfinite(tiles).sum() == 12
        draw(ax)

    @pytest.mark.parametrize(
        ("weight", "shape", "named"),
        [
            (np.zeros(4), None, r"shape \(4,\)"),
            (np.full((2, 4), np.nan), None, "finite"),
            (np.zeros((2, 4)), (2, 3), "no image of"),
        ],
    )
    def test_bad_input(self, weight: np.ndarray, shape: tuple[int, int] | None, named: str) -> None:
        with pytest.raises(so.DataError, match=named):
            so.plot.weights(weight, shape=shape)

    def test_zero_weights(self, ax: Axes) -> None:
        draw(so.plot.weights(np.zeros((2, 4)), ax))


class TestOverview:
    @pytest.mark.parametrize("shape", [(2, 3), None])
    @pytest.mark.parametrize("right", [N, 2, 0])
    def test_draws_whatever_was_right(
        self, tmp_path: Path, trace: dict[str, Activity], history: History, shape: tuple[int, int] | None, right: int
    ) -> None:
        labels = np.array([0, 1, 1, 0])
        predicted = np.where(np.arange(N) < right, labels, 1 - labels)
        data, weight = np.random.default_rng(0).random((N, 6)), np.random.default_rng(1).standard_normal((UNITS, 6))
        figure = overview(
            history,
            trace,
            "readout",
            data,
            labels,
            predicted,
            weight,
            layer="first",
            classes=("no", "yes"),
            shape=shape,
        )
        path = save_figure(figure, tmp_path / "picture")
        assert path == tmp_path / "picture.png"
        assert path.read_bytes().startswith(b"\x89PNG")
        assert [p.name for p in tmp_path.iterdir()] == ["picture.png"]

    def test_long_names_stay_in_their_place(self, padded: dict[str, Activity], history: History) -> None:
        """Captions, titles and labels neither leave the picture nor meet one another."""
        labels, predicted = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 1])
        data, weight = np.zeros((T, N, 7)), np.ones((UNITS, 7))
        names = ("B then A, or the other way round", "Incomprehensibilities")
        figure = overview(
            history,
            padded,
            "readout",
            data,
            labels,
            predicted,
            weight,
            layer="a layer of a very long name",
            classes=names,
            title=f"{'64-' * 30}10 trained by snnopt and by many others, and told in one long line",
        )
        figure.savefig(io.BytesIO())
        raster, image = figure.axes[1], figure.axes[3]
        boxes = [t.get_window_extent() for t in raster.texts]
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
        whole = figure.bbox
        titles = [a.title for a in figure.axes] + list(figure.texts)
        for box in [*boxes, *(t.get_window_extent() for t in titles if t.get_text())]:
            assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
        assert image.get_title() == "Weights into 'a layer of a ve…'"

    def test_kernels_are_small_images_of_the_layer_by_name(self, trace: dict[str, Activity], history: History) -> None:
        labels = np.array([0, 1, 1, 0])
        kernels = np.random.default_rng(0).standard_normal((4, 1, 3, 3))
        figure = overview(
            history,
            trace,
            "readout",
            np.zeros((N, 1, 2, 3)),
            labels,
            labels,
            kernels,
            layer="maps",
            classes=("no", "yes"),
            shape=(2, 3),
        )
        image = next(a for a in figure.axes if a.get_title() == "What 'maps' looks for")
        assert np.isfinite(np.ma.filled(np.ma.asarray(image.images[0].get_array()), np.nan)).sum() == 36
        several = np.concatenate([kernels, kernels], 1)
        figure = overview(
            history, trace, "readout", np.zeros((N, 6)), labels, labels, several, layer="maps", classes=("no", "yes")
        )
        image = next(a for a in figure.axes if a.get_title() == "Weights into 'maps'")
        assert (image.get_xlabel(), image.get_ylabel()) == ("kernel entry", "channel")

    def test_nothing_is_written_for_a_bad_name(self, tmp_path: Path) -> None:
        with pytest.raises(so.DataError, match="no kind of picture"):
            save_figure(Figure(), tmp_path / "picture.txt")
        with pytest.raises(FileNotFoundError, match="make it first"):
            save_figure(Figure(), tmp_path / "nowhere" / "picture.png")
        assert not list(tmp_path.iterdir())


def test_axes_are_made_where_none_are_given(trace: dict[str, Activity]) -> None:
    assert isinstance(so.plot.raster(trace), Axes)


def test_missing_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch, trace: dict[str, Activity]) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(so.MissingPackageError, match=r"pip install 'snnopt\[plot\]'"):
        so.plot.raster(trace)


@pytest.mark.parametrize(
    "draw", [so.plot.raster, so.plot.rates, so.plot.weights, so.plot.convergence, so.plot.residuals]
)
def test_the_wrong_thing_says_what_to_pass(draw: Any) -> None:
    with pytest.raises(so.DataError, match=r"Fix: (pass|choose)"):
        draw({"hidden.weight": np.ones((3, 2))})


@pytest.mark.parametrize("draw", [so.plot.raster, so.plot.rates, so.plot.traces, so.plot.weights])
def test_what_is_no_axes_is_refused(draw: Any) -> None:
    with pytest.raises(so.ModelError, match="ax: 3 is no matplotlib axes"):
        draw(np.ones((3, 2)), 3)
