"""Every mistake that a stranger would make ends in an error that names the place and the mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import snnopt as so

T, N = 5, 12
RNG = np.random.default_rng(0)
X = RNG.random((N, 8))
SEQUENCE = RNG.random((T, N, 8))
Y = np.arange(N) % 3


def untyped(value: object) -> Any:
    """The value, with its type hidden from the type checker: these are mistakes."""
    return value


def nodes() -> tuple[so.Input, Any, Any]:
    """Input 'pixels', layer 'hidden', read-out 'readout'."""
    x = so.Input(8, name="pixels")
    h = so.LIF(beta=0.9, name="hidden")(so.Dense(6)(x))
    return x, h, so.LI(beta=0.9, name="readout")(so.Dense(3)(h))


def problem() -> so.Problem:
    x, h, y = nodes()
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-3 * so.L2(h.weights))


def plan() -> so.Plan:
    return so.compile(problem(), so.Online(epochs=1))


def check(action: Callable[[], object], error: type[ValueError], where: str, cause: str, fix: str) -> None:
    """Assert that ``action`` raises ``error``, and that its three parts match the three patterns."""
    with pytest.raises(error) as caught:
        action()
    assert isinstance(caught.value, so.SnnoptError) and isinstance(caught.value, ValueError)
    assert re.search(where, caught.value.where), caught.value.where
    assert re.search(cause, caught.value.cause), caught.value.cause
    assert re.search(fix, caught.value.fix), caught.value.fix
    text = str(caught.value)
    assert caught.value.cause in text and "Fix: " in text
    assert len(text) < 700, "a message must not print a data set"


class Tensor:
    """An array-like of another library; with ``grad`` it refuses to become a numpy array, as torch's do."""

    def __init__(self, values: np.ndarray, grad: bool = False) -> None:
        self.values, self.grad, self.shape, self.ndim = values, grad, values.shape, values.ndim

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return np.asarray(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)


def with_nan(x: np.ndarray) -> np.ndarray:
    y = x.copy()
    y.flat[3] = np.nan
    return y


PIXELS, TARGETS = "input 'pixels'", "targets of 'readout'"
DATA = {
    "wrong feature count": (X[:, :7], PIXELS, "takes 8 features, the data have 7", r"so\.Input\(7\)"),
    "wrong feature count over time": (SEQUENCE[..., :7], PIXELS, "takes 8 features, the data have 7", "declare so.Inp"),
    "complex": (X + 0j, PIXELS, "complex", "real"),
    "text": (X.astype(str), PIXELS, "not numbers", "astype"),
    "objects": (X.astype(object), PIXELS, "not numbers", "astype"),
    "a file name": ("digits.csv", PIXELS, "str given is not an array", "give an array"),
    "nothing": (None, PIXELS, "NoneType given is not an array", "give an array"),
    "sparse": (sp.csr_array(X), PIXELS, "csr_array given is not an array", "toarray"),
    "ragged": ([[1.0, 2.0], [3.0]], PIXELS, "unequal lengths", "rectangular"),
    "a tensor with gradient": (Tensor(X, grad=True), PIXELS, "cannot read the Tensor", "detach"),
    "NaN": (with_nan(X), PIXELS, r"1 values from index \(0, 3\)", "nan_to_num"),
    "infinite": (np.where(SEQUENCE > 0.99, np.inf, SEQUENCE), PIXELS, "NaN or infinite", "nan_to_num"),
    "no samples": (X[:0], PIXELS, "empty", "at least one sample"),
    "no steps": (SEQUENCE[:0], PIXELS, "empty", "at least one sample and one time step"),
    "one sample without its axis": (X[0], PIXELS, r"shape \(8,\)", r"\[T, N, 8\], or \[N, 8\] with timesteps="),
    "too many axes": (SEQUENCE[None], PIXELS, "the data have shape", r"\[T, N, 8\]"),
    "labels in its place": (Y, PIXELS, "the data have shape", r"\[N, 8\] with timesteps="),
    "unknown input": ({"pixel": X}, "input", "none called 'pixel'", "did you mean 'pixels'"),
    "input left out": ({}, PIXELS, "no data", r"keys \['pixels'\]"),
}


@pytest.mark.parametrize("case", DATA)
def test_data(case: str) -> None:
    data, *message = DATA[case]
    error = so.UnknownNameError if case.startswith("unknown") else so.DataError
    steps = None if getattr(data, "ndim", 2) == 3 else T
    check(lambda: plan().solve(data, Y, timesteps=steps), error, *message)
    result = plan().solve(X, Y, timesteps=T)
    check(lambda: so.simulate(problem().network, result.weights, data, timesteps=steps), error, *message)
    check(lambda: result.predict(data), error, *message)
    check(lambda: result.score(data, Y), error, *message)


LABELS = {
    "fractional": (Y + 0.5, TARGETS, "fractional, e.g. 0.5", "whole numbers 0 to 2"),
    "from one": (Y + 1, TARGETS, "label 3 is out of range for 3 units", r"start at 1, so use y - 1"),
    "one too many": (
        Y + 2 * (Y == 2),
        TARGETS,
        "label 4 is out of range for 3 units",
        r"0 to 2, or give the output so\.Dense\(5\)",
    ),
    "negative": (Y - 1, TARGETS, "label -1 is out of range", "0 to 2$"),
    "too few": (Y[:-1], TARGETS, "11 targets for 12 samples", "one target for each sample"),
    "a number": (3, TARGETS, "no targets for 12 samples", "one target for each"),
    "one-hot": (np.eye(3)[Y], TARGETS, r"shape \(12, 3\)", "argmax"),
    "text": (Y.astype(str), TARGETS, "not numbers", "numpy.unique"),
    "complex": (Y + 0j, TARGETS, "complex", "real"),
    "NaN": (with_nan(Y.astype(float)), TARGETS, "NaN", "remove the samples"),
    "nothing": (None, TARGETS, "NoneType", "give an array"),
    "data in its place": (X, TARGETS, r"shape \(12, 8\)", "whole-number labels"),
    "unknown output": ({"read": Y}, "output", "none called 'read'", "did you mean 'readout'"),
    "output left out": ({}, "output 'readout'", "no targets", "readout"),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels(case: str) -> None:
    labels, *message = LABELS[case]
    error = so.UnknownNameError if case.startswith("unknown") else so.DataError
    check(lambda: plan().solve(X, labels, timesteps=T), error, *message)
    check(lambda: plan().solve(X, Y, timesteps=T, validation=(X, labels)), error, *message)
    check(lambda: plan().solve(X, Y, timesteps=T).score(X, labels), error, *message)


def test_batch_first_data_are_recognised_by_the_labels() -> None:
    batch_first = SEQUENCE.swapaxes(0, 1)
    check(lambda: plan().solve(batch_first, Y), so.DataError, TARGETS, "12 targets for 5 samples", "swapaxes")


def test_real_targets_of_the_wrong_width() -> None:
    x, _, y = nodes()
    squared = so.compile(so.Problem(so.Network(x, y), so.SquaredError(y)))
    check(lambda: squared.solve(X, X, timesteps=T), so.DataError, TARGETS, "8 columns for 3 units", r"\[N, 3\]")


@pytest.mark.parametrize("steps", [5.0, "5", 0, -1, True, [5]])
def test_timesteps_are_a_whole_number(steps: Any) -> None:
    check(lambda: plan().solve(X, Y, timesteps=steps), so.DataError, PIXELS, "timesteps=", "whole number")
    result = plan().solve(X, Y, timesteps=T)
    check(lambda: result.predict(X, timesteps=steps), so.DataError, PIXELS, "timesteps=", "whole number")


def test_timesteps_are_asked_for_and_must_agree() -> None:
    check(lambda: plan().solve(X, Y), so.DataError, PIXELS, "no time axis", "timesteps=10")
    check(lambda: plan().solve(SEQUENCE, Y, timesteps=7), so.DataError, "data", "timesteps=7.*5 steps", "leave")


def test_inputs_must_have_equally_many_samples_and_steps() -> None:
    x, u = so.Input(8, name="a"), so.Input(8, name="b")
    y = so.LI(name="readout")(so.Dense(3)(so.LIF(name="hidden")(so.Dense(6)(x) + so.Dense(6)(u))))
    two = so.compile(so.Problem(so.Network([x, u], y), so.CrossEntropy(y)))
    short = {"a": SEQUENCE, "b": SEQUENCE[:, :-1]}
    check(lambda: two.solve(short, Y), so.DataError, "data", "number of samples: .*'a': 12, 'b': 11", "same number")
    late = {"a": SEQUENCE, "b": SEQUENCE[:-1]}
    check(lambda: two.solve(late, Y), so.DataError, "data", "number of time steps", "same number")
    check(lambda: two.solve(SEQUENCE, Y), so.DataError, "data", "2 inputs", r"keys \['a', 'b'\]")


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_seed_is_a_whole_number(seed: Any) -> None:
    check(lambda: plan().solve(X, Y, timesteps=T, seed=seed), so.ModelError, "solve", "seed=", "whole number")


WEIGHTS = {
    "wrong shape": ({"hidden.weight": X}, so.DataError, "'hidden.weight'", r"shape \(12, 8\)", r"shape \(6, 8\)"),
    "unknown": ({"hiden.weight": X}, so.UnknownNameError, "weight", "hiden", "did you mean 'hidden.weight'"),
    "NaN": ({"hidden.weight": np.full((6, 8), np.nan)}, so.DataError, "'hidden.weight'", "NaN", "fill"),
    "left out": ({}, so.DataError, "'hidden.weight'", "missing", r"shape \(6, 8\)"),
    "a list": ([X], so.DataError, "weights", "is not a dict", "hidden.weight"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights(case: str) -> None:
    given, error, *message = WEIGHTS[case]
    weights: Any = given
    check(lambda: plan().solve(X, Y, timesteps=T, weights=weights), error, *message)
    check(lambda: so.simulate(problem().network, weights, X, timesteps=T), error, *message)


def lif(**parameters: Any) -> so.LIF:
    return so.LIF(name="hidden", **parameters)


HIDDEN = "LIF 'hidden'"
PARTS: dict[str, tuple[Callable[[], object], type[ValueError], str, str, str]] = {
    "beta above one": (lambda: lif(beta=1.5), so.ModelError, HIDDEN, "beta = 1.5", r"\(0, 1\].*exp\(-dt/tau\)"),
    "beta of zero": (lambda: so.LI(beta=0, name="readout"), so.ModelError, "LI 'readout'", "beta = 0", r"\(0, 1\]"),
    "beta as text": (lambda: lif(beta="0.9"), so.ModelError, HIDDEN, "beta = '0.9'", "give a number"),
    "beta complex": (lambda: lif(beta=0.9 + 0j), so.ModelError, HIDDEN, "beta", "give a number"),
    "beta missing": (lambda: lif(beta=None), so.ModelError, HIDDEN, "beta = None", "give a number"),
    "beta a switch": (lambda: lif(beta=True), so.ModelError, HIDDEN, "beta = True", "give a number"),
    "beta NaN": (lambda: lif(beta=np.nan), so.ModelError, HIDDEN, "beta = nan", "give a number"),
    "beta ragged": (lambda: lif(beta=[[0.1], [0.2, 0.3]]), so.ModelError, HIDDEN, "beta", "give a number"),
    "one beta too large": (lambda: lif(beta=[0.5, 1.5]), so.ModelError, HIDDEN, "beta", "one for each neuron"),
    "too few betas": (
        lambda: lif(beta=[0.5, 0.6])(so.Dense(3)(so.Input(8))),
        so.ModelError,
        HIDDEN,
        "2 values for 3 neurons",
        r"array of shape \(3,\)",
    ),
    "threshold of zero": (lambda: lif(threshold=0), so.ModelError, HIDDEN, "threshold = 0", r"\(0, inf\)"),
    "reset to zero": (lambda: lif(reset_mechanism="zero"), so.ModelError, HIDDEN, "not linear", "subtract"),
    "reset misspelt": (
        lambda: lif(reset_mechanism="substract"),
        so.UnknownNameError,
        HIDDEN,
        "substract",
        "did you mean 'subtract'",
    ),
    "reset_delay as text": (lambda: lif(reset_delay="no"), so.ModelError, HIDDEN, "reset_delay = 'no'", "True or"),
    "recurrent as a switch": (lambda: lif(recurrent=True), so.ModelError, HIDDEN, "recurrent", r"recurrent=so.Dense\("),
    "recurrent as a class": (lambda: lif(recurrent=so.Dense), so.ModelError, HIDDEN, "class Dense", r"so.Dense\(\)"),
    "Dense(0)": (lambda: so.Dense(0), so.ModelError, "Dense", "units is 0", "at least 1"),
    "Dense of a negative": (lambda: so.Dense(-3, name="w_in"), so.ModelError, "Dense 'w_in'", "-3", "at least 1"),
    "Dense of a float": (lambda: so.Dense(10.0), so.ModelError, "Dense", "10.0", "whole"),  # type: ignore[arg-type]
    "Dense of text": (lambda: so.Dense("10"), so.ModelError, "Dense", "'10'", "whole"),  # type: ignore[arg-type]
    "Dense bias": (lambda: so.Dense(3, bias=None), so.ModelError, "Dense", "bias", "True"),  # type: ignore[arg-type]
    "Dense of unknown width": (lambda: lif()(so.Dense()(so.Input(8))), so.ModelError, HIDDEN, "not known", "units"),
    "Dense on Dense": (
        lambda: so.Dense(3, name="second")(so.Dense(4, name="first")(so.Input(8, name="pixels"))),
        so.ModelError,
        r"Dense 'second' .*Dense 'first'\(input 'pixels'\)",
        "no neuron between",
        "put a neuron such as so.LIF",
    ),
    "Dense on an array": (lambda: so.Dense(3)(untyped(X)), so.ModelError, "Dense", "needs a signal", "so.Input"),
    "Dense on a neuron": (lambda: so.Dense(3)(untyped(lif())), so.ModelError, "Dense", "needs a signal", "layer"),
    "neuron on an array": (lambda: lif()(untyped(X)), so.ModelError, HIDDEN, r"shape \(12, 8\)", r"so.Dense\(100\)"),
    "neuron on a connection": (lambda: lif()(untyped(so.Dense(3))), so.ModelError, HIDDEN, "Dense", r"\(x\)"),
    "Input(0)": (lambda: so.Input(0, name="pixels"), so.ModelError, "Input 'pixels'", "is 0", "positive whole"),
    "Input of a float": (lambda: so.Input(untyped(8.0)), so.ModelError, "Input", "8.0", "positive whole"),
    "Input of an array": (lambda: so.Input(untyped(X)), so.ModelError, "Input", "an array of shape", "positive"),
    "currents of two widths": (
        lambda: so.Dense(3)(so.Input(8, name="a")) + so.Dense(4)(so.Input(8, name="b")),
        so.ModelError,
        r"Dense\(input 'a'\) .* Dense\(input 'b'\)",
        r"\(3,\) and \(4,\)",
        "same number of units",
    ),
    "current plus a number": (lambda: so.Dense(3)(so.Input(8)) + 1, so.ModelError, "current", "int", "bias=True"),
    "array plus a current": (lambda: np.ones(3) + so.Dense(3)(so.Input(8)), so.ModelError, "", "ndarray", "bias=True"),
    "a scaled current": (
        lambda: 2 * so.Dense(3)(so.Input(8, name="a")),
        so.ModelError,
        r"'a'\) scaled by 2",
        "not mul",
        "wei",
    ),
    "a scaled input": (
        lambda: so.Input(8, name="a") * 0.5,
        so.ModelError,
        "'a' scaled by 0.5",
        "not multiplied",
        "weights",
    ),
    "a divided layer": (lambda: nodes()[1] / 2, so.ModelError, "'hidden' scaled by 2", "not multiplied", "weights"),
    "array times a layer": (lambda: np.ones(2) * nodes()[1], so.ModelError, "'hidden'", "not multiplied", "weights"),
    "minus a current": (lambda: nodes()[1] - nodes()[1], so.ModelError, "minus", "not subtracted", r"with \+"),
    "a negative layer": (lambda: -nodes()[1], so.ModelError, "'hidden' scaled by -1", "not multiplied", "weights"),
    "Window(0)": (lambda: so.Window(0), so.ModelError, "Window", "steps = 0", "at least 1"),
}


@pytest.mark.parametrize("case", PARTS)
def test_parts_of_a_model(case: str) -> None:
    check(*PARTS[case])


def loss(**more: Any) -> Any:
    return so.CrossEntropy(nodes()[2], **more)


OBJECTIVES: dict[str, tuple[Callable[[], object], type[ValueError], str, str, str]] = {
    "loss on an input": (lambda: so.CrossEntropy(untyped(nodes()[0])), so.ModelError, "Cross", "'pixels'", "output"),
    "loss on a current": (
        lambda: so.CrossEntropy(untyped(so.Dense(3)(nodes()[1]))),
        so.ModelError,
        "CrossEntropy",
        r"Dense\(layer 'hidden'\) is not a layer",
        "so.LI",
    ),
    "loss on a neuron": (lambda: so.CrossEntropy(untyped(so.LI())), so.ModelError, "Cross", "LI", "output layer"),
    "loss on a hidden layer": (lambda: so.CrossEntropy(nodes()[1]), so.ModelError, "layer 'hidden'", "spikes", "so.LI"),
    "over misspelt": (lambda: loss(over="means"), so.UnknownNameError, "'readout'", "means", "did you mean 'mean'"),
    "over a number": (lambda: loss(over=8), so.UnknownNameError, "'readout'", "8", r"so.Window\(k\)"),
    "penalty on a layer": (lambda: so.L2(untyped(nodes()[1])), so.ModelError, "L2", "layer 'hidden'", r"h\.weights"),
    "penalty on a name": (lambda: so.L2(untyped("hidden.weight")), so.ModelError, "L2", "hidden", r"h\.weights"),
    "penalty on the name of a layer": (
        lambda: so.L1(untyped("hidden")),
        so.ModelError,
        "L1",
        "'hidden'",
        "layer object",
    ),
    "loss on a name": (
        lambda: so.CrossEntropy(untyped("readout")),
        so.ModelError,
        "CrossEntropy",
        "'readout' is a name, not a layer",
        "output layer itself",
    ),
    "price on a name": (lambda: so.SpikeCost(untyped("hidden")), so.ModelError, "SpikeCost", "is a name", "itself"),
    "budget on a name": (lambda: so.SpikeBudget(untyped("h"), 0.1), so.ModelError, "Budget", "is a name", "itself"),
    "price on weights": (lambda: so.SpikeCost(nodes()[1].weights), so.ModelError, "Spike", "not a layer", "itself"),
    "box on a name": (lambda: so.Box(untyped("hidden"), -1, 1), so.ModelError, "Box", "'hidden'", "layer object"),
    "weights below": (
        lambda: nodes()[1].weights <= 1,
        so.ModelError,
        "weights of layer 'hidden' <= 1",
        "bounds no weights",
        r"so\.Box\(h\.weights, -math\.inf, 1\)",
    ),
    "weights above": (
        lambda: nodes()[1].weights >= -0.5,
        so.ModelError,
        ">= -0.5",
        "bounds",
        r"Box\(.*, -0\.5, math\.inf\)",
    ),
    "number below weights": (lambda: np.float64(1) >= nodes()[1].weights, so.ModelError, "<= ", "bounds", r"inf, 1\)"),
    "weights above zero": (lambda: nodes()[1].weights > 0, so.ModelError, ">= 0", "bounds", r"Sign\(h\.weights, \+1\)"),
    "weights below zero": (lambda: nodes()[1].weights <= 0, so.ModelError, "<= 0", "bounds", r"Sign\(h\.weights, -1\)"),
    "over zero": (lambda: loss() / 0, so.ModelError, "readout.* / 0", "> 0 only", r"CrossEntropy\(y\) / 2"),
    "over a negative": (lambda: (loss() + loss()) / -2, so.ModelError, "/ -2", "> 0 only", "scale"),
    "over a term": (lambda: loss() / loss(), so.ModelError, "readout", "> 0 only", "scale"),
    "negative scale": (lambda: -1e-3 * so.L2(nodes()[1].weights), so.ModelError, "hidden", ">= 0", "1e-3"),
    "minus a term": (lambda: loss() - so.L2(nodes()[1].weights), so.ModelError, "hidden", ">= 0", "1e-3"),
    "minus a loss": (lambda: -loss(), so.ModelError, "readout", ">= 0", "scale"),
    "scale an array": (lambda: np.ones(2) * loss(), so.ModelError, r"shape \(2,\)", "finite number", "scale terms"),
    "scale NaN": (lambda: np.nan * loss(), so.ModelError, "nan", "finite number", "scale terms"),
    "plus a number": (lambda: loss() + 1, so.ModelError, "readout", "not a term", "so.L2"),
    "times a term": (lambda: loss() * so.L2(nodes()[1].weights), so.ModelError, "readout", "finite", "scale terms"),
    "problem swapped": (
        lambda: so.Problem(untyped(loss()), untyped(so.Network(*nodes()[::2]))),
        so.ModelError,
        "Problem",
        "its network is CrossEntropy",
        r"so\.Network\(x, y\) first",
    ),
    "problem on a layer": (
        lambda: so.Problem(untyped(nodes()[2]), loss()),
        so.ModelError,
        "Problem",
        "'readout'",
        "first",
    ),
    "objective a name": (
        lambda: so.Problem(so.Network(*nodes()[::2]), untyped("mse")),
        so.ModelError,
        "obj",
        "'mse'",
        "so.C",
    ),
}


@pytest.mark.parametrize("case", OBJECTIVES)
def test_objectives(case: str) -> None:
    check(*OBJECTIVES[case])


def test_numpy_numbers_may_scale_terms_and_size_inputs() -> None:
    term = so.L2(nodes()[1].weights)
    for factor in (np.float32(2), np.float64(2), np.int64(2)):
        assert (factor * term).scaled[0][0] == (term * factor).scaled[0][0] == 2.0
        assert (term / factor).scaled[0][0] == (0.5 * term / 2).scaled[0][0] * 2 == 0.5
    assert so.Input(int(np.prod([2, 4]))).shape == so.Input(np.int64(8)).shape == (8,)  # type: ignore[arg-type]


def test_loss_on_a_layer_that_is_no_output() -> None:
    x, _, y = nodes()
    last = so.LIF(name="last")(so.Dense(3)(y))
    message = ("readout", "not an output", "put the loss on an output")
    check(lambda: so.Problem(so.Network(x, last), so.CrossEntropy(y)), so.ModelError, *message)


def test_loss_of_another_network() -> None:
    x, _, y = nodes()
    other = so.LI(name="other")(so.Dense(3)(so.LIF()(so.Dense(4)(x))))
    message = (r"mean_t v\[other\]", "layer 'other' is not part of this network", "hidden, readout")
    check(lambda: so.Problem(so.Network(x, y), so.CrossEntropy(other)), so.ModelError, *message)


def test_objects_of_an_earlier_run_of_a_cell() -> None:
    """Half a notebook run again: names meet, objects do not."""
    (x, h, y), (x_again, h_again, _) = nodes(), nodes()
    again = "another object"
    message = (r"mean_t v\[readout\]", f"layer 'readout' .*{again}", "run the cells .* again")
    check(lambda: so.Problem(so.Network(x, y), loss()), so.ModelError, *message)
    message = (r"W\[hidden\]", f"layer 'hidden' .*{again}", "run the cells .* again")
    check(lambda: so.Problem(so.Network(x, y), so.CrossEntropy(y) + so.L2(h_again.weights)), so.ModelError, *message)
    message = ("input 'pixels'", again, "run the cell that makes the layers again")
    check(lambda: so.Network(x_again, y), so.ModelError, *message)
    feedback = {h_again: so.Dense()(so.Delay(1)(h))}
    check(lambda: so.Network(x, y, feedback), so.ModelError, "feedback into layer 'hidden'", again, "run the cells")


def test_objective_without_a_loss() -> None:
    x, h, y = nodes()
    check(
        lambda: so.Problem(so.Network(x, y), so.L2(h.weights)), so.ModelError, "Problem", "no loss", "add so.CrossEntr"
    )


def test_output_without_a_loss() -> None:
    x, h, y = nodes()
    other = so.LI(name="other")(so.Dense(2)(h))
    message = ("layer 'other'", "no loss depends on it", "leave it out")
    check(lambda: so.Problem(so.Network(x, [y, other]), so.CrossEntropy(y)), so.ModelError, *message)


def test_networks() -> None:
    x, _, y = nodes()
    swapped = untyped(y), untyped(x)
    check(lambda: so.Network(*swapped), so.ModelError, "Network", "layer 'readout' is among its inputs", "so.Input")
    check(lambda: so.Network(x, y.neuron), so.ModelError, "Network", "LI.* is among its outputs", "so.LI")
    check(lambda: so.Network([], y), so.ModelError, "Network", "no inputs", "at least one")
    check(lambda: so.Network(x, []), so.ModelError, "Network", "no outputs", "at least one")
    check(lambda: so.Network(untyped(X), untyped(Y)), so.ModelError, "Network", "an array", "so.Input")
    other = so.Input(3, name="other")
    check(lambda: so.Network([x, other], y), so.ModelError, "input 'other'", "no output .* reached", "connect it")
    check(lambda: so.Network(other, y), so.ModelError, "input 'pixels'", "not among", "add it to inputs")
    check(lambda: so.Network(x, [y, y]), so.ModelError, "Network", "'readout' is among its outputs twice", "once")
    check(lambda: so.Network([x, x], y), so.ModelError, "Network", "'pixels' is among its inputs twice", "once")


def test_names_are_unique_text_without_a_dot() -> None:
    x, h, _ = nodes()
    again = so.LI(name="hidden")(so.Dense(3)(h))
    check(lambda: so.Network(x, again), so.ModelError, "layers named 'hidden'", "two nodes", "its own name")
    dotted = so.LI(name="out.put")(so.Dense(3)(h))
    check(lambda: so.Network(x, dotted), so.ModelError, "'out.put'", "'out.put'", "without a dot")
    numbered = so.LI(name=untyped(3))(so.Dense(3)(h))
    check(lambda: so.Network(x, numbered), so.ModelError, "3", "3", "text")


@pytest.mark.parametrize("name", ["w", "hidden"])
def test_names_of_connections_are_unique(name: str) -> None:
    x = so.Input(8)
    h = so.LIF(name="hidden")(so.Dense(6, name=name if name == "w" else None)(x))
    y = so.LI(name="readout")(so.Dense(3, name=name)(h))
    message = (f"Dense '{name}'", f"'{name}.weight'", "name of its own")
    check(lambda: so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y))), so.ModelError, *message)


def trained(x: so.Input, y: Any, loss: Any) -> so.Plan:
    return so.compile(so.Problem(so.Network(x, y), loss))


def test_what_no_block_would_hold_is_refused_by_name() -> None:
    x, h, y = nodes()
    bare = so.LIF(name="bare")(x)
    out = so.LI(name="out")(so.Dense(3)(bare))
    message = ("bare", "no weights of its own", r"so\.Dense\(100\)")
    check(lambda: trained(x, out, so.CrossEntropy(out) + so.L2(bare.weights)), so.ModelError, *message)
    after = so.LI(name="after")(so.Dense(3)(y))
    message = ("layer 'readout'", "judged by a loss and also feeds layer 'after'", "read-out of its own")
    both = so.CrossEntropy(after) + so.CrossEntropy(y)
    network = so.Network(x, [after, y])
    check(lambda: so.compile(so.Problem(network, both)), so.CompileError, *message)
    shared = so.Dense(3, name="shared")
    low = so.LIF(name="low")(shared(h))
    high = so.LI(name="high")(shared(h) + so.Dense(3)(low))
    message = ("shared weights 'shared.weight'", "read-out 'high' and layer 'low'", "connection of its own")
    check(lambda: trained(x, high, so.CrossEntropy(high)), so.CompileError, *message)


def test_recurrent_connection_of_another_width() -> None:
    x = so.Input(8)
    h = lif(recurrent=so.Dense(7))(so.Dense(3)(x))
    y = so.LI()(so.Dense(2)(h))
    message = ("layer 'hidden'", r"\(7,\) for neurons of shape \(3,\)", r"recurrent=so.Dense\(\)")
    check(lambda: trained(x, y, so.CrossEntropy(y)), so.ModelError, *message)


def test_window_longer_than_the_data() -> None:
    x, _, y = nodes()
    long = trained(x, y, so.CrossEntropy(y, over=so.Window(9)))
    check(lambda: long.solve(X, Y, timesteps=T), so.ModelError, "readout", "9 steps, the data have 5", "shorten")


ALGORITHMS: dict[str, tuple[Callable[[], object], type[ValueError], str, str, str]] = {
    "misspelt": (lambda: so.compile(problem(), "onlin"), so.UnknownNameError, "algor", "'onlin'", "mean 'online'"),
    "unheard of": (lambda: so.compile(problem(), "adam"), so.UnknownNameError, "algor", "'adam'", "'online', 'perin"),
    "a class": (lambda: so.compile(problem(), untyped(so.Online)), so.ModelError, "algor", "Online", r"Online\(\)"),
    "not a problem": (lambda: so.compile(untyped(problem().network)), so.ModelError, "comp", "Netw", "so.Problem"),
    "no epochs": (lambda: so.Online(epochs=0), so.ModelError, "'online'", "epochs = 0", "positive"),
    "half a sample": (
        lambda: so.Online(batch_size=untyped(2.5)),
        so.ModelError,
        "'online'",
        "batch_size = 2.5",
        "whole",
    ),
    "negative batch": (lambda: so.Online(batch_size=-1), so.ModelError, "'online'", "batch_size = -1", "positive"),
    "NaN step": (lambda: so.Rollout(step=np.nan), so.ModelError, "'rollout'", "step = nan", "positive"),
    "share above one": (lambda: so.Rollout(flips=1.5), so.ModelError, "'rollout'", "flips = 1.5", r"\(0, 1\]"),
    "dtype": (lambda: so.Online(dtype=untyped("half")), so.ModelError, "'online'", "'half'", "'float32' or"),
}


@pytest.mark.parametrize("case", ALGORITHMS)
def test_algorithms(case: str) -> None:
    check(*ALGORITHMS[case])


def test_names_that_are_not_there_are_told() -> None:
    result = plan().solve(X, Y, timesteps=T)
    known = "did you mean 'hidden.weight'?"
    check(lambda: result.weights["hidden.wieght"], so.UnknownNameError, "weight", "'hidden.wieght'", known)
    trace = so.simulate(problem().network, result.weights, X, timesteps=T)
    check(lambda: trace["hiden"], so.UnknownNameError, "population", "'hiden'", "did you mean 'hidden'?")


@pytest.mark.parametrize("name", ["dynamics", "hidden"])
def test_dynamics_have_no_penalty_in_a_rollout(name: str) -> None:
    given = {name: so.Linearised(1.0)}
    check(lambda: so.compile(problem(), "online", penalties=given), so.ModelError, name, "dynamics hold", "'full_dual'")


def test_simulate_wants_a_network() -> None:
    check(lambda: so.simulate(untyped(nodes()), {}, X), so.ModelError, "simulate", "not a network", "problem.network")


@pytest.mark.parametrize("wrap", [list, np.ndarray.tolist, Tensor, np.asfortranarray, lambda a: a[:, ::-1][:, ::-1]])
def test_array_likes_of_other_libraries_are_taken(wrap: Callable[[np.ndarray], Any]) -> None:
    labels = Y.tolist() if wrap is list else Tensor(Y) if wrap is Tensor else Y
    expected = plan().solve(X, Y, timesteps=T)
    found = plan().solve(wrap(X), labels, timesteps=T)
    for name, w in expected.weights.items():
        np.testing.assert_array_equal(found.weights[name], w)
    np.testing.assert_array_equal(found.predict(wrap(X)), expected.predict(X))


@pytest.mark.parametrize("labels", [Y.astype(float), Y.astype(np.uint8), Y[:, None], Y.astype(np.int8)])
def test_whole_numbers_of_any_type_are_labels(labels: np.ndarray) -> None:
    expected, found = (plan().solve(X, y, timesteps=T) for y in (Y, labels))
    np.testing.assert_array_equal(found.weights["readout.weight"], expected.weights["readout.weight"])


def test_errors_survive_pickling() -> None:
    """Workers of other processes hand errors on."""
    error = so.DataError("input 'pixels'", "the batch is empty", "give at least one sample")
    kind, arguments = error.__reduce__()
    assert str(kind(*arguments)) == str(error)


def test_currents_add_up_in_a_sum() -> None:
    x = so.Input(8)
    current = sum([so.Dense(5)(x), so.Dense(5)(so.Delay(1)(x))])
    assert isinstance(current, so.model.Current) and len(current.paths) == 2
    assert so.LIF()(current).shape == (5,)


@pytest.mark.parametrize(("wrong", "right"), [("LLF", "LIF"), ("lif", "LIF"), ("Crossentropy", "CrossEntropy")])
def test_misspelt_names_of_the_package_are_guessed(wrong: str, right: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{wrong}'; did you mean '{right}'"):
        getattr(so, wrong)
    assert not hasattr(so, "zzzzzz")
