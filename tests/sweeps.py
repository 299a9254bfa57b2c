"""Sweeps one word at a time, on random weights and states, for the tests of what each word does."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import snnopt as so
from snnopt.algorithms import ALGORITHMS, KeptAlgorithm, Word
from snnopt.runtime import Wiring, check_weights
from snnopt.runtime.batch import Batch
from snnopt.runtime.kept import KeptSweeper, State
from snnopt.runtime.sweeper import Sweeper

F64 = np.dtype(np.float64)


def random_weights(plan: so.Plan, seed: int = 0) -> dict[str, np.ndarray]:
    rng, program = np.random.default_rng(seed), plan.program
    raw = {v.name: rng.standard_normal(v.shape) for v in program.variables if v.kind in ("weight", "bias")}
    return check_weights(program, raw, F64)


def swept(
    problem: so.Problem,
    algorithm: Any,
    data: dict[str, np.ndarray],
    targets: dict[str, np.ndarray],
    words: Any,
    weights: Any = None,
    lengths: Any = None,
) -> tuple[Sweeper, Batch]:
    plan = so.compile(problem, algorithm)
    steps = max(map(len, data.values()))
    sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, weights or random_weights(plan), steps)
    batch = Batch(data, targets, lengths)
    for word in words:
        sweeper.run(Word(*word.split()), batch)
    return sweeper, batch


def series(steps: int = 6, samples: int = 30, n: int = 4, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((steps, samples, n)), rng.integers(0, classes, samples)


def one_hidden(reset: Literal["subtract", "none"] = "none", extra: Any = None, **more: Any) -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, reset_mechanism=reset, name="h")(so.Dense(20)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) if extra is None else so.CrossEntropy(y) + extra(h), **more)


KEPT = [n for n, a in ALGORITHMS.items() if issubclass(a, KeptAlgorithm)]
BETA, THETA, BETA_OUT = 0.8, 0.9, 0.7


def small(objective: Any = None, reset: Literal["subtract", "none"] = "subtract") -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=BETA, threshold=THETA, reset_mechanism=reset, name="h")(so.Dense(5)(x))
    y = so.LI(beta=BETA_OUT, name="y")(so.Dense(3)(h))
    term = 0.6 * so.SquaredError(y, over="last") + 0.3 * so.SpikeCost(h) + 0.2 * so.L2(h.weights)
    return so.Problem(so.Network(x, y), term)


def random_state(problem: so.Problem, algorithm: Any, duals: bool = True, penalties: Any = None) -> KeptSweeper:
    """A sweeper on a random state of 5 steps and 6 samples."""
    plan, rng = so.compile(problem, algorithm, penalties=penalties), np.random.default_rng(3)
    program, wiring = plan.program, Wiring(plan.program, F64)
    raw = {v.name: rng.standard_normal(v.shape) for v in program.variables if v.kind in ("weight", "bias")}
    data = {"x": rng.standard_normal((5, 6, 4))}
    state = State(check_weights(program, raw, F64), data, {"y": rng.integers(0, 3, 6)}, 5)
    state.scatter(wiring, rng)
    for name in state.v:
        state.v[name] = 2 * rng.standard_normal(state.v[name].shape)
        if duals:
            state.u[name] = rng.standard_normal(state.v[name].shape)
    for name in state.a:
        if duals:
            state.w[name] = rng.standard_normal(state.a[name].shape)
    return KeptSweeper(wiring, plan.bindings, algorithm, state, plan.penalties)


def naive_residuals(s: KeptSweeper, form: str) -> dict[str, np.ndarray]:
    """By loops over time, from the neurons' equations."""
    w, v, a, x = s.state.weights, s.state.v, s.state.a["h"], s.state.inputs["x"]
    out = {}
    for name, source, beta, theta in (("h", x, BETA, THETA), ("y", a, BETA_OUT, 0.0)):
        e, past, before = np.zeros_like(v[name]), np.zeros_like(v[name][0]), np.zeros_like(v[name][0])
        for t in range(len(e)):
            i = source[t] @ w[f"{name}.weight"].T + w[f"{name}.bias"]
            reset = theta * a[t - 1] if name == "h" and t else 0.0
            if form == "difference":
                e[t] = v[name][t] - (beta * past + i - reset)
                past = v[name][t]
            else:  # the membrane that these currents and spikes make
                before = beta * before + i - reset
                e[t] = v[name][t] - before
        out[name] = e
    return out
