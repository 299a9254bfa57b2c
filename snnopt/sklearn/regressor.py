"""A spiking regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from snnopt.data.dataset import Array
from snnopt.data.scaling import standard_scaling
from snnopt.sklearn.arrays import checked
from snnopt.sklearn.estimator import SpikingEstimator


class SNNRegressor(RegressorMixin, SpikingEstimator):
    """Layers of spiking neurons and a read-out, trained by ADMM on real targets, one or several.

    Features are standardised and held constant as currents for ``timesteps`` steps; targets are standardised, and predictions
    brought back. The loss is half the squared error of the mean membrane potentials of leaky integrators, one for each target.

    Parameters
    ----------
    hidden_layer_sizes, neuron, beta, recurrent, timesteps, encoder, standardize, algorithm, max_iter, early_stopping,
    validation_fraction, n_iter_no_change, random_state, verbose : as in :class:`SNNClassifier`.
    alpha : L2 penalty, half the sum of squares of all weights times alpha, in units of the mean loss; None is 0.1.
    network : a function ``network(inputs, outputs)``, as in :class:`SNNClassifier`, with ``so.SquaredError`` for its loss.

    Attributes
    ----------
    result_, problem_, coefs_, intercepts_, n_iter_, loss_curve_, n_features_in_, feature_names_in_ : as in
        :class:`SNNClassifier`.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on a table [N, features], or on series [N, T, features] of one length, with targets y [N] or [N, outputs].

        Raises
        ------
        ValueError
            Data, targets or a parameter are not what they should be; a :class:`snnopt.SnnoptError` where snnopt says so.
        """
        X, y = checked(self, X, reset=True, y=y, multi_output=True, y_numeric=True)
        self._one = y.ndim == 1 or y.shape[1] == 1
        targets = np.asarray(y, np.float64).reshape(len(y), -1)
        self._targets = standard_scaling(targets)
        self._train(X, self._targets(targets), stratify=None)
        return self

    def predict(self, X: Any) -> Array:
        """Predicted targets, [N] or [N, outputs]."""
        m = self._readout(X)  # which says so where there was no training
        found = self._targets.undo(m)
        return found[:, 0] if self._one else found

    def _size_of_targets(self, targets: Array) -> dict[str, int]:
        return {"outputs": targets.shape[1]}

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of what the regressor can do."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
