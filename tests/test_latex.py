"""LaTeX: every kind of part is written, every line can be read, and the equations say what ``simulate`` computes."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import snnopt as so
from snnopt.model import CONNECTIONS, CONSTRAINTS, LOSSES, NEURONS, PENALTIES
from snnopt.model.losses import Loss
from snnopt.model.naming import ALONE, Names
from snnopt.report.latex import lines
from snnopt.report.latex.symbols import number, roman

READER: MathTextParser = MathTextParser("path")


def check_line(line: str) -> None:
    """Readable by mathtext, safe in an ``aligned`` environment, braces and delimiters balanced."""
    READER.parse(f"${line}$")
    assert line.isascii() and line.isprintable()
    bare = re.sub(r"\\[%${}_]", "", line)
    assert not set(bare) & set("&$%#~\"'`\n"), line
    assert "\\\\" not in line and r"\text" not in line
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        assert depth >= 0, line
    assert depth == 0 and line.count(r"\left") - line.count(r"\leftarrow") == line.count(r"\right"), line


def check(obj: Any) -> list[str]:
    """Check all lines of an object and their display; return the lines."""
    found = lines(obj)
    assert found
    for line in found:
        check_line(line)
    display = so.latex(obj)
    assert display.startswith("\\begin{aligned}\n") and display.endswith("\n\\end{aligned}")
    rows = display.split("\n")[1:-1]
    assert all(row.endswith(r" \\") for row in rows[:-1]) and not rows[-1].endswith("\\")
    assert [row.removesuffix(r" \\").replace("& ", "", 1).strip() for row in rows] == found
    return found


def layer(neuron: so.Neuron) -> so.Network:
    x = so.Input(4, name="x")
    return so.Network(x, so.LI(0.8, name="y")(so.Dense(2)(neuron(so.Dense(3)(x)))))


# ---- update equations, read back and run


class Equations:
    """Reads lines of a network's LaTeX as arithmetic."""

    def __init__(self, network: so.Network, weights: dict[str, np.ndarray]) -> None:
        self.lines = [line.split(" = ", 1) for line in check(network)]
        self.matrices = {}
        for name, value in weights.items():
            stem, kind = name.rsplit(".", 1)
            letter = "W" if kind == "weight" else "b"
            layer = stem.removesuffix(".recurrent")
            key = f"{letter}_{{{roman(stem)}}}" if layer == stem else rf"W_{{\mathrm{{rec}}}}^{{({roman(layer)})}}"
            self.matrices[key] = value

    def run(self, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every signal by its symbol without time, [T, N, n]; zero before the start."""
        steps, samples = next(iter(x.values())).shape[:2]
        self.values: dict[tuple[str, int], np.ndarray] = {}
        for t in range(steps):
            self.t = t
            for source, data in x.items():
                self.values[f"x^{{({roman(source)})}}", t] = data[t]
            for left, right in self.lines:
                symbol = self.signal(left)
                assert symbol is not None
                self.values[symbol] = np.asarray(self.evaluate(right))
        out: dict[str, list[np.ndarray]] = {}
        for (name, _), value in self.values.items():
            out.setdefault(name, []).append(value + np.zeros((samples, 1)))
        return {name: np.stack(np.broadcast_arrays(*values)) for name, values in out.items()}

    def signal(self, text: str) -> tuple[str, int] | None:
        match = re.fullmatch(r"([a-z]|\\mathrm\{[a-z]+\})_\{t(?:-(\d+))?\}(\^\{\(\\mathrm\{.*\}\)\})", text)
        return None if match is None else (match[1] + match[3], self.t - int(match[2] or 0))

    def evaluate(self, text: str) -> Any:
        text = text.strip()
        step = re.fullmatch(r"H\\left\((.*)\\right\)", text)
        if step:
            return (self.evaluate(step[1]) > 0).astype(float)
        total: Any = 0.0
        for sign, term in self.terms(text):
            total = total + sign * self.product(term)
        return total

    def terms(self, text: str) -> list[tuple[int, str]]:
        out, depth, sign, start = [], 0, 1, 0
        if text.startswith("-"):
            sign, start = -1, 1
        for k, c in enumerate(text):
            depth += (c in "{(") - (c in "})")
            if depth == 0 and text[k : k + 3] in (" + ", " - "):
                out.append((sign, text[start:k]))
                sign, start = (1 if text[k + 1] == "+" else -1), k + 3
        return [*out, (sign, text[start:])]

    def product(self, text: str) -> Any:
        text = text.strip()
        inner = re.fullmatch(r"\\left\((.*)\\right\)", text)
        if inner:
            return self.evaluate(inner[1])
        factor = re.match(r"([\d.]+)\\,(.*)", text)
        if factor:
            return float(factor[1]) * self.product(factor[2])
        if re.fullmatch(r"[\d.]+", text):
            return float(text)
        if text in self.matrices:
            return self.matrices[text]
        found = self.signal(text)
        if found is not None:
            return self.values.get(found, 0.0)
        matrix, _, vector = text.partition(r"\,")
        value = self.product(vector)
        return value @ self.matrices[matrix].T if np.ndim(value) else 0.0


RESONATOR = so.Neuron.from_equations(
    x="d * (cos(w) * x - sin(w) * y) + 0.5 * i - theta * s",
    y="d * (sin(w) * x + cos(w) * y) - i",
    potential="x - 0.25 * y",
    threshold=1.2,
    parameters={"d": 0.95, "w": 0.3, "theta": 1.2},
    name="h",
)
SPIKING: dict[str, so.Neuron] = {
    "LIF": so.LIF(0.9, 0.7, name="h"),
    "LIF, soft reset without delay": so.LIF(0.9, 0.7, reset_delay=False, name="h"),
    "LIF without reset": so.LIF(0.9, 0.7, reset_mechanism="none", name="h"),
    "LIF, recurrent": so.LIF(0.9, 0.7, recurrent=so.Dense(), name="h"),
    "IF": so.IF(1.5, name="h"),
    "CubaLIF": so.CubaLIF(0.7, 0.9, 1.3, name="h"),
    "ALIF": so.ALIF(0.9, 0.7, 0.95, 0.3, name="h"),
    "equations": RESONATOR,
}


def draw_weights(network: so.Network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    variables = so.compile(so.Problem(network, so.CrossEntropy(network.outputs[0]))).program.variables
    return {v.name: rng.standard_normal(v.shape) for v in variables if v.kind in ("weight", "bias")}


def same_as_simulated(network: so.Network, potentials: dict[str, str]) -> None:
    rng = np.random.default_rng(0)
    weights = draw_weights(network, rng)
    x = {network.names[i]: rng.standard_normal((12, 3, *i.shape)) for i in network.inputs}
    found = Equations(network, weights).run(x)
    trace = so.simulate(network, weights, x)
    for name, activity in trace.items():
        symbol = f"{potentials.get(name, 'v')}^{{({roman(name)})}}"
        np.testing.assert_allclose(found[symbol], activity.potentials, rtol=2e-4, atol=2e-4)
        if activity.spikes is not None:
            assert 0 < activity.spikes.mean() < 1
            np.testing.assert_array_equal(found[f"s^{{({roman(name)})}}"], activity.spikes)


@pytest.mark.parametrize("name", SPIKING)
def test_equations_are_what_simulate_runs(name: str) -> None:
    same_as_simulated(layer(SPIKING[name]), {"h": {"ALIF": "u", "equations": "u"}.get(name, "v")})


def test_equations_of_delays_skips_feedback_and_shared_weights_are_what_simulate_runs() -> None:
    x, u = so.Input(4, name="my_x"), so.Input(4, name="u%1")
    shared = so.Dense(5)
    h = so.LIF(0.9, 0.6, name="h_1", recurrent=so.Dense(name="own"))(
        shared(x) + so.Dense(5, name="w_in")(so.Delay(3)(u))
    )
    g = so.LIF(0.8, 0.5, name="g")(so.Dense(5, bias=False)(h) + shared(u) + so.Delay(2)(h))
    y = so.LI(0.9, name="y")(so.Dense(2)(g) + so.Dense(2)(h))
    same_as_simulated(so.Network([x, u], y, feedback={h: so.Dense()(so.Delay(1)(g))}), {})


def test_beta_and_threshold_stand_where_they_belong() -> None:
    network = layer(so.LIF(beta=0.85, threshold=1.25, name="hidden"))
    v, s = r"v_{t}^{(\mathrm{hidden})}", r"s_{t-1}^{(\mathrm{hidden})}"
    assert check(network)[:2] == [
        rf"{v} = 0.85\,v_{{t-1}}^{{(\mathrm{{hidden}})}} + W_{{\mathrm{{hidden}}}}\,x_{{t}}^{{(\mathrm{{x}})}} + "
        rf"b_{{\mathrm{{hidden}}}} - 1.25\,{s}",
        rf"s_{{t}}^{{(\mathrm{{hidden}})}} = H\left({v} - 1.25\right)",
    ]


@pytest.mark.parametrize("kind", NEURONS)
def test_every_neuron_is_written(kind: type[so.Neuron]) -> None:
    name = "a_neuron"
    neuron = replace(RESONATOR, name=name) if kind is type(RESONATOR) else kind(name=name)  # type: ignore[call-arg, type-var]
    space, found = neuron.state_space(), check(layer(neuron))
    extra = int(space.order > 1 and bool(np.any(space.C[1:]))) + int(space.threshold is not None)
    assert sum(line.partition(" = ")[0].endswith(rf"{{({roman(name)})}}") for line in found) == space.order + extra


def test_parameters_per_neuron_are_ranges() -> None:
    found = check(layer(so.LIF(beta=[0.8, 0.95, 0.9], threshold=[1.0, 1.0, 2.5], name="h")))
    assert r"= (0.8 \ldots 0.95)\,v_{t-1}" in found[0] and r"- (1 \ldots 2.5)\,s_{t-1}" in found[0]
    assert found[1].endswith(r" - (1 \ldots 2.5)\right)")


def test_a_state_without_input_is_zero_and_u_is_not_called_twice() -> None:
    neuron = so.Neuron.from_equations(u="0.9 * u + i", v="0 * v", potential="u + v", threshold=1.0, name="h")
    found = check(layer(neuron))
    assert found[1] == r"v_{t}^{(\mathrm{h})} = 0"
    assert found[2].startswith(r"\mathrm{u{\prime}}_{t}^{(\mathrm{h})} = u_{t}")
    text = str(so.Problem(n := layer(neuron), so.CrossEntropy(n.outputs[0])))
    assert "u'[h,t] = u[h,t] + v[h,t]" in text and "s[h,t] = H(u'[h,t] - 1)" in text


# ---- connections

IMAGE = so.Input((1, 6, 6), name="image")
X = so.Input(4, name="x")
WRITTEN: dict[str, tuple[so.model.Signal, str]] = {
    "Dense": (so.Dense(3)(X), r"W_{\mathrm{h}}\,x_{t}^{(\mathrm{x})} + b_{\mathrm{h}}"),
    "Dense without bias": (so.Dense(3, bias=False)(X), r"W_{\mathrm{h}}\,x_{t}^{(\mathrm{x})} - "),
    "Sparse": (
        so.Sparse(np.eye(4))(X),
        r"(M_{\mathrm{h}} \odot W_{\mathrm{h}})\,x_{t}^{(\mathrm{x})} + b_{\mathrm{h}}",
    ),
    "Conv1d": (so.Conv1d(2, 3, stride=2)(so.Input((1, 6), name="x")), r"W_{\mathrm{h}} *_{\downarrow 2} x_{t}"),
    "Conv2d": (so.Conv2d(2, 3)(IMAGE), r"W_{\mathrm{h}} * x_{t}^{(\mathrm{image})} + b_{\mathrm{h}}"),
    "AvgPool2d": (
        so.AvgPool2d(2)(so.Conv2d(2, 3)(IMAGE)),
        r"\mathrm{pool}_{2}(W_{\mathrm{h}} * x_{t}^{(\mathrm{image})})",
    ),
    "Flatten": (so.Dense(3)(so.Flatten()(IMAGE)), r"W_{\mathrm{h}}\,\mathrm{vec}(x_{t}^{(\mathrm{image})})"),
    "Delay": (so.Dense(3)(so.Delay(3)(X)), r"W_{\mathrm{h}}\,x_{t-3}^{(\mathrm{x})}"),
    "nothing": (X, r"\,v_{t-1}^{(\mathrm{h})} + x_{t}^{(\mathrm{x})} - "),
    "named": (so.Dense(3, name="w_in")(X), r"W_{\mathrm{w\_in}}\,x_{t}^{(\mathrm{x})} + b_{\mathrm{w\_in}}"),
    "several": (so.Dense(3)(X) + so.Dense(3)(X), r"W_{\mathrm{h.1}}\,x_{t}^{(\mathrm{x})} + b_{\mathrm{h.1}}"),
}


def test_the_table_holds_every_connection() -> None:
    assert {c.__name__ for c in CONNECTIONS} <= set(WRITTEN)


@pytest.mark.parametrize("kind", WRITTEN)
def test_connections(kind: str) -> None:
    current, text = WRITTEN[kind]
    (source,) = {path.source for path in current.paths}
    h = so.LIF(0.9, name="h")(current)
    y = so.LI(name="y")(so.Dense(2)(h))
    assert text in check(so.Network(cast("so.Input", source), y))[0]


def test_a_layer_that_does_not_spike_sends_its_potential() -> None:
    h = so.LI(0.9, name="h")(so.Dense(3)(X))
    assert r"W_{\mathrm{y}}\,v_{t}^{(\mathrm{h})}" in check(so.Network(X, so.LI(name="y")(so.Dense(2)(h))))[1]


def test_connections_of_other_kinds_are_written_as_functions() -> None:
    class Mine(so.Dense):
        pass

    assert (
        r"\mathrm{mine}(W_{\mathrm{h}},\,x_{t}^{(\mathrm{x})})" in check(so.Network(X, so.LIF(name="h")(Mine(3)(X))))[0]
    )


def test_a_shared_connection_has_one_symbol() -> None:
    w = so.Dense(4)
    h = so.LIF(name="h")(w(X))
    found = check(so.Network(X, so.LIF(name="g")(w(h))))
    assert [line.count(r"W_{\mathrm{h}}") for line in found if line.startswith("v")] == [1, 1]


# ---- losses, penalties, constraints

H = so.LIF(beta=0.9, name="hidden")(so.Dense(5)(X))
Y = so.LI(beta=0.9, name="out")(so.Dense(3)(H))
S = so.LIF(beta=0.9, name="out")(so.Dense(3)(H))
NETWORK = so.Network(X, Y)

OVER: dict[str, tuple[str | so.Window, str]] = {
    "mean": ("mean", r"\frac{1}{T} \sum_{t=1}^{T} v_{t}^{(\mathrm{out})}"),
    "last": ("last", r"v_{T}^{(\mathrm{out})}"),
    "max": ("max", r"\max_{t} v_{t}^{(\mathrm{out})}"),
    "count": ("count", r"\sum_{t=1}^{T} s_{t}^{(\mathrm{out})}"),
    "window": (so.Window(8), r"\frac{1}{8} \sum_{t=T-7}^{T} v_{t}^{(\mathrm{out})}"),
    "window of one": (so.Window(1), r"v_{T}^{(\mathrm{out})}"),
}
PENALTY: dict[str, tuple[Any, str, str]] = {
    "l1": (
        so.L1(H.weights),
        r"\left\| W_{\mathrm{hidden}} \right\|_{1}",
        r"0.5\,\left\| W_{\mathrm{hidden}} \right\|_{1}",
    ),
    "l2": (
        so.L2(H.weights),
        r"\frac{1}{2}\,\left\| W_{\mathrm{hidden}} \right\|_{\mathrm{F}}^{2}",
        r"\frac{0.5}{2}\,\left\| W_{\mathrm{hidden}} \right\|_{\mathrm{F}}^{2}",
    ),
    "group_lasso": (
        so.GroupLasso(H.weights),
        r"\sum_{j} \left\| (W_{\mathrm{hidden}})_{:,j} \right\|_{2}",
        r"0.5\,\sum_{j} \left\| (W_{\mathrm{hidden}})_{:,j} \right\|_{2}",
    ),
    "spike_cost": (
        so.SpikeCost(H),
        r"\frac{1}{N}\,\sum_{t,n,j} s_{t,n,j}^{(\mathrm{hidden})}",
        r"\frac{0.5}{N}\,\sum_{t,n,j} s_{t,n,j}^{(\mathrm{hidden})}",
    ),
    "cvx": (
        so.cvx(H.weights, abs),
        r"\mathrm{cvx.abs}(W_{\mathrm{hidden}})",
        r"0.5\,\mathrm{cvx.abs}(W_{\mathrm{hidden}})",
    ),
}
CONSTRAINT: dict[str, tuple[Any, str]] = {
    "box": (so.Box(H.weights, -1, 0.5), r"-1 \leq W_{\mathrm{hidden}} \leq 0.5"),
    "box from below": (so.Box(H.weights, -1e-5, float("inf")), r"-10^{-5} \leq W_{\mathrm{hidden}}"),
    "box from above": (so.Box(H.weights, -float("inf"), 2.5e6), r"W_{\mathrm{hidden}} \leq 2.5 \times 10^{6}"),
    "sign": (so.Sign(H.weights, -1), r"W_{\mathrm{hidden}} \leq 0"),
    "excitatory": (so.Sign(H.weights, +1), r"W_{\mathrm{hidden}} \geq 0"),
    "cardinality": (so.Cardinality(H.weights, 7), r"\mathrm{card}(W_{\mathrm{hidden}}) \leq 7"),
    "fan_in": (so.FanIn(H.weights, 2), r"\mathrm{card}((W_{\mathrm{hidden}})_{i,:}) \leq 2\quad \forall\, i"),
    "grid": (
        so.Grid(H.weights, bits=4),
        r"W_{\mathrm{hidden}} \in \delta_{\mathrm{hidden}}\, \{-7,\, \ldots,\, 7\},\quad \delta_{\mathrm{hidden}} > 0",
    ),
    "ternary": (
        so.Grid(H.weights, bits=2),
        r"W_{\mathrm{hidden}} \in \delta_{\mathrm{hidden}}\, \{-1,\, 0,\, 1\},\quad \delta_{\mathrm{hidden}} > 0",
    ),
    "spike_budget": (so.SpikeBudget(H, 0.1), r"\mathrm{mean}_{t,n,j}\, s_{t,n,j}^{(\mathrm{hidden})} \leq 0.1"),
    "cvx": (so.cvx(H.weights, lambda w: w >= 0), r"\mathrm{cvx.lambda}(W_{\mathrm{hidden}})"),
}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("over", OVER)
def test_losses(kind: type[Loss], over: str) -> None:
    given, text = OVER[over]
    loss = kind(S if over == "count" else Y, over=given)
    first, definition = check(loss)
    assert text in first and first.startswith(r"\ell_{") and r"y^{(\mathrm{out})}" in first
    name = first.partition(r"\left")[0]
    assert definition.startswith(rf"\mathrm{{where}}\quad {name}(m, y) = ")
    assert check(1e-3 * loss)[0] == rf"0.001\,{first}"


def test_definitions_of_losses_have_their_signs() -> None:
    assert check(so.CrossEntropy(Y))[1].endswith(r"\log \sum_{c} e^{m_{n,c}} - m_{n,y_{n}} \right)")
    assert r"\frac{1}{2 N}" in check(so.SquaredError(Y))[1]
    assert r"1 + \max_{c \neq y_{n}} m_{n,c} - m_{n,y_{n}}" in check(so.Hinge(Y))[1]


def test_the_tables_hold_every_penalty_and_constraint() -> None:
    assert {p.kind for p in PENALTIES} <= set(PENALTY)
    assert {c.kind for c in CONSTRAINTS} <= set(CONSTRAINT)


@pytest.mark.parametrize("kind", PENALTY)
def test_penalties(kind: str) -> None:
    term, plain, halved = PENALTY[kind]
    assert check(term) == [plain]
    assert check(0.5 * term) == [halved]
    problem = so.Problem(NETWORK, so.CrossEntropy(Y) + 0.5 * term)
    assert check(problem)[0].endswith(f" + {halved}")


@pytest.mark.parametrize("kind", CONSTRAINT)
def test_constraints(kind: str) -> None:
    constraint, text = CONSTRAINT[kind]
    assert check(constraint) == [text]
    assert text in check(so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[constraint]))


def test_all_weights_into_a_layer_are_meant() -> None:
    h = so.LIF(name="h", recurrent=so.Dense())(so.Dense(5)(X) + so.Dense(5, name="w")(so.Delay(1)(X)))
    y = so.LI(name="y")(so.Dense(2)(h))
    problem = so.Problem(
        so.Network(X, y),
        so.CrossEntropy(y) + so.L2(h.weights),
        constraints=[so.Grid(h.weights, 2), so.Box(h.weights, 0, 1)],
    )
    found = check(problem)
    names = [r"W_{\mathrm{h.0}}", r"W_{\mathrm{w}}", r"W_{\mathrm{rec}}^{(\mathrm{h})}"]
    together = "[" + r",\,".join(names) + "]"
    assert rf"\frac{{1}}{{2}}\,\left\| {together} \right\|_{{\mathrm{{F}}}}^{{2}}" in found[0]
    assert rf"0 \leq {together} \leq 1" in found
    assert [line.partition(r" \in")[0] for line in found if r"\delta" in line] == names
    assert check(so.L1(h.weights)) == [rf"\left\| {together} \right\|_{{1}}"]


def test_terms_of_other_kinds_are_their_plain_text() -> None:
    class Mine(so.L2):
        def formula(self, names: Names = ALONE) -> str:
            return "huber_1(W[hidden])"

    class Bound(so.Sign):
        pass

    assert check(2 * Mine(H.weights)) == [r"2\,\mathrm{huber\_1(W[hidden])}"]
    assert check(Bound(H.weights, 1)) == [r"\mathrm{W[hidden]\ >=\ 0}"]


# ---- problems and plans


def test_a_problem_is_objective_dynamics_constraints_and_symbols() -> None:
    problem = so.Problem(NETWORK, so.CrossEntropy(Y) + 1e-3 * so.L2(H.weights), constraints=[so.Sign(H.weights, 1)])
    found, dynamics = check(problem), check(NETWORK)
    assert found[0].startswith(r"\min_{W,\,b}\quad \ell_{\mathrm{CE}}\left( ")
    assert found[1] == rf"\mathrm{{subject\ to}}\quad {dynamics[0]}"
    assert found[2 : 2 + len(dynamics)] == [*dynamics[1:], r"W_{\mathrm{hidden}} \geq 0"]
    assert found[2 + len(dynamics)].startswith(r"\mathrm{where}\quad t = 1, \ldots, T")
    assert len(found) == 4 + len(dynamics)


def test_a_problem_without_biases_has_none() -> None:
    y = so.LI(name="y")(so.Dense(2, bias=False)(X))
    assert check(so.Problem(so.Network(X, y), so.CrossEntropy(y)))[0].startswith(r"\min_{W}\quad")


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_a_plan_has_a_line_for_each_block(algorithm: str) -> None:
    h = so.ALIF(name="h_1", recurrent=so.Dense())(so.Dense(5)(X) + so.Dense(5)(so.Delay(2)(X)))
    y = so.LI(name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(X, y), so.CrossEntropy(y) + 1e-3 * so.L2(h.weights) + 1e-4 * so.SpikeCost(h))
    plan = so.compile(problem, algorithm)
    found = check(plan)
    assert found[: len(lines(problem))] == lines(problem)
    blocks = dict(line.split(r":\quad ", 1) for line in found[len(lines(problem)) :] if r":\quad \min" in line)
    assert list(blocks) == [roman(b.block.name) for b in plan.bindings]
    weights = blocks[roman("h_1.weights")]
    variables = [r"W_{\mathrm{h\_1.0}}", r"b_{\mathrm{h\_1.0}}", r"W_{\mathrm{h\_1.1}}", r"b_{\mathrm{h\_1.1}}"]
    start = r"\min_{" + r",\,".join([*variables, r"W_{\mathrm{rec}}^{(\mathrm{h\_1})}"])
    assert weights.startswith(start + r"}\; \frac{\rho_{\mathrm{h\_1}}}{2} \left\| u^{(\mathrm{h\_1})} - ")
    assert r"\frac{0.001}{2}" in weights and weights.endswith(r"\frac{\mu}{2} \left\| \Delta \right\|^{2}")
    assert r"x_{\cdot-2}^{(\mathrm{x})}" in weights and r"- \eta^{(\mathrm{h\_1})} * s^{(\mathrm{h\_1})}" in weights
    readout = blocks[roman("y.readout")]
    assert (
        r"\ell_{\mathrm{CE}}" in readout
        and r"\mathrm{s.t.}\quad v^{(\mathrm{y})} = \kappa^{(\mathrm{y})} * " in readout
    )
    potentials = blocks[roman("h_1.potentials")]
    if algorithm == "online":
        assert (
            r"- \left\langle \delta a^{(\mathrm{h\_1})},\, \mathrm{E}_{\xi} H(u^{(\mathrm{h\_1})} - 1 - \xi)"
            in potentials
        )
    else:
        assert r"\left\| a^{(\mathrm{h\_1})} - H(u^{(\mathrm{h\_1})} - 1) \right\|^{2}" in potentials
        assert blocks[roman("h_1.spikes")].startswith(r"\min_{a^{(\mathrm{h\_1})}}\; -\left\langle \delta a")
    assert sum(r"\mathrm{where}" in line for line in found) == 2


ALGORITHMS = ["online", "rollout", "perin2025", "exact_block", "full_dual", "consensus"]
KEPT = ALGORITHMS[2:]
H2 = so.LIF(beta=0.8, threshold=0.7, name="second")(so.Dense(4)(H))
Y2 = so.LI(beta=0.9, name="out")(so.Dense(3)(H2))
TERMS: dict[str, tuple[Any, tuple[so.model.Constraint, ...]]] = {
    "box": (0.0, (so.Box(H.weights, -1, 1),)),
    "l1": (0.3 * so.L1(H.weights), ()),
    "both": (0.3 * so.L1(H.weights), (so.Box(H.weights, -1, 1),)),
    "grid": (0.0, (so.Grid(H.weights, 3),)),
    "spike cost": (0.2 * so.SpikeCost(H), ()),
    "budget": (0.0, (so.SpikeBudget(H, 0.1),)),
}


def plan_with(terms: str, algorithm: str | so.algorithms.Algorithm, loss: Any = so.CrossEntropy) -> so.Plan:
    penalty, constraints = TERMS[terms]
    objective = loss(Y2) + penalty if penalty else loss(Y2)
    return so.compile(so.Problem(so.Network(X, Y2), objective, constraints=list(constraints)), algorithm)


def blocks_of(plan: so.Plan) -> dict[str, str]:
    """The line of each block, by its name."""
    heads = {rf"{roman(b.block.name)}:\quad ": b.block.name for b in plan.bindings}
    return {
        name: line.removeprefix(head) for line in lines(plan) for head, name in heads.items() if line.startswith(head)
    }


def of(letter: str, name: str) -> str:
    """A signal of a layer, at any step of time."""
    return rf"{letter}(?:_\{{t(?:-1)?\}})?\^\{{\({re.escape(roman(name))}\)\}}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("terms", TERMS)
def test_every_block_minimises_over_its_variables(terms: str, algorithm: str) -> None:
    plan = plan_with(terms, algorithm)
    check(plan)
    found = blocks_of(plan)
    assert set(found) == {b.block.name for b in plan.bindings}
    for b in plan.bindings:
        least, _, objective = found[b.block.name].partition(r"}\; ")
        assert least.startswith(r"\min_{")
        name = b.block.layers[0]
        kind = b.block.kind
        variables = {"copy": "V_", "weights": "W_", "readout": "W_", "spikes": "a"}.get(kind, "v")
        pattern = re.escape(f"{variables}{{{roman(name)}}}") if variables[-1] == "_" else of(variables, name)
        assert re.search(pattern, least) and re.search(pattern, objective), b.block.name


@pytest.mark.parametrize("algorithm", KEPT)
def test_linearised_dynamics_are_a_slope_and_a_proximal_term_for_spikes_alone(algorithm: str) -> None:
    problem = so.Problem(so.Network(X, Y2), so.CrossEntropy(Y2))
    plan = so.compile(problem, algorithm, penalties={"second": so.Linearised(1.0)})
    text, found = check(plan), blocks_of(plan)
    spikes = found["hidden.spikes"]
    at = "_{t}" if algorithm in ("perin2025", "exact_block") else ""
    move = rf"a{at}^{{(\mathrm{{hidden}})}} - \bar{{a}}{at}^{{(\mathrm{{hidden}})}}"
    assert spikes.count(r"\left\langle \nabla\, \frac{\rho_{\mathrm{second}}}{2} \left\|") == 1
    assert (
        rf",\, {move} \right\rangle + \frac{{\tau_{{\mathrm{{second}}}}}}{{2}} \left\| {move} \right\|^{{2}}" in spikes
    )
    assert (
        r"\frac{\rho_{\mathrm{hidden}}}{2} \left\|" in spikes
        and r"\nabla\, \frac{\rho_{\mathrm{hidden}}}" not in spikes
    )
    assert not any(r"\nabla" in found[n] for n in found if not n.endswith("spikes"))
    assert any(
        line.startswith(r"\bar{a} = \mathrm{present") for line in [x.split(r"\quad ", 1)[-1] for x in text] + text
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_duals_stand_where_they_move_and_nowhere_else(algorithm: str) -> None:
    plan = plan_with("spike cost", algorithm)
    duals = {"full_dual": ({"hidden", "second", "out"}, True), "consensus": (set(), True)}
    on_dynamics, on_steps = duals.get(algorithm, ({"out"} if algorithm in KEPT else set(), False))
    found = blocks_of(plan)
    for b in plan.bindings:
        line = found[b.block.name]
        for name in ("hidden", "second", "out"):
            coupled = name in {q.coupling for q in b.block.quadratics}
            assert (re.search(rf" \+ {of('u', name)}", line) is not None) == (coupled and name in on_dynamics)
            stepped = b.block.kind in ("spikes", "potentials") and name in b.block.layers
            assert (re.search(rf" \+ {of('w', name)}", line) is not None) == (stepped and on_steps)
    ends = any(line.endswith(r"\mathrm{zero\ before\ } t = T") for line in lines(plan))
    assert ends == (algorithm in ("perin2025", "exact_block"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_kept_block_reads_spikes_that_are_variables(algorithm: str) -> None:
    for name, line in blocks_of(plan_with("spike cost", algorithm)).items():
        layer, _, kind = name.partition(".")
        read = {"hidden": None, "second": "hidden", "out": "second"}[layer]
        if kind in ("weights", "outputs", "readout", "potentials") and read is not None:
            assert re.search(rf"W_{{{re.escape(roman(layer))}}}\\,{of('a' if algorithm in KEPT else 's', read)}", line)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_residuals_are_of_the_form_that_runs(algorithm: str) -> None:
    line = blocks_of(plan_with("spike cost", algorithm))["second.weights"]
    assert (r"\kappa" in line) == (algorithm not in ("perin2025", "exact_block"))
    if r"\kappa" not in line:
        current = r"\left( W_{\mathrm{second}}\,a_{t}^{(\mathrm{hidden})} + b_{\mathrm{second}} \right)"
        v, before = (rf"{step}^{{(\mathrm{{second}})}}" for step in ("v_{t}", "v_{t-1}"))
        assert rf"{v} - 0.8\,{before} - {current} + 0.7\,a_{{t-1}}^{{(\mathrm{{second}})}}" in line


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("terms", ["box", "l1", "both", "grid"])
def test_a_copy_is_tied_to_its_weights(terms: str, algorithm: str) -> None:
    found = blocks_of(plan_with(terms, algorithm))
    copy, weights = found["hidden.copy"], found["hidden.weights"]
    names = {letter: rf"{letter}_{{\mathrm{{hidden}}}}" for letter in "WVU"}
    dual = algorithm in KEPT or terms in ("l1", "both")
    tied = rf"\frac{{m}}{{2}} \left\| {names['W']} - {names['V']} + {names['U']} \right\|^{{2}}"
    assert copy.startswith(rf"\min_{{{names['V']}}}\; ")
    assert (tied in copy) == (tied in weights) == dual
    if not dual:
        assert rf"\frac{{1}}{{2}} \left\| {names['W']} - {names['V']} \right\|^{{2}}" in copy and "V" not in weights
    if terms in ("l1", "both"):
        assert rf"0.3\,\left\| {names['V']} \right\|_{{1}}" in copy
    if terms in ("box", "both"):
        assert copy.endswith(rf"\mathrm{{s.t.}}\quad -1 \leq {names['V']} \leq 1")
    if terms == "grid":
        assert rf"{names['V']} \in \delta" in copy and r"\frac{2.5}{3}\,\mathrm{mean} |C|" in copy


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_price_of_spikes_stands_where_the_spikes_are(algorithm: str) -> None:
    found = blocks_of(plan_with("spike cost", algorithm))
    holder = "hidden.potentials" if algorithm == "online" else "hidden.spikes"
    spikes = r"\\mathrm{E}_{\\xi} H" if algorithm == "online" else of("a", "hidden")
    assert re.search(r"\+ 0\.2\\,\\left\\langle 1,\\, " + spikes, found[holder])
    assert [name for name, line in found.items() if r"\langle 1" in line] == [holder]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_budget_has_a_multiplier_where_the_spikes_are(algorithm: str) -> None:
    plan = plan_with("budget", algorithm)
    holder = "hidden.potentials" if algorithm == "online" else "hidden.spikes"
    priced = [name for name, line in blocks_of(plan).items() if r" + p_{\mathrm{hidden}} \left\langle 1,\, " in line]
    assert priced == [holder] and any(r"p \geq 0" in line for line in lines(plan))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_hinge_is_smoothed_where_its_gradient_is_taken(algorithm: str) -> None:
    plan = plan_with("spike cost", algorithm, so.Hinge)
    (line,) = (line for name, line in blocks_of(plan).items() if name.startswith("out.") and "ell" in line)
    smooth = algorithm not in KEPT
    assert (r"\bar{\ell}_{\mathrm{hinge}}" in line) == smooth
    assert any(r"\gamma = 0.25" in x for x in lines(plan)) == smooth
    assert not any(r"\bar{\ell}" in x for x in lines(plan_with("box", algorithm)))


def test_published_updates_and_boxes_are_told_apart() -> None:
    for clip, box in (("box", True), ("published", False)):
        loss = so.SquaredError(Y2, over="last")
        algorithm = so.algorithms.Perin2025(clip=clip, last_step="exact" if box else "published")  # type: ignore[arg-type]
        plan = so.compile(so.Problem(so.Network(X, Y2), loss), algorithm)
        check(plan)
        found = blocks_of(plan)
        assert (r"\mathrm{s.t.}\quad 0 \leq a" in found["hidden.spikes"]) == box
        assert (r"\mathrm{then}" in found["hidden.spikes"]) != box
        assert r"\mathrm{as\ published\ }" not in found["out.outputs"]
        assert (r"\; t < T}" in found["out.outputs"]) != box and ("out.outputs[T]" in found) != box
        assert box or (
            r"\; t = T}" in found["out.outputs[T]"] and r"\mathrm{as\ published\ }" in found["out.outputs[T]"]
        )


def test_a_fallback_says_so() -> None:
    problem = so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.cvx(H.weights, lambda w: w >= 0)])
    plan = so.compile(problem, on_missing="cvxpy")
    check(plan)
    line = blocks_of(plan)["hidden.copy"]
    assert r"\mathrm{cvx.lambda}(V_{\mathrm{hidden}})" in line and line.endswith(r"(\mathrm{CVXPY\ FALLBACK})")


def test_duals_and_states_do_not_share_a_letter() -> None:
    neuron = so.Neuron.from_equations(u="0.9 * u + 0.5 * i - 0.3 * s", potential="2 * u", threshold=1.0, name="h")
    y = so.LI(0.9, name="y")(so.Dense(2)(neuron(so.Dense(3)(X))))
    problem = so.Problem(so.Network(X, y), so.CrossEntropy(y))
    assert r" + \mathrm{u{\prime}}^{(\mathrm{h})}" in blocks_of(so.compile(problem, "full_dual"))["h.weights"]
    # v = 2 u: its difference form has gain 2 * 0.5 and reset 2 * 0.3
    assert (
        r"u_{t}^{(\mathrm{h})} - 0.9\,u_{t-1}^{(\mathrm{h})} - \left( W_{\mathrm{h}}\,x_{t}^{(\mathrm{x})} + b_{\mathrm{h}} "
        r"\right) + 0.6\,a_{t-1}^{(\mathrm{h})}"
    ) in blocks_of(so.compile(problem, "exact_block"))["h.weights"]


def test_counted_spikes_are_linearised_in_their_own_block() -> None:
    for algorithm, letter in (("rollout", "s"), ("exact_block", "a")):
        plan = so.compile(so.Problem(so.Network(X, S), so.Hinge(S, over="count")), algorithm)
        check(plan)
        found = blocks_of(plan)
        spikes = rf"{letter}_{{t}}^{{(\mathrm{{out}})}}"
        assert (
            rf"\left\langle \nabla\, \bar{{\ell}}_{{\mathrm{{hinge}}}}\left( \sum_{{t=1}}^{{T}} {spikes}"
            in found["out.spikes"]
        )


def test_an_analogue_layer_has_a_demand_on_its_potentials() -> None:
    h = so.LI(0.9, name="h")(so.Dense(5)(X))
    y = so.LI(name="y")(so.Dense(2)(so.LIF(name="g")(so.Dense(4)(h))))
    found = check(so.compile(so.Problem(so.Network(X, y), so.CrossEntropy(y))))
    assert any(r"- \left\langle \delta v^{(\mathrm{h})},\, v^{(\mathrm{h})} \right\rangle" in line for line in found)


# ---- names and numbers

HOSTILE = [
    "my_layer",
    "a%b",
    "$x$",
    "{",
    "}",
    "\\input{x}",
    "^2",
    "~",
    "a&b",
    "#1",
    "it's",
    'say "x"',
    "`",
    "a b\tc",
    "naïve café",
    "Ünïcödé",
    "λ_θ",
    "ß",
    "中文",
    "🧠",
    "x²",
    "\x00",
    string.printable.replace(".", ""),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_escaped(name: str) -> None:
    check_line(roman(name))
    x = so.Input(2, name=name)
    h = so.LIF(name=name + "h", recurrent=so.Dense())(so.Dense(3, name=name + "w")(x))
    y = so.LI(name=name + "y")(so.Dense(2)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y) + so.L2(h.weights))
    assert roman(name)[8:-1] in check(problem)[1]
    check(so.L1(h.weights))


def test_names_are_escaped_in_blocks() -> None:
    y = so.LI(name=HOSTILE[-1])(so.Dense(2, name="&")(so.LIF(name="a_b[c]")(so.Dense(3)(X))))
    found = check(so.compile(so.Problem(so.Network(X, y), so.CrossEntropy(y))))
    assert any(rf"\frac{{\rho_{{{roman('a_b[c]')}}}}}{{2}}" in line for line in found)


def test_names_stay_apart() -> None:
    assert len({roman(name) for name in HOSTILE}) == len(HOSTILE)
    assert len({roman(c) for c in string.printable if not c.isspace()}) == len(string.printable) - 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.001, "0.001"),
        (1e-5, "10^{-5}"),
        (-1e-5, "-10^{-5}"),
        (2.5e-7, r"2.5 \times 10^{-7}"),
        (1e6, "10^{6}"),
        (1 / 3, "0.333333"),
        (float("-inf"), r"-\infty"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text
    check_line(text)


@pytest.mark.parametrize("wrong", [None, 3, "x", so, so.LIF, X, H, H.weights, so.Dense(3), np.eye(2)])
def test_what_has_no_equations_says_what_has(wrong: Any) -> None:
    with pytest.raises(so.ModelError, match=r"latex: .*\n  Fix: pass a network, problem, plan, objective, loss"):
        so.latex(wrong)


# ---- plain text, from the same equations


def test_printed_text_of_all_that_equations_can_hold() -> None:
    image = so.Input((1, 4, 4), name="image")
    c = so.LIF(beta=np.linspace(0.8, 0.95, 4), name="c")(so.AvgPool2d(2)(so.Conv2d(1, 3, padding=1)(image)))
    h = so.ALIF(name="h", recurrent=so.Dense())(
        so.Dense(4)(so.Flatten()(c)) + so.Dense(4, name="w")(so.Delay(3)(image))
    )
    r = so.Neuron.from_equations(
        x="0.9*x - 0.3*y + 2*i - s", y="y - i", potential="x - 0.5*y", threshold=1.2, name="r"
    )(so.Sparse(np.eye(4))(h))
    y = so.LI(name="y")(so.Dense(2)(r))
    network = so.Network(image, y, feedback={h: so.Dense(bias=False)(so.Delay(1)(r))})
    text = str(so.Problem(network, so.CrossEntropy(y))).splitlines()
    assert [line.strip() for line in text[4:]] == [
        "v[c,t] = (0.8..0.95) v[c,t-1] + avgpool2d(conv2d(W[c], image[t])) + b[c] - s[c,t-1]",
        "s[c,t] = H(v[c,t] - 1)",
        "m[h,t] = 0.9 m[h,t-1] + (W[h.0] flatten(s[c,t]) + b[h.0] + W[w] image[t-3] + b[w] + W[h.2] s[r,t-1] + "
        "W_rec[h] s[h,t-1]) - s[h,t-1]",
        "adaptation[h,t] = 0.98 adaptation[h,t-1] + s[h,t-1]",
        "u[h,t] = m[h,t] - 0.05 adaptation[h,t]",
        "s[h,t] = H(u[h,t] - 1)",
        "x[r,t] = 0.9 x[r,t-1] - 0.3 y[r,t-1] + 2 (sparse(W[r], s[h,t]) + b[r]) - s[r,t-1]",
        "y[r,t] = y[r,t-1] - (sparse(W[r], s[h,t]) + b[r])",
        "u[r,t] = x[r,t] - 0.5 y[r,t]",
        "s[r,t] = H(u[r,t] - 1.2)",
        "v[y,t] = 0.9 v[y,t-1] + W[y] s[r,t] + b[y]",
    ]


Maker = Callable[..., so.Problem]


def test_the_readme_example_in_full(mlp: Maker) -> None:
    assert check(mlp())[:2] == [
        r"\min_{W,\,b}\quad \ell_{\mathrm{CE}}\left( \frac{1}{T} \sum_{t=1}^{T} v_{t}^{(\mathrm{readout})},\, "
        r"y^{(\mathrm{readout})} \right) + \frac{0.001}{2}\,\left\| W_{\mathrm{hidden}} \right\|_{\mathrm{F}}^{2}",
        r"\mathrm{subject\ to}\quad v_{t}^{(\mathrm{hidden})} = 0.9\,v_{t-1}^{(\mathrm{hidden})} + "
        r"W_{\mathrm{hidden}}\,x_{t}^{(\mathrm{pixels})} + b_{\mathrm{hidden}} - s_{t-1}^{(\mathrm{hidden})}",
    ]
