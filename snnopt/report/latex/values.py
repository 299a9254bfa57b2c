"""Signals, currents and weights of blocks in LaTeX."""

from __future__ import annotations

from dataclasses import dataclass, replace

from snnopt.model.equation import drives, potential_symbol
from snnopt.model.naming import Names
from snnopt.model.network import Network
from snnopt.model.signal import Population
from snnopt.report.latex.dynamics import current
from snnopt.report.latex.symbols import signal, size, step, weight
from snnopt.report.parts import Current, Matrix, Signal, Step, Sum, Value, layer_of


@dataclass(frozen=True, eq=False)
class ValueWriter:
    """Writes values and sums of values of one network."""

    network: Network
    names: Names

    def sum(self, addends: Sum) -> str:
        """Addends with their signs and factors."""
        out = ""
        for a in addends:
            negative, text = a.negative, self.value(a.value)
            if isinstance(a.factor, str):
                inner = rf"\left( {text} \right)" if isinstance(a.value, Current) else text
                text = signal(rf"\{a.factor}", layer_of(a.value)) + f" * {inner}"
            elif a.factor is not None:
                negative ^= a.factor.negative
                if isinstance(a.value, Current) and (negative or not a.factor.one) and " + " in text:
                    text = rf"\left( {text} \right)"
                text = text if a.factor.one else rf"{size(a.factor)}\,{text}"
            out += ("-" if negative else "") + text if not out else (" - " if negative else " + ") + text
        return out or "0"

    def value(self, value: Value) -> str:
        """A signal, current, step or matrix."""
        match value:
            case Matrix():
                return weight(value.stem, value.letter)
            case Step():
                below = f"{self.value(value.potential)} - {size(value.threshold)}"
                return rf"\mathrm{{E}}_{{\xi}} H({below} - \xi)" if value.dithered else f"H({below})"
            case Current():
                paths = drives(self.network, self._population(value.coupling.name), self.names.labels)
                return " + ".join(current(paths, value.indexed, value.spikes))
            case Signal():
                return signal(self._letter(value), value.layer, "" if value.lag is None else step(value.lag))

    def _letter(self, value: Signal) -> str:
        """Its letter, primed where a state of some neuron is called so."""
        if value.letter == "v":
            return potential_symbol(self._population(value.layer).neuron.state_space())
        if value.letter == "a_k":
            return rf"\bar{{{self._letter(replace(value, letter='a'))}}}"
        letter: str = value.letter
        spaces = [p.neuron.state_space() for p in self.network.populations]
        taken = {s for space in spaces for s in (*space.states, potential_symbol(space))}
        while letter != "s" and letter in taken:
            letter += "'"
        return letter

    def _population(self, name: str) -> Population:
        node = self.network.by_name[name]
        assert isinstance(node, Population)
        return node
