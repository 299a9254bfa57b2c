"""Problems as mathematics in plain text, from the declared objects."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from snnopt.model.connections import Connection
from snnopt.model.network import Network
from snnopt.model.signal import Path, Population


def equations(network: Network, population: Population) -> list[str]:
    """The population's update equations, one line each.

    For a LIF layer ``v[t] = 0.9 v[t-1] + W[hidden] pixels[t] + b[hidden] - s[t-1]`` and ``s[t] = H(v[t] - 1)``, every
    variable with the layer's name.
    """
    name, space = network.names[population], population.neuron.state_space()
    incoming = list(dict.fromkeys(p.learned for p in network.current(population).paths if p.learned is not None))
    labels = {c: c.name or (name if len(incoming) == 1 else f"{name}.{k}") for k, c in enumerate(incoming)}
    current = [path_text(network, path, labels) for path in network.current(population).paths]
    if population.neuron.recurrent_connection is not None:
        current.append(f"W_rec[{name}] s[{name},t-1]")
    total = " + ".join(current)
    states = [f"{state}[{name},t-1]" for state in space.states]
    lines = []
    for k, state in enumerate(space.states):
        terms = [(space.A[k, j], states[j]) for j in range(space.order)]
        terms += [(space.B[k], total if len(current) == 1 and _is_one(space.B[k]) else f"({total})")]
        terms += [(space.R[k], f"s[{name},t-1]")]
        lines.append(f"{state}[{name},t] = {_sum(terms)}")
    if space.order > 1 and not _is_first(space.C):
        lines.append(
            f"u[{name},t] = {_sum([(c, f'{s}[{name},t]') for c, s in zip(space.C, space.states, strict=True)])}"
        )
        potential = f"u[{name},t]"
    else:
        potential = f"{space.states[0]}[{name},t]"
    if space.threshold is not None:
        lines.append(f"s[{name},t] = H({potential} - {_number(space.threshold)})")
    return lines


def path_text(network: Network, path: Path, labels: Mapping[Connection, str]) -> str:
    """One path as mathematics, e.g. ``W[hidden] pixels[t] + b[hidden]``, weights called as in ``result.weights``."""
    from_population = isinstance(path.source, Population) and path.source.neuron.spiking
    source = network.names[path.source]
    lag = sum(c.steps for c in path.connections)
    when = f"t-{lag}" if lag else "t"
    text = f"s[{source},{when}]" if from_population else f"{source}[{when}]"
    bias = ""
    for c in path.connections:
        if c.learned:
            label = labels[c]
            kind = type(c).__name__.lower()
            text = f"W[{label}] {text}" if kind == "dense" else f"{kind}(W[{label}], {text})"
            bias = f" + b[{label}]" if getattr(c, "bias", False) else ""
        elif not c.steps:
            text = f"{type(c).__name__.lower()}({text})"
    return text + bias


def _is_one(values: np.ndarray) -> bool:
    return bool(np.all(values == 1))


def _is_first(c: np.ndarray) -> bool:
    return _is_one(c[0]) and not np.any(c[1:])


def _number(values: np.ndarray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:g}" if low == high else f"({low:.3g}..{high:.3g})"


def _sum(terms: list[tuple[np.ndarray, str]]) -> str:
    out = ""
    for values, text in terms:
        if not np.any(values):
            continue
        negative = bool(np.all(values <= 0))
        size = np.abs(values) if negative else values
        sign = ("-" if negative else "") if not out else (" - " if negative else " + ")
        out += sign + ("" if _is_one(size) else f"{_number(size)} ") + text
    return out or "0"
