"""What the classifier and the regressor share: parameters, the network, and the way through training."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from snnopt.algorithms import Algorithm, named_algorithm
from snnopt.api import compile  # noqa: A004
from snnopt.data.dataset import Array, in_shape
from snnopt.data.scaling import Scaling, are_spikes, standard_scaling
from snnopt.errors import ModelError, shown, unknown_name
from snnopt.model import Neuron, Problem
from snnopt.model.fully_connected import fully_connected, sizes_taken
from snnopt.runtime import Status, Stopping
from snnopt.sklearn.arrays import checked, drawn_seed, rows
from snnopt.sklearn.encoders import DeltaEncoder, Encoder, LatencyEncoder, RateEncoder

ENCODERS: dict[str, Callable[[int, int], Encoder]] = {
    "rate": lambda timesteps, seed: RateEncoder(timesteps, random_state=seed),
    "latency": lambda timesteps, _: LatencyEncoder(timesteps),
    "delta": lambda _, __: DeltaEncoder(),
}
"""Encoders by the name that estimators know them by, from time steps and a seed."""


class SpikingEstimator(BaseEstimator, ABC):
    """A spiking network behind scikit-learn's interface; see :class:`SNNClassifier` and :class:`SNNRegressor`."""

    def __init__(
        self,
        hidden_layer_sizes: int | tuple[int, ...] = (100,),
        *,
        neuron: str | type[Neuron] | Neuron = "lif",
        beta: float = 0.9,
        recurrent: bool = False,
        timesteps: int = 10,
        encoder: str | None = None,
        standardize: bool = True,
        alpha: float | None = None,
        algorithm: str | Algorithm = "online",
        max_iter: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        network: Callable[..., Problem] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.neuron = neuron
        self.beta = beta
        self.recurrent = recurrent
        self.timesteps = timesteps
        self.encoder = encoder
        self.standardize = standardize
        self.alpha = alpha
        self.algorithm = algorithm
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.network = network
        self.random_state = random_state
        self.verbose = verbose

    @abstractmethod
    def _size_of_targets(self, targets: Array) -> dict[str, int]:
        """``classes`` or ``outputs``, and how many."""

    @property
    def coefs_(self) -> list[Array]:
        """Weights into each layer, [sources, neurons], the read-out's last; of a network of one's own they are in ``result_``."""
        return [self.result_.weights[f"{name}.weight"].T for name in self._layers()]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases of each layer, [neurons], the read-out's last."""
        return [self.result_.weights[f"{name}.bias"] for name in self._layers()]

    def _layers(self) -> list[str]:
        check_is_fitted(self)
        if self.network is not None:
            raise AttributeError("a network of one's own has its weights in result_.weights, by name")
        nodes = self.problem_.network
        return [nodes.names[p] for p in nodes.populations]

    def _train(self, X: Array, targets: Array, stratify: Array | None) -> None:
        """Scale or encode ``X`` [N, n] or [N, T, n], build the network, and train it on ``targets``."""
        generator = check_random_state(self.random_state)
        held = None
        if self.early_stopping:
            both = train_test_split(
                X, targets, test_size=self.validation_fraction, stratify=stratify, random_state=generator
            )
            X, held_X, targets, held_targets = both
        self._prepare(X, drawn_seed(generator))
        inputs = self._over_time(X[:1]).shape[-1]
        self.problem_ = self._problem(inputs, self._size_of_targets(targets))
        data = self._driving(X)
        if self.early_stopping:
            held = (self._driving(held_X), held_targets)
        algorithm = self._configured()
        result = compile(self.problem_, algorithm).solve(
            data,
            targets,
            timesteps=self.timesteps if self.encoder_ is None and X.ndim == 2 else None,
            seed=drawn_seed(generator),
            progress=bool(self.verbose),
            validation=held,
            stop=Stopping(patience=self.n_iter_no_change, keep="validation") if self.early_stopping else None,
        )
        if result.status in (Status.DIVERGED, Status.NUMERICAL_ERROR):
            warnings.warn(f"training ended in {result.status}: {result.message}", ConvergenceWarning, stacklevel=3)
        # In float32, what is predicted for a sample could depend on how many stand beside it, by one spike that rounds.
        self.result_ = replace(result, weights={n: w.astype(np.float64) for n, w in result.weights.items()})
        self.n_iter_ = result.history[-1].iteration
        self.loss_curve_ = [record.loss for record in result.history.records]

    def _readout(self, X: Any) -> Array:
        """What the loss sees of the read-out, [N, units]."""
        check_is_fitted(self)
        m = self.result_.readout(self._driving(checked(self, X, reset=False)))
        assert isinstance(m, np.ndarray)
        return m

    def _prepare(self, X: Array, seed: int) -> None:
        """Learn how inputs are encoded or scaled."""
        self.encoder_: Encoder | None = None
        self.scaling_: Scaling | None = None
        if self.encoder is not None:
            if not isinstance(self.encoder, str) or self.encoder not in ENCODERS:
                raise unknown_name("encoder", self.encoder, ENCODERS)
            self.encoder_ = ENCODERS[self.encoder](self.timesteps, seed).fit(X)
        elif self.standardize and not (X.ndim == 3 and are_spikes(X)):
            self.scaling_ = standard_scaling(rows(X))

    def _over_time(self, X: Array) -> Array:
        """Encoded or scaled samples, [N, T, n], or [N, n] that are held constant."""
        if self.encoder_ is not None:
            return self.encoder_.transform(X)
        return X if self.scaling_ is None else self.scaling_(X)

    def _driving(self, X: Array) -> Array:
        """What drives the network, time first, in the shape of its input."""
        x, shape = self._over_time(X), self.problem_.network.inputs[0].shape
        if x.ndim == 3:
            x = np.ascontiguousarray(x.swapaxes(0, 1))
        return x if shape is None else in_shape(x, x.ndim - 1, shape)

    def _problem(self, inputs: int, targets: Mapping[str, int]) -> Problem:
        (kind, size) = next(iter(targets.items()))
        if self.network is None:
            return fully_connected(
                inputs,
                **targets,
                hidden=self.hidden_layer_sizes,
                neuron=self.neuron,
                beta=self.beta,
                recurrent=self.recurrent,
                alpha=self.alpha,
            )
        where, example = "network", f"give a function network(inputs, {kind}) that returns so.Problem(...)"
        if not callable(self.network) or isinstance(self.network, type):
            raise ModelError(where, f"{shown(self.network)} is no function that builds a problem", example)
        problem = self.network(**sizes_taken(self.network, {"inputs": inputs} | dict(targets)))
        if not isinstance(problem, Problem):
            raise ModelError(where, f"it returned {shown(problem)}, not a problem", example)
        nodes = problem.network
        if len(nodes.inputs) > 1 or len(nodes.outputs) > 1:
            raise ModelError(
                where, f"it has {len(nodes.inputs)} inputs and {len(nodes.outputs)} outputs", "give it one of each"
            )
        units = int(np.prod(nodes.outputs[0].shape))
        if units != size:
            raise ModelError(
                where, f"its output has {units} units for {size} {kind}", f"take {kind} as a parameter, and use it"
            )
        return problem

    def _configured(self) -> Algorithm:
        algorithm = named_algorithm(self.algorithm)
        if self.max_iter is None:
            return algorithm
        name = "epochs" if hasattr(algorithm, "epochs") else "max_iter"
        settings: dict[str, Any] = {name: self.max_iter}
        return replace(algorithm, **settings)

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
