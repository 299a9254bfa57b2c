"""Random networks of everything that the language offers, as a hypothesis strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np

import snnopt as so
from snnopt.model.naming import connection_names
from snnopt.program import Program

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A problem, weights at which its layers fire, and data."""

    problem: so.Problem
    seed: int
    steps: int
    samples: int

    def weights(self, program: Program) -> dict[str, Array]:
        """Random weights by name, of the shape that results have."""
        rng = np.random.default_rng(self.seed)
        masks = {m.weight: m.mask for c in program.couplings for m in c.maps if m.mask is not None}
        out = {}
        for v in program.variables:
            if v.kind == "weight":
                w = rng.standard_normal(v.shape) / np.sqrt(np.prod(v.shape[1:]))
                out[v.name] = w * masks[v.name].reshape(v.shape) if v.name in masks else w
            if v.kind == "bias":
                out[v.name] = rng.uniform(0.0, 0.6, v.shape)
        return out

    def data(self, program: Program) -> dict[str, Array]:
        """Random inputs by name, [T, N, *shape]."""
        rng = np.random.default_rng(self.seed + 1)
        return {v.name: rng.uniform(-0.5, 1.5, (self.steps, self.samples, *v.shape)) for v in program.inputs}

    def targets(self, program: Program) -> dict[str, Array]:
        """Random labels by output."""
        rng = np.random.default_rng(self.seed + 2)
        return {t.owner: rng.integers(0, program.by_name[t.owner].size, self.samples) for t in program.losses}


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    """Chains of one to three layers with skips, delays, sharing, recurrence, feedback, convolutions and odd neurons."""
    flat, image = so.Input(3, name="x"), so.Input((2, 4, 4), name="image")
    inputs: list[Any] = [flat] if draw(st.booleans()) else [image] if draw(st.booleans()) else [flat, image]
    sources: list[Any] = list(inputs)
    hidden: list[Any] = []
    for k in range(draw(st.integers(1, 3))):
        layer = _layer(draw, sources, f"h{k}")
        sources.append(layer)
        hidden.append(layer)
    unread = [n for n in (*inputs, *hidden[:-1]) if draw(st.booleans())]
    outputs = [_readout(draw, [hidden[-1], *unread], f"y{k}") for k in range(draw(st.integers(1, 2)))]
    feedback = {}
    if len(hidden) > 1 and draw(st.booleans()):
        late = so.Delay(draw(st.integers(1, 3)))(hidden[-1])
        feedback[hidden[0]] = so.Dense()(late) if len(hidden[0].shape) == 1 else late
        if feedback[hidden[0]].shape not in (None, hidden[0].shape):
            feedback = {}
    reached = so.Network(inputs, outputs, feedback) if _all_reached(inputs, outputs, feedback) else None
    if reached is None:
        inputs = [n for n in inputs if _reaches(n, outputs, feedback)]
        reached = so.Network(inputs, outputs, feedback if all(_reaches(h, outputs, {}) for h in feedback) else None)
    hypothesis.assume(connection_names(reached))  # without weights there is nothing to train
    objective: Any = None
    for y in outputs:
        term = _loss(draw, y)
        objective = term if objective is None else objective + term
    problem = so.Problem(reached, objective)
    return Drawn(problem, draw(st.integers(0, 2**20)), draw(st.integers(1, 7)), draw(st.integers(1, 4)))


def _reaches(node: Any, outputs: list[Any], feedback: dict[Any, Any]) -> bool:
    seen, stack = set(), list(outputs)
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        if isinstance(at, so.Population):
            stack += [p.source for p in at.current.paths]
            stack += [p.source for p in feedback[at].paths] if at in feedback else []
    return node in seen


def _all_reached(inputs: list[Any], outputs: list[Any], feedback: dict[Any, Any]) -> bool:
    return all(_reaches(n, outputs, feedback) for n in (*inputs, *feedback))


def _parameter(draw: Any, low: float, high: float, units: int) -> Any:
    if draw(st.integers(0, 3)):
        return draw(st.floats(low, high))
    return np.array(draw(st.lists(st.floats(low, high), min_size=units, max_size=units)))


def _neuron(draw: Any, units: int, name: str, recurrent: Any) -> Any:
    def number(low: float, high: float) -> Any:
        return _parameter(draw, low, high, units)

    kind = draw(st.sampled_from(["LIF", "LIF", "soft", "none", "IF", "CubaLIF", "ALIF", "resonator"]))
    if kind == "LIF":
        return so.LIF(number(0.3, 1.0), number(0.4, 1.5), recurrent=recurrent, name=name)
    if kind == "soft":
        return so.LIF(number(0.3, 1.0), number(0.4, 1.5), reset_delay=False, recurrent=recurrent, name=name)
    if kind == "none":
        return so.LIF(number(0.3, 0.9), reset_mechanism="none", recurrent=recurrent, name=name)
    if kind == "IF":
        return so.IF(number(0.4, 1.5), name=name)
    if kind == "CubaLIF":
        return so.CubaLIF(number(0.2, 0.9), number(0.3, 0.95), number(0.4, 1.5), recurrent=recurrent, name=name)
    if kind == "ALIF":
        return so.ALIF(number(0.3, 0.95), 1.0, 0.9, number(0.05, 0.4), recurrent=recurrent, name=name)
    return so.Neuron.from_equations(
        x="d * (cos(w) * x - sin(w) * y) + i - s",
        y="d * (sin(w) * x + cos(w) * y)",
        threshold=0.8,
        parameters={"d": number(0.5, 0.95), "w": 0.4},
        name=name,
    )


def _layer(draw: Any, sources: list[Any], name: str) -> Any:
    images = [s for s in sources if len(s.shape) == 3]
    if images and draw(st.booleans()):
        source = draw(st.sampled_from(images))
        kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        current: Any = so.Conv2d(2, min(kernel, source.shape[1]), stride=stride, padding=1, bias=draw(st.booleans()))(
            source
        )
        if draw(st.booleans()) and current.shape is not None and min(current.shape[1:]) > 1:
            current = so.AvgPool2d(2)(current)
        units = int(np.prod(current.shape))
        if draw(st.integers(0, 5)) == 0:
            return so.LI(_parameter(draw, 0.3, 0.95, units), name=name)(current)
        return _neuron(draw, units, name, None)(current)
    units = draw(st.integers(2, 4))
    shared = so.Dense(units, bias=draw(st.booleans()))
    current = None
    for source in draw(st.lists(st.sampled_from(sources), min_size=1, max_size=2)):
        part = _part(draw, source, units, shared)
        current = part if current is None else current + part
    if draw(st.integers(0, 7)) == 0:
        return so.LI(_parameter(draw, 0.3, 0.95, units), name=name)(current)
    recurrent = so.Dense() if draw(st.integers(0, 2)) == 0 else None
    return _neuron(draw, units, name, recurrent)(current)


def _part(draw: Any, source: Any, units: int, shared: Any) -> Any:
    signal = so.Flatten()(source) if len(source.shape) == 3 else source
    if draw(st.booleans()):
        signal = so.Delay(draw(st.integers(1, 3)))(signal)
    width = int(np.prod(source.shape))
    kind = draw(st.sampled_from(["dense", "sparse", "shared", "shared", "direct"]))
    if kind == "sparse":
        mask = np.random.default_rng(draw(st.integers(0, 99))).random((units, width)) < 0.6
        mask[0, 0] = True
        return so.Sparse(mask)(signal)
    if kind == "shared" and not getattr(shared, "_width", None):
        object.__setattr__(shared, "_width", width)
    if kind == "shared" and shared._width == width:
        return shared(signal)
    if kind == "direct" and width == units:
        return signal
    return so.Dense(units, bias=draw(st.booleans()))(signal)


def _readout(draw: Any, sources: list[Any], name: str) -> Any:
    units: int = draw(st.integers(2, 3))
    current: Any = None
    shared = so.Dense(units, bias=draw(st.booleans()))
    for source in sources:
        part = _part(draw, source, units, shared)
        current = part if current is None else current + part
    return so.LI(_parameter(draw, 0.3, 1.0, units), name=name)(current)


def _loss(draw: Any, y: Any) -> Any:
    over: Any = draw(st.sampled_from(["mean", "last", "max", so.Window(1)]))
    loss = draw(st.sampled_from([so.CrossEntropy, so.SquaredError]))
    term = draw(st.floats(0.1, 2.0)) * loss(y, over=over)
    if draw(st.integers(0, 3)) == 0:
        return term + 0.5 * so.SquaredError(y, over="last")
    return term
