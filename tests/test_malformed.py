"""Malformed models: each error names the place in the user's words and says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import snnopt as so

X, U = so.Input(8, name="pixels"), so.Input(6, name="sounds")
IMAGE = so.Input((1, 8, 8), name="image")
H = so.LIF(beta=0.9, name="hidden")(so.Dense(12)(X))
Y = so.LI(beta=0.9, name="readout")(so.Dense(3)(H))
FREE = so.LIF(beta=0.9, name="elsewhere")(so.Dense(12)(X))


def cycle() -> object:
    a = so.LIF(name="first")(so.Dense(5)(X))
    b = so.LIF(name="second")(so.Dense(5)(a))
    y = so.LI(name="out")(so.Dense(3)(b))
    return so.Network(X, y, feedback={a: so.Dense()(b)})


def longer_cycle() -> object:
    a = so.LIF(name="first")(so.Dense(5)(X))
    b = so.LIF(name="second")(so.Dense(5)(a))
    c = so.LIF(name="third")(so.Dense(5)(b))
    y = so.LI(name="out")(so.Dense(3)(c))
    return so.Network(X, y, feedback={a: so.Dense()(so.Delay(1)(b)), b: so.Dense()(c)})


def shared_between_widths() -> object:
    shared = so.Dense(4, name="shared")
    a = so.LIF(name="first")(shared(X))
    b = so.LIF(name="second")(shared(a))
    y = so.LI(name="out")(so.Dense(3)(b))
    return so.compile(so.Problem(so.Network(X, y), so.CrossEntropy(y)))


def same_name_twice() -> object:
    a = so.LIF(name="twin")(so.Dense(5)(X))
    y = so.LI(name="twin")(so.Dense(3)(a))
    return so.Network(X, y)


def untyped(value: object) -> Any:
    return value


MALFORMED: dict[str, tuple[Callable[[], object], str, str, str]] = {
    "currents of two widths": (
        lambda: so.Dense(50)(X) + so.Dense(40)(U),
        r"Dense.*'pixels'.*Dense.*'sounds'",
        r"\(50,\) and \(40,\)",
        "same number of units",
    ),
    "a cycle without a delay": (cycle, "'first' -> layer 'second' -> layer 'first'", "no delay", r"so\.Delay\(1\)"),
    "one prompt cycle beside a delayed one": (longer_cycle, "'second' -> layer 'third'", "no delay", r"so\.Delay\(1\)"),
    "feedback of another width": (
        lambda: so.Network(X, Y, feedback={H: so.Dense(7)(so.Delay(1)(H))}),
        "feedback into layer 'hidden'",
        r"shape \(7,\), the layer \(12,\)",
        r"so\.Dense\(\)",
    ),
    "feedback into a stranger": (
        lambda: so.Network(X, Y, feedback={FREE: so.Dense()(so.Delay(1)(H))}),
        "feedback into layer 'elsewhere'",
        "no output",
        "leave it out",
    ),
    "feedback as a list": (
        lambda: so.Network(X, Y, feedback=untyped([so.Dense()(H)])),
        "feedback",
        "not a dict",
        r"feedback=\{h1",
    ),
    "a threshold of zero": (
        lambda: so.LIF(threshold=0.0, name="hidden"),
        "LIF 'hidden'",
        "threshold = 0.0",
        "give a number in",
    ),
    "a decay above one": (lambda: so.LIF(beta=1.1, name="hidden"), "LIF 'hidden'", "beta = 1.1", r"exp\(-dt/tau\)"),
    "a decay per neuron, of the wrong number": (
        lambda: so.LIF(beta=[0.9, 0.8], name="hidden")(so.Dense(12)(X)),
        "LIF 'hidden'",
        "2 values for 12 neurons",
        r"shape \(12,\)",
    ),
    "reset to zero": (
        lambda: so.LIF(reset_mechanism=untyped("zero"), name="hidden"),
        "LIF 'hidden'",
        "zero",
        "subtract",
    ),
    "an equation that multiplies two states": (
        lambda: so.Neuron.from_equations(v="0.9 * v * w + i", w="0.8 * w", threshold=1.0, name="odd"),
        "'odd'.*'v'",
        r"'0.9 \* v \* w' multiplies states",
        "linear between spikes",
    ),
    "an equation with an unknown name": (
        lambda: so.Neuron.from_equations(v="alpha * v + i", threshold=1.0, name="odd"),
        "'odd'.*'v'",
        "'alpha' is not a state or a parameter",
        "parameters=",
    ),
    "a neuron that never reads its current": (
        lambda: so.compile(
            so.Problem(
                so.Network(X, y := so.LI(name="out")(so.Dense(3)(_deaf()))),
                so.CrossEntropy(y),
            )
        ),
        "layer 'deaf'",
        "never reads the current",
        "use the current in an equation",
    ),
    "a loss on a hidden layer": (
        lambda: so.Problem(so.Network(X, Y), so.CrossEntropy(Y) + so.CrossEntropy(H, over="count")),
        "cross_entropy",
        "layer 'hidden' is not an output",
        "put the loss on an output",
    ),
    "a constraint on another network's weights": (
        lambda: so.Problem(so.Network(X, Y), so.CrossEntropy(Y), constraints=[so.Box(FREE.weights, -1, 1)]),
        "elsewhere",
        "not part of this network",
        "hidden, readout",
    ),
    "a penalty and no loss": (
        lambda: so.Problem(so.Network(X, Y), 1e-3 * so.L2(H.weights)),
        "Problem",
        "no loss",
        "CrossEntropy",
    ),
    "a reward": (lambda: -1 * so.CrossEntropy(Y), "objective", "minimised", "scale terms"),
    "two weights without a neuron between": (
        lambda: so.Dense(5)(so.Dense(6)(X)),
        "Dense",
        "no neuron between",
        "use one connection",
    ),
    "neurons of unknown number": (
        lambda: so.LIF(name="hidden")(so.Dense()(X)),
        "LIF 'hidden'",
        "number of neurons is not known",
        "units",
    ),
    "a convolution of a vector": (
        lambda: so.Conv2d(4, 3)(X),
        "Conv2d.*'pixels'",
        r"shape \(8,\)",
        r"so\.Input\(\(1, 8, 8\)\)",
    ),
    "a kernel wider than the image": (lambda: so.Conv2d(4, 11)(IMAGE), "Conv2d.*'image'", "11", "."),
    "channels last": (
        lambda: so.Conv2d(4, 3)(so.Input((28, 28, 1), name="photo")),
        "Conv2d.*'photo'",
        r"kernel of \(3, 3\) does not fit in a source of \(28, 1\)",
        r"channels come first: declare so\.Input\(\(1, 28, 28\)\) and give numpy\.moveaxis\(X, -1, -3\)",
    ),
    "channels of a series last": (
        lambda: so.Conv1d(4, 5)(so.Input((40, 3), name="series")),
        "Conv1d.*'series'",
        "does not fit",
        r"so\.Input\(\(3, 40\)\) and give numpy\.moveaxis\(X, -1, -2\)",
    ),
    "pooling by more than the image": (
        lambda: so.AvgPool2d(9)(IMAGE),
        "AvgPool2d.*'image'",
        "windows of 9 x 9 are larger than the image of 8 x 8",
        "pool by at most 8",
    ),
    "a mask with NaN": (lambda: so.Sparse([[1, float("nan")]]), "Sparse", "1 NaN", "nan_to_num"),
    "a mask of zeros": (lambda: so.Sparse([[0, 0], [0, 0]]), "Sparse", "no synapse", "not zero everywhere"),
    "a mask of text": (lambda: so.Sparse([["a"]]), "Sparse", r"its mask is \[\['a'\]\]", r"\[units, sources\]"),
    "a mask of unequal rows": (lambda: so.Sparse(untyped([[1], [1, 2]])), "Sparse", "mask", r"\[units, sources\]"),
    "a network without weights": (
        lambda: so.Problem(so.Network(X, y := so.LI(name="out")(so.LIF(name="bare")(X))), so.CrossEntropy(y)),
        "Problem",
        "no weights, so there is nothing to train",
        r"put so\.Dense\(\.\.\.\) somewhere",
    ),
    "one connection between layers of two widths": (
        shared_between_widths,
        "shared weights 'shared.weight'",
        r"\(4, 8\), another \(4, 4\)",
        "two connections",
    ),
    "two layers of one name": (same_name_twice, "'twin'", "two nodes", "own name"),
    "an input that is missing": (
        lambda: so.Network(U, Y),
        "input 'pixels'",
        "not among the network's inputs",
        "add it to inputs",
    ),
    "an input that leads nowhere": (
        lambda: so.Network([X, U], Y),
        "input 'sounds'",
        "no output",
        "leave it out",
    ),
    "an output that no loss judges": (
        lambda: so.Problem(so.Network(X, [Y, so.LI(name="spare")(so.Dense(2)(H))]), so.CrossEntropy(Y)),
        "layer 'spare'",
        "no loss depends on it",
        "add a loss",
    ),
    "spikes counted where there are none": (
        lambda: so.CrossEntropy(Y, over="count"),
        "layer 'readout'",
        "does not spike",
        "over='mean'",
    ),
    "the membrane of a layer that resets": (
        lambda: so.CrossEntropy(H, over="mean"),
        "layer 'hidden'",
        "spikes and resets",
        "over='count'",
    ),
    "a functional that there is none of": (
        lambda: so.CrossEntropy(Y, over="maximum"),
        "over",
        "'maximum'",
        "mean 'max'",
    ),
    "a recurrent connection of another width": (
        lambda: so.compile(
            so.Problem(
                so.Network(X, y := so.LI(name="out")(so.Dense(3)(_lopsided()))),
                so.CrossEntropy(y),
            )
        ),
        "recurrent connection of layer 'lopsided'",
        r"\(7,\) for neurons of shape \(5,\)",
        r"recurrent=so\.Dense\(\)",
    ),
}


def _deaf() -> so.Population:
    neuron = so.Neuron.from_equations(v="0.9 * v - s", w="0.5 * w + i", potential="v", threshold=1.0, name="deaf")
    return neuron(so.Dense(5)(X))


def _lopsided() -> so.Population:
    return so.LIF(name="lopsided", recurrent=so.Dense(7))(so.Dense(5)(X))


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_models_say_where_what_and_what_to_write(case: str) -> None:
    make, where, cause, fix = MALFORMED[case]
    with pytest.raises(ValueError) as caught:
        make()
    error = caught.value
    assert isinstance(error, so.SnnoptError)
    for part, pattern in ((error.where, where), (error.cause, cause), (error.fix, fix)):
        assert re.search(pattern, part), f"{pattern!r} is not in {part!r}"


def test_printed_problems_and_errors_use_the_networks_names() -> None:
    x = so.Input(4)
    h = so.ALIF(recurrent=so.Dense())(so.Dense(5)(x) + so.Dense(5, name="late")(so.Delay(1)(x)))
    g = so.LIF()(so.Dense(3)(h))
    y = so.LI()(so.Dense(2)(g))
    network = so.Network(x, y, feedback={g: so.Dense()(so.Delay(1)(g))})
    objective = so.CrossEntropy(y) + so.L1(h.weights) + so.L2(g.weights) + so.GroupLasso(h.weights) + so.SpikeCost(h)
    constraints = [
        so.Box(h.weights, -1, 1),
        so.Sign(g.weights, 1),
        so.Cardinality(g.weights, 3),
        so.FanIn(h.weights, 2),
        so.Grid(g.weights, 2),
        so.SpikeBudget(g, 0.1),
        so.cvx(y.weights, abs),
    ]
    problem = so.Problem(network, objective, constraints)
    all_h, all_g = "W[alif1.0], W[late], W_rec[alif1]", "W[lif1.0], W[lif1.1]"
    first = (
        f"cross_entropy(mean_t v[li1], labels) + ||{all_h}||_1 + 1/2 ||{all_g}||^2 + sum_j ||({all_h})[:,j]|| + "
        "sum_t s[alif1,t]"
    )
    lines = [line.strip() for line in str(problem).splitlines()]
    assert lines[1] == first and first in repr(problem)
    assert lines[lines.index("and") + 1 :] == [
        f"-1 <= {all_h} <= 1",
        f"{all_g} >= 0",
        f"card({all_g}) <= 3",
        f"card(({all_h})[i,:]) <= 2",
        f"{all_g} each in scale * {{-1, .., 1}}",
        "mean s[lif1] <= 0.1",
        "cvx.abs(W[li1])",
    ]
    names = {v.name for v in so.compile(so.Problem(network, so.CrossEntropy(y))).program.variables}
    assert {"alif1.0.weight", "late.weight", "alif1.recurrent.weight", "lif1.0.weight", "lif1.1.weight"} <= names
    with pytest.raises(
        so.ModelError, match=r"term cross_entropy\(count_t s\[lif1\], labels\): layer 'lif1' is not an out"
    ):
        so.Problem(network, so.CrossEntropy(y) + so.CrossEntropy(g, over="count"))
    assert so.L2(h.weights).formula() == "1/2 ||W[layer.0], W[late], W_rec[layer]||^2", "no network, no name"


def test_a_recurrent_connection_with_a_name_is_printed_by_it() -> None:
    h = so.LIF(name="h", recurrent=so.Dense(name="loop"))(so.Dense(5)(X))
    y = so.LI(name="y")(so.Dense(2)(h))
    text = str(so.Problem(so.Network(X, y), so.CrossEntropy(y) + so.L2(h.weights)))
    assert "1/2 ||W[h], W[loop]||^2" in text and "W[loop] s[h,t-1]" in text
