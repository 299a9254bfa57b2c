"""Encoders as steps of a pipeline: tables or series in, series [N, T, n] out, which the estimators take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from snnopt.data import encode
from snnopt.data.dataset import Array
from snnopt.data.scaling import unit_scaling
from snnopt.errors import DataError
from snnopt.sklearn.arrays import checked, drawn_seed, rows


class Encoder(TransformerMixin, BaseEstimator, ABC):
    """A transformer from values to what a spiking network sees over time."""

    scale: bool

    @abstractmethod
    def _shaped(self, values: Array) -> Array:
        """Checked values in the shape that is encoded, with the features last."""

    @abstractmethod
    def _encoded(self, values: Array) -> Array:
        """Values in their range as [T, N, n]."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the range of each feature where ``scale`` asks for it; of series, over all steps.

        Raises
        ------
        ValueError
            scikit-learn refuses the data, or they have a shape that this encoder does not take.
        """
        values = self._shaped(checked(self, X, reset=True))
        self.scaling_ = unit_scaling(rows(values)) if self.scale else None
        self.seed_ = drawn_seed(check_random_state(getattr(self, "random_state", None)))
        return self

    def transform(self, X: Any) -> Array:
        """Return ``X`` over time, [N, T, n]."""
        check_is_fitted(self)
        values = self._shaped(checked(self, X, reset=False))
        if self.scaling_ is not None:
            values = np.clip(self.scaling_(values), 0, 1)
        return np.ascontiguousarray(self._encoded(values).swapaxes(0, 1))

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of what the encoder can do."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class RateEncoder(Encoder):
    """Bernoulli spikes: a value is the probability of a spike in each step (:func:`snnopt.data.encode.rate`).

    The draws are made once, in ``fit``, and shared among samples: a sample's spikes depend on the sample alone, so that what
    is predicted for it does not depend on which others stand beside it.

    Parameters
    ----------
    timesteps : T.
    scale : bring each feature to [0, 1] by its range in training, and clip what exceeds it later. False takes values that
        are in [0, 1] already, and no others.
    random_state : of the draws.
    """

    def __init__(
        self, timesteps: int = 10, *, scale: bool = True, random_state: int | np.random.RandomState | None = None
    ) -> None:
        self.timesteps = timesteps
        self.scale = scale
        self.random_state = random_state

    def _shaped(self, values: Array) -> Array:
        return _table(self, values)

    def _encoded(self, values: Array) -> Array:
        return encode.rate(values, self.timesteps, seed=self.seed_, shared=True)


class LatencyEncoder(Encoder):
    """One spike a value, the earlier the larger; the smallest never fires (:func:`snnopt.data.encode.latency`).

    Parameters
    ----------
    timesteps : T.
    scale : bring each feature to [0, 1] by its range in training, and clip what exceeds it later. False takes values that
        are in [0, 1] already, and no others.
    """

    def __init__(self, timesteps: int = 10, *, scale: bool = True) -> None:
        self.timesteps = timesteps
        self.scale = scale

    def _shaped(self, values: Array) -> Array:
        return _table(self, values)

    def _encoded(self, values: Array) -> Array:
        return encode.latency(values, self.timesteps)


class CurrentEncoder(Encoder):
    """Values held constant over time, for what wants a time axis; the estimators hold tables constant by themselves.

    Parameters
    ----------
    timesteps : T.
    scale : bring each feature to [0, 1] by its range in training, and clip what exceeds it later.
    """

    def __init__(self, timesteps: int = 10, *, scale: bool = False) -> None:
        self.timesteps = timesteps
        self.scale = scale

    def _shaped(self, values: Array) -> Array:
        return _table(self, values)

    def _encoded(self, values: Array) -> Array:
        return encode.current(values, self.timesteps)


class DeltaEncoder(Encoder):
    """On and off events where a series changes (:func:`snnopt.data.encode.delta`); n channels become 2n.

    Takes series [N, T, n], and tables [N, T] as series of one channel.

    Parameters
    ----------
    threshold : the least change from one step to the next that is an event, > 0.
    scale : bring each channel to [0, 1] by its range in training, so that the threshold is a share of it. False leaves the
        series, and the threshold is in their unit.
    """

    def __init__(self, threshold: float = 0.1, *, scale: bool = True) -> None:
        self.threshold = threshold
        self.scale = scale

    def _shaped(self, values: Array) -> Array:
        return values[:, :, None] if values.ndim == 2 else values

    def _encoded(self, values: Array) -> Array:
        return encode.delta(values.swapaxes(0, 1), self.threshold)


def _table(encoder: Encoder, values: Array) -> Array:
    """Values [N, n]; raises for series."""
    if values.ndim == 3:
        cause = f"it takes tables [N, features], and these are series of shape {values.shape}"
        raise DataError(type(encoder).__name__, cause, "series go to DeltaEncoder, or to the estimator as they are")
    return values
