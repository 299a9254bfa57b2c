"""A spiking classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from snnopt.data.dataset import Array
from snnopt.errors import DataError
from snnopt.sklearn.arrays import checked
from snnopt.sklearn.estimator import SpikingEstimator


def _has_probabilities(estimator: SNNClassifier) -> bool:
    """Whether the loss is the cross-entropy; before training, whether it may be."""
    result = getattr(estimator, "result_", None)
    return result is None or result.program.losses[0].kind == "cross_entropy"


class SNNClassifier(ClassifierMixin, SpikingEstimator):
    """Layers of spiking neurons and a read-out, trained by ADMM; labels of any kind.

    Features are standardised and held constant as currents for ``timesteps`` steps; the loss is the cross-entropy of the mean
    membrane potentials of leaky integrators, one for each class. Training runs in the algorithm's dtype, prediction in float64.

    Parameters
    ----------
    hidden_layer_sizes : neurons in each hidden layer.
    neuron : of the hidden layers: ``"lif"``, ``"if"``, ``"cuba_lif"``, ``"alif"``, a class of neurons, or a neuron such as
        ``so.LIF(threshold=0.5)``, whose own parameters then hold instead of ``beta``.
    beta : membrane decay per step, in (0, 1], of hidden neurons and read-out.
    recurrent : whether hidden layers feed their last spikes back to themselves.
    timesteps : steps that a row of features is held or encoded for; series have their own.
    encoder : None for currents; ``"rate"`` or ``"latency"`` for spikes from a table, ``"delta"`` for events from series, by
        :class:`RateEncoder`, :class:`LatencyEncoder` and :class:`DeltaEncoder`: features are brought to [0, 1] by their range.
    standardize : without an encoder, bring features to mean 0 and standard deviation 1 in training; series by channel, but
        for spikes, series of nothing but 0 and 1, which are left as they are.
    alpha : L2 penalty, half the sum of squares of all weights times alpha, in units of the mean loss; None is 0.01.
    algorithm : a name, or a configured one such as ``so.Online(batch_size=50)``.
    max_iter : epochs or iterations; None for what the algorithm says.
    early_stopping : hold ``validation_fraction`` of the samples out of training, return the iterate that scores best on them,
        and end after ``n_iter_no_change`` records without a better one.
    validation_fraction : in (0, 1).
    n_iter_no_change : records, that is, epochs or iterations.
    network : a function ``network(inputs, classes)`` that returns a ``so.Problem`` of one input and one output with as many
        units as there are classes, such as ``build`` of a model file; it may leave out parameters that it does not need. The
        parameters from ``hidden_layer_sizes`` to ``recurrent``, and ``alpha``, are then without effect.
    random_state : of starting weights, batches, spikes, and the samples held out.
    verbose : whether to draw progress.

    Attributes
    ----------
    classes_ : labels, in the order of the columns of ``decision_function`` and ``predict_proba``.
    result_ : the :class:`snnopt.Result`, with weights by name and the run's history.
    problem_ : the :class:`snnopt.Problem` that was solved.
    coefs_, intercepts_ : weights [sources, neurons] and biases [neurons] of each layer, without recurrent ones.
    n_iter_, loss_curve_ : epochs or iterations done, and the loss after each record.
    n_features_in_, feature_names_in_ : what the training data had; T n for series [N, T, n].
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on a table [N, features], or on series [N, T, features] of one length, with labels y [N].

        For series of different lengths there is ``so.data.pad`` and ``plan.solve(..., lengths=...)``.

        Raises
        ------
        ValueError
            Data, labels or a parameter are not what they should be; a :class:`snnopt.SnnoptError` where snnopt says so.
        """
        X, y = checked(self, X, reset=True, y=y)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                "SNNClassifier",
                f"all labels are {self.classes_[0]!r}, one class",
                "give samples of two classes or more",
            )
        self._train(X, labels, stratify=labels)
        return self

    def decision_function(self, X: Any) -> Array:
        """What the loss sees: mean potentials [N, classes]; of two classes, the second's minus the first's [N]."""
        m = self._readout(X)
        difference: Array = m[:, 1] - m[:, 0]
        return difference if len(self.classes_) == 2 else m

    def predict(self, X: Any) -> Array:
        """The class of the highest mean potential, [N]."""
        index = self._readout(X).argmax(axis=1)
        return np.asarray(self.classes_[index])

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Probabilities [N, classes]: the softmax of the mean potentials m, ``exp m_k / sum_j exp m_j``.

        The cross-entropy is their negative logarithm at the true class, so they are the model's own; they are calibrated no
        further. A network with another loss has none.
        """
        return np.asarray(softmax(self._readout(X), axis=1))

    def _size_of_targets(self, targets: Array) -> dict[str, int]:
        return {"classes": len(self.classes_)}
