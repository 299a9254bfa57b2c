"""scikit-learn's own checks of the estimators and encoders, and what those do not see."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import snnopt as so
from snnopt.data import encode
from snnopt.sklearn import CurrentEncoder, DeltaEncoder, LatencyEncoder, RateEncoder, SNNClassifier, SNNRegressor

# With SCIPY_ARRAY_API set, before scipy is imported, scikit-learn skips none of its checks, but those of data frames where pandas
# is not installed.
CHECKS = """
from sklearn.utils.estimator_checks import check_estimator
import snnopt.sklearn as s
for part in {parts}:
    for done in check_estimator(getattr(s, part)(), on_fail=None, on_skip=None):
        print(part, done["check_name"], done["status"], repr(done["exception"])[:300])
"""


@pytest.mark.parametrize(
    ("parts", "least"),
    [
        (["SNNClassifier", "SNNRegressor"], 90),
        (["RateEncoder", "LatencyEncoder", "CurrentEncoder", "DeltaEncoder"], 160),
    ],
)
def test_scikit_learns_own_checks_pass_and_none_is_skipped(parts: list[str], least: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKS.format(parts=parts)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
    )
    checks = done.stdout.splitlines()
    assert len(checks) > least
    assert [line for line in checks if " passed " not in line and "pandas is not" not in line] == []


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])
    order = np.random.default_rng(0).permutation(len(y))
    return X[order], names[y[order]]


def moving_bars(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Series [N, 12, 3] that rise or fall in one of three channels."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 6, count)
    X = 0.05 * rng.standard_normal((count, 12, 3))
    X[np.arange(count), :, label % 3] += np.where(label < 3, 1, -1)[:, None] * np.linspace(-3, 3, 12)
    return 40 * X + 7, label


class TestClassifier:
    def test_predicts_names_of_unscaled_data_and_says_how(self, iris: Any) -> None:
        X, y = iris
        e = SNNClassifier(random_state=0).fit(X[:100] * [1, 1000, 1, 1e-3], y[:100])
        Z = X[100:] * [1, 1000, 1, 1e-3]
        assert list(e.classes_) == ["setosa", "versicolor", "virginica"]
        assert e.score(Z, y[100:]) > 0.88
        np.testing.assert_array_equal(e.classes_[e.decision_function(Z).argmax(1)], e.predict(Z))
        np.testing.assert_allclose(e.predict_proba(Z), softmax(e.decision_function(Z), axis=1))
        assert [w.shape for w in e.coefs_] == [(4, 100), (100, 3)]
        assert [b.shape for b in e.intercepts_] == [(100,), (3,)]
        assert e.n_iter_ == len(e.loss_curve_) == 10

    def test_is_what_the_language_trains(self, iris: Any) -> None:
        X, y = iris
        e = SNNClassifier((7,), alpha=0.02, timesteps=6, max_iter=3, random_state=5).fit(X, y)
        mean, std = X.mean(0), X.std(0)
        labels = np.unique(y, return_inverse=True)[1]
        x = so.Input(4)
        h = so.LIF(name="hidden")(so.Dense(7)(x))
        out = so.LI(name="readout")(so.Dense(3)(h))
        loss = so.CrossEntropy(out) + 0.02 * so.L2(h.weights) + 0.02 * so.L2(out.weights)
        draws = np.random.RandomState(5)
        draws.randint(2**31 - 1)  # the encoder's
        seed = int(draws.randint(2**31 - 1))
        plan = so.compile(so.Problem(so.Network(x, out), loss), so.Online(epochs=3))
        wanted = plan.solve((X - mean) / std, labels, timesteps=6, seed=seed)
        for name, w in wanted.weights.items():
            np.testing.assert_array_equal(e.result_.weights[name], w)

    def test_a_samples_outcome_does_not_depend_on_those_beside_it(self) -> None:
        X, y = load_digits(return_X_y=True)
        e = SNNClassifier(max_iter=1, random_state=0).fit(X[:400], y[:400])
        alone = np.concatenate([e.decision_function(x[None]) for x in X[400:440]])
        np.testing.assert_allclose(e.decision_function(X[400:])[:40], alone, rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("unit", [1e200, 1e-200, 1e-9])
    def test_no_unit_is_too_large_or_too_small(self, iris: Any, unit: float) -> None:
        X, y = iris
        usual, other = (SNNClassifier((20,), random_state=0).fit(u * X, y) for u in (1, unit))
        assert other.scaling_ is not None and usual.scaling_ is not None
        np.testing.assert_allclose(other.scaling_(unit * X), usual.scaling_(X), atol=1e-9)
        assert other.score(unit * X, y) > 0.9

    def test_two_classes_have_one_decision(self, iris: Any) -> None:
        X, y = iris[0], iris[1] == "setosa"
        e = SNNClassifier((10,), random_state=0).fit(X, y)
        d = e.decision_function(X)
        assert d.shape == (150,)
        np.testing.assert_array_equal(d > 0, e.predict(X))
        np.testing.assert_allclose(e.predict_proba(X)[:, 1], 1 / (1 + np.exp(-d)))

    def test_pipelines_grids_and_cross_validation(self, iris: Any) -> None:
        X, y = iris
        pipe = make_pipeline(StandardScaler(), SNNClassifier((20,), max_iter=2, random_state=0))
        assert cross_val_score(pipe, X, y, cv=3).mean() > 0.85
        names = {
            "snnclassifier__neuron": ["lif", so.ALIF(gamma=0.1)],
            "snnclassifier__algorithm": ["online", so.Rollout()],
        }
        grid = GridSearchCV(pipe, names, cv=2, error_score="raise").fit(X, y)
        assert grid.best_score_ > 0.8 and len(grid.cv_results_["params"]) == 4

    def test_a_clone_trains_to_the_same_bits(self, iris: Any) -> None:
        X, y = iris
        e = SNNClassifier((5,), neuron=so.CubaLIF(), algorithm=so.Online(epochs=2), random_state=1).fit(X, y)
        np.testing.assert_array_equal(clone(e).fit(X, y).decision_function(X), e.decision_function(X))

    @pytest.mark.parametrize("neuron", ["if", "cuba_lif", "alif", so.ALIF, so.LIF(beta=0.5, threshold=0.5)])
    @pytest.mark.parametrize("recurrent", [False, True])
    def test_neurons(self, iris: Any, neuron: Any, recurrent: bool) -> None:
        X, y = iris
        e = SNNClassifier((12, 6), neuron=neuron, recurrent=recurrent, beta=0.8, random_state=0).fit(X, y)
        assert e.score(X, y) > 0.85
        assert ("hidden1.recurrent.weight" in e.result_.weights) == recurrent
        assert [w.shape for w in e.coefs_] == [(4, 12), (12, 6), (6, 3)]

    def test_early_stopping_judges_on_samples_held_out(self, iris: Any) -> None:
        X, y = iris
        settings: dict[str, Any] = {"max_iter": 40, "random_state": 0, "validation_fraction": 0.2}
        e = SNNClassifier((10,), early_stopping=True, n_iter_no_change=3, **settings).fit(X, y)
        assert e.n_iter_ < 40
        scores = [record.validation for record in e.result_.history.records]
        assert np.isfinite(scores).all() and max(scores) > 0.8
        plain = SNNClassifier((10,), **settings).fit(X, y).result_
        assert all(np.isnan(record.validation) for record in plain.history.records)

    def test_series_and_events(self) -> None:
        X, y = moving_bars(240)
        held, wanted = moving_bars(60, seed=1)
        direct = SNNClassifier((40,), recurrent=True, random_state=0).fit(X, y)
        assert direct.score(held, wanted) > 0.9
        by_name = SNNClassifier((40,), encoder="delta", random_state=0).fit(X, y)
        piped = make_pipeline(DeltaEncoder(), SNNClassifier((40,), random_state=0)).fit(X, y)
        np.testing.assert_array_equal(by_name.predict(held), piped.predict(held))  # spikes are not standardised
        assert piped.score(held, wanted) > 0.8

    def test_a_network_of_ones_own(self) -> None:
        X, y = load_digits(return_X_y=True)

        def build(classes: int, channels: int = 3) -> so.Problem:
            image = so.Input((1, 8, 8))
            maps = so.LIF()(so.Conv2d(channels, kernel=3)(image))
            return so.Problem(so.Network(image, out := so.LI()(so.Dense(classes)(maps))), so.Hinge(out))

        e = SNNClassifier(network=build, standardize=False, max_iter=2, random_state=0).fit(X[:300] / 16, y[:300])
        assert e.score(X[300:600] / 16, y[300:600]) > 0.7
        assert not hasattr(e, "predict_proba") and not hasattr(e, "coefs_")
        with pytest.raises(AttributeError):
            e.predict_proba(X)

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"hidden_layer_sizes": "wide"}, "'wide'"),
            ({"hidden_layer_sizes": None}, "None"),
            ({"hidden_layer_sizes": (0,)}, "0"),
            ({"hidden_layer_sizes": 5.7}, "5.7"),
            ({"hidden_layer_sizes": True}, "True"),
            ({"recurrent": "no"}, "recurrent"),
            ({"neuron": "lof"}, "did you mean 'lif'"),
            ({"neuron": 3}, "no neuron"),
            ({"neuron": so.Neuron}, "no neuron"),
            ({"neuron": so.LI(), "recurrent": True}, "recurrent"),
            ({"beta": 2}, "beta"),
            ({"timesteps": 0}, "timesteps"),
            ({"encoder": "rates"}, "did you mean 'rate'"),
            ({"encoder": ["rate"]}, "encoder"),
            ({"encoder": "rate", "timesteps": 1.5}, "timesteps"),
            ({"alpha": -1}, "alpha=-1"),
            ({"alpha": "x"}, "alpha='x'"),
            ({"algorithm": "onlin"}, "did you mean 'online'"),
            ({"max_iter": 0}, "epochs"),
            ({"early_stopping": True, "n_iter_no_change": 0}, "patience"),
            ({"early_stopping": True, "validation_fraction": 3.0}, "test_size"),
            ({"network": "models/digits_mlp.py"}, "function"),
            ({"network": lambda inputs, classes: None}, "not a problem"),
            ({"network": lambda inputs: SNNClassifier.__doc__}, "not a problem"),
        ],
    )
    def test_wrong_parameters_say_what_is_wrong(self, iris: Any, settings: dict[str, Any], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            SNNClassifier(**settings).fit(*iris)

    def test_a_network_of_another_size_is_refused(self, iris: Any) -> None:
        def ten(inputs: int) -> so.Problem:
            x = so.Input(inputs)
            return so.Problem(so.Network(x, y := so.LI()(so.Dense(10)(so.LIF()(so.Dense(5)(x))))), so.CrossEntropy(y))

        with pytest.raises(so.ModelError, match="10 units for 3 classes"):
            SNNClassifier(network=ten).fit(*iris)

    def test_wrong_data_say_what_is_wrong(self, iris: Any) -> None:
        X, y = iris
        e = SNNClassifier((5,), max_iter=1)
        with pytest.raises(NotFittedError):
            e.predict(X)
        with pytest.raises(ValueError, match="one class"):
            e.fit(X, ["a"] * len(X))
        with pytest.raises(ValueError, match="NaN"):
            e.fit(X + np.nan, y)
        with pytest.raises(ValueError, match="NaN"):
            e.fit(np.full((4, 3, 2), np.nan), [0, 1, 0, 1])
        with pytest.raises(ValueError, match="takes tables"):
            SNNClassifier(encoder="latency").fit(np.zeros((4, 3, 2)), [0, 1, 0, 1])
        e.fit(X, y)
        with pytest.raises(so.DataError, match="5 steps and 4 features, and was a row"):
            e.predict(np.zeros((2, 5, 4)))
        with pytest.raises(ValueError, match="0 sample"):
            e.fit(np.zeros((0, 3, 2)), [])


class TestRegressor:
    def test_targets_of_any_unit_one_or_several(self) -> None:
        rng = np.random.default_rng(0)
        X = rng.uniform(-2, 2, (300, 3))
        y = 1e4 + 500 * (np.sin(X[:, 0]) + X[:, 1] ** 2)
        e = SNNRegressor(random_state=0).fit(X[:200], y[:200])
        assert e.predict(X).shape == (300,)
        assert e.score(X[200:], y[200:]) > 0.7
        both = SNNRegressor(random_state=0).fit(X[:200], np.stack([y, -3 * y], 1)[:200])
        assert both.predict(X).shape == (300, 2)
        assert both.score(X[200:], np.stack([y, -3 * y], 1)[200:]) > 0.7

    def test_one_column_is_one_target_and_a_constant_one_is_met(self) -> None:
        X = np.random.default_rng(0).standard_normal((40, 2))
        e = SNNRegressor((5,), random_state=0).fit(X, np.full((40, 1), 7.0))
        np.testing.assert_allclose(e.predict(X), 7, atol=1e-6)

    def test_a_network_takes_outputs(self) -> None:
        def build(inputs: int, outputs: int) -> so.Problem:
            x = so.Input(inputs)
            y = so.LI()(so.Dense(outputs)(so.LIF()(so.Dense(30)(x))))
            return so.Problem(so.Network(x, y), so.SquaredError(y))

        X = np.random.default_rng(0).standard_normal((100, 2))
        assert SNNRegressor(network=build, random_state=0).fit(X, X).score(X, X) > 0.7

    def test_early_stopping(self) -> None:
        X = np.random.default_rng(0).standard_normal((100, 2))
        e = SNNRegressor((20,), early_stopping=True, n_iter_no_change=2, max_iter=50, random_state=0).fit(X, X[:, 0])
        assert e.n_iter_ < 50


class TestEncoders:
    @pytest.mark.parametrize(
        "encoder", [RateEncoder(7, random_state=3), LatencyEncoder(7), CurrentEncoder(7, scale=True)]
    )
    def test_are_the_plain_functions_on_scaled_values(self, encoder: Any) -> None:
        X = np.random.default_rng(0).normal(5, 9, (6, 4))
        unit = (X - X.min(0)) / np.ptp(X, axis=0)
        seed = int(np.random.RandomState(3).randint(2**31 - 1))
        plain: dict[type, Any] = {
            RateEncoder: lambda x: encode.rate(x, 7, seed, shared=True),
            LatencyEncoder: lambda x: encode.latency(x, 7),
            CurrentEncoder: lambda x: encode.current(x, 7),
        }
        found = encoder.fit_transform(X)
        assert found.shape == (6, 7, 4)
        np.testing.assert_array_equal(found, plain[type(encoder)](unit).swapaxes(0, 1))
        # Beyond the range in training, values are clipped.
        np.testing.assert_array_equal(encoder.transform(X + 1e6), plain[type(encoder)](np.ones((6, 4))).swapaxes(0, 1))

    def test_unscaled_values_must_be_in_range(self) -> None:
        for encoder in (RateEncoder(scale=False), LatencyEncoder(scale=False)):
            with pytest.raises(so.DataError, match=r"from 0 to 2, outside of \[0, 1\]"):
                encoder.fit_transform([[0.0], [2.0]])

    def test_delta_takes_tables_as_series_of_one_channel(self) -> None:
        X = np.array([[0.0, 2, 2, 0], [4, 4, 4, 0]])
        found = DeltaEncoder(0.5).fit_transform(X)  # half of the range, 4
        assert found.shape == (2, 4, 2)
        np.testing.assert_array_equal(found[0].T, [[0, 1, 0, 0], [0, 0, 0, 1]])
        np.testing.assert_array_equal(DeltaEncoder(2.1, scale=False).fit_transform(X)[0], np.zeros((4, 2)))
        np.testing.assert_array_equal(DeltaEncoder(0.5).fit_transform(X[:, :, None]), found)

    def test_rate_draws_do_not_depend_on_the_batch_nor_on_the_call(self) -> None:
        X = np.random.default_rng(0).random((20, 3))
        encoder = RateEncoder(50, scale=False).fit(X)
        np.testing.assert_array_equal(encoder.transform(X)[7:8], encoder.transform(X[7:8]))

    def test_parameters_are_explicit(self) -> None:
        assert list(inspect.signature(SNNClassifier).parameters) == list(inspect.signature(SNNRegressor).parameters)


def test_without_scikit_learn_the_error_names_the_extra() -> None:
    code = """
import sys
sys.modules["sklearn"] = None
import snnopt
try:
    import snnopt.sklearn
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert "it needs scikit-learn, which is not installed" in done.stdout
    assert "pip install 'snnopt[data]'" in done.stdout
