"""``SNNClassifier`` and ``SNNRegressor``, defaults unchanged, beside scikit-learn's own on its small data sets.

Run: ``python -m tests.benchmarks.estimators [--splits 3]``. Five-fold cross-validation, shuffled by the seeds 0, 1, ... of as
many runs as ``--splits``: the same folds for all. scikit-learn's estimators get standardised features (ours standardise by
themselves) and, for regression, standardised targets; they keep their defaults, but for the iterations that they ask for.
The random hidden layer is the network that training starts from, with only its read-out solved.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from snnopt.model.fully_connected import fully_connected
from snnopt.report.baseline import random_hidden_baseline
from snnopt.sklearn import SNNClassifier, SNNRegressor

FOLDS, STEPS = 5, 10
CLASSES: dict[str, Callable[..., Any]] = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
REAL: dict[str, Callable[..., Any]] = {"diabetes": datasets.load_diabetes}


def scaled(estimator: Any) -> Any:
    """An estimator of scikit-learn on standardised features."""
    return make_pipeline(StandardScaler(), estimator)


def classifiers(seed: int) -> dict[str, Any]:
    """What is compared on labels."""
    return {
        "SNNClassifier": SNNClassifier(random_state=seed),
        "MLPClassifier": scaled(MLPClassifier(max_iter=2000, random_state=seed)),
        "LogisticRegression": scaled(LogisticRegression(max_iter=1000)),
    }


def regressors(seed: int) -> dict[str, Any]:
    """What is compared on real targets."""
    mlp = TransformedTargetRegressor(MLPRegressor(max_iter=2000, random_state=seed), transformer=StandardScaler())
    return {"SNNRegressor": SNNRegressor(random_state=seed), "MLPRegressor": scaled(mlp), "RidgeCV": scaled(RidgeCV())}


def random_hidden(X: np.ndarray, y: np.ndarray, folds: Any, real: bool, seed: int) -> list[float]:
    """Scores of the random hidden layer with its read-out solved."""
    scores = []
    for train, test in folds.split(X, y):
        scaler = StandardScaler().fit(X[train])
        problem = fully_connected(X.shape[1], outputs=1) if real else fully_connected(X.shape[1], len(np.unique(y)))
        t = StandardScaler().fit(y[train, None]).transform(y[:, None])[:, 0] if real else y
        Z = scaler.transform(X)
        found = random_hidden_baseline(problem, Z[train], t[train], Z[test], t[test], timesteps=STEPS, seed=seed)
        scores.append(found.test)
    return scores


def measure(load: Callable[..., Any], real: bool, splits: int) -> dict[str, tuple[list[float], float]]:
    """Mean score of each run's folds, by what is compared, and the seconds of one run."""
    X, y = load(return_X_y=True)
    found: dict[str, tuple[list[float], float]] = {}
    for seed in range(splits):
        folds = (KFold if real else StratifiedKFold)(FOLDS, shuffle=True, random_state=seed)
        random = float(np.mean(random_hidden(X, y, folds, real, seed)))
        found.setdefault("random hidden layer + ridge", ([], float("nan")))[0].append(random)
        for name, estimator in (regressors if real else classifiers)(seed).items():
            start = time.perf_counter()
            score = float(cross_val_score(estimator, X, y, cv=folds, error_score="raise").mean())
            seconds = time.perf_counter() - start
            found.setdefault(name, ([], seconds))[0].append(score)
    return found


def main() -> None:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=3, help="runs, each with folds of its own (default: 3)")
    splits = parser.parse_args().splits
    for table, real in ((CLASSES, False), (REAL, True)):
        for k, (data, load) in enumerate(table.items()):
            found = measure(load, real, splits)
            if not k:
                print(
                    f"\n| {'R squared' if real else 'accuracy'} | {' | '.join(found)} |\n|{'---|' * (len(found) + 1)}"
                )
            cells = []
            for scores, seconds in found.values():
                text = f"{np.mean(scores):.3f}" if real else f"{100 * np.mean(scores):.1f}"
                took = "" if np.isnan(seconds) else f", {seconds / FOLDS:.2f} s"
                cells.append(f"{text} ({min(scores):.3f} to {max(scores):.3f}){took}" if real else text + took)
            print(f"| {data} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
