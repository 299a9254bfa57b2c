"""Data sets: the split is the documented one, arguments are checked, a missing package says how to get it."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import snnopt as so
from snnopt.data import DATASETS, Dataset, digits
from snnopt.errors import MissingPackageError


def test_split_is_the_documented_permutation() -> None:
    bunch = load_digits()
    order = np.random.default_rng(3).permutation(1797)
    d = digits(seed=3)
    np.testing.assert_array_equal(d.X_train, bunch.data[order[:1437]] / 16)
    np.testing.assert_array_equal(d.y_train, bunch.target[order[:1437]])
    np.testing.assert_array_equal(d.X_test, bunch.data[order[1437:]] / 16)
    np.testing.assert_array_equal(d.y_test, bunch.target[order[1437:]])
    assert d.X_train.dtype == np.float64
    assert (d.X_train.min(), d.X_train.max()) == (0.0, 1.0)
    assert d.classes == tuple("0123456789")
    assert d.shape == (8, 8)


def test_fewer_samples_are_the_first_training_rows() -> None:
    whole, few = digits(), digits(samples=200)
    np.testing.assert_array_equal(few.X_train, whole.X_train[:200])
    np.testing.assert_array_equal(few.y_train, whole.y_train[:200])
    np.testing.assert_array_equal(few.X_test, whole.X_test)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_share_of_test_rows_is_rounded_up(share: float) -> None:
    d = digits(test_share=share)
    assert len(d.X_test) == int(np.ceil(share * 1797))
    assert len(d.X_train) + len(d.X_test) == 1797


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"seed": 0.5}, "seed=0.5"),
        ({"seed": True}, "seed=True"),
        ({"test_share": 0}, "test_share=0"),
        ({"test_share": 1.0}, "test_share=1.0"),
        ({"test_share": "half"}, "test_share='half'"),
        ({"samples": 0}, "samples=0"),
        ({"samples": 1438}, "1 to 1437"),
        ({"samples": 2.5}, "samples=2.5"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named):
        digits(**arguments)


def test_missing_scikit_learn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'snnopt\[data\]'") as caught:
        digits()
    assert isinstance(caught.value, so.SnnoptError)
    assert isinstance(caught.value, ImportError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own, just made


def test_table_holds_callables_that_return_datasets() -> None:
    for name, read in DATASETS.items():
        d = read(seed=0, samples=10)
        assert isinstance(d, Dataset)
        assert d.name == name
        assert len(d.X_train) == len(d.y_train) == 10
        assert set(np.unique(d.y_test)) <= set(range(len(d.classes)))
        assert repr(d).startswith(f"Dataset('{name}', 10 train")
