"""What the symbols in the lines of blocks stand for."""

from __future__ import annotations

from collections.abc import Iterable

from snnopt.blocks.losses.hinge import GAMMA
from snnopt.report.latex.symbols import number
from snnopt.report.latex.values import ValueWriter
from snnopt.report.parts import Signal
from snnopt.report.subproblem import Splitting

ASKED = r"\mathrm{of\ what\ reads\ it\ and\ is\ not\ written\ beside\ it,\ at\ the\ rollout}"
WHERE = {
    r"\kappa^{": r"v = \kappa * i + \eta * s\quad \mathrm{solves\ the\ dynamics\ of\ a\ layer\ with\ current\ } i",
    r"\left\|": r"\left\| \cdot \right\|^{2},\ \left\langle \cdot,\, \cdot \right\rangle\quad "
    r"\mathrm{of\ signals:\ sums\ over\ time\ and\ neurons,\ means\ over\ samples}",
    r"\delta a^{": r"\delta a = - \partial / \partial s\ " + ASKED,
    r"\delta v^{": r"\delta v = - \partial / \partial v\ " + ASKED,
    r"\xi)": r"\xi = \mathrm{random\ offset\ of\ the\ threshold},\quad \mathrm{E}_{\xi} H\ \mathrm{linearised}",
    r"\nabla": r"\nabla = \mathrm{gradient\ at\ the\ present\ spikes}",
    r"\bar{a": r"\bar{a} = \mathrm{present\ spikes},\quad \tau = \mathrm{prox\ } L,\quad "
    r"L \geq \mathrm{the\ largest\ curvature\ of\ what\ } \nabla \mathrm{\ is\ of}",
    r"p_{\mathrm": r"p \geq 0\ \mathrm{is\ the\ multiplier\ of\ a\ budget}",
    r"\bar{\ell}": r"\bar{\ell}(m, y) = \min_{x}\; \ell(x, y) + \frac{1}{2 \gamma N} \sum_{n=1}^{N} "
    rf"\left\| x_{{n}} - m_{{n}} \right\|^{{2}},\quad \gamma = {number(GAMMA)}\quad (\mathrm{{Moreau\ envelope}})",
    r"\max_{t}": r"\max_{t}\ \mathrm{at\ a\ step\ frozen\ at\ the\ present\ potentials}",
    r"\mathrm{mean} |C|": r"C = W + U\ \mathrm{or,\ without\ a\ dual,\ } W",
    r"\Delta": r"\Delta = \mathrm{change\ of\ the\ minimised\ variables},\quad \mu\ \mathrm{its\ penalty}",
}
"""What the symbols in block lines stand for, by what shows that they are there; no name holds a bare brace."""


def legend(written: Iterable[str], split: Splitting, writer: ValueWriter) -> list[str]:
    """A line for each symbol that these lines hold."""
    text = " ".join(written)
    return [line for symbol, line in WHERE.items() if symbol in text] + _duals(split, writer) + _copies(split)


def _duals(split: Splitting, writer: ValueWriter) -> list[str]:
    now, out = 0 if split.form == "difference" else None, []
    if split.u:
        u = r",\ ".join(writer.value(Signal("u", n, now)) for n in split.u)
        end = r",\quad \mathrm{zero\ before\ } t = T" if split.at_end else ""
        out.append(rf"{u} = \mathrm{{scaled\ duals\ of\ dynamics}}" + end)
    if split.w:
        w = r",\ ".join(writer.value(Signal("w", n, now)) for n in split.w)
        out.append(rf"{w} = \mathrm{{scaled\ duals\ of\ step\ couplings}}")
    return out


def _copies(split: Splitting) -> list[str]:
    out = []
    if any(split.copies.values()):
        out.append(r"U \leftarrow U + W - V,\quad \mathrm{the\ scaled\ dual\ of\ the\ coupling\ } W = V")
    if not all(split.copies.values()):
        out.append(
            r"W \leftarrow W + \Delta\ \mathrm{where\ } W = V \mathrm{\ has\ no\ dual,\ } \Delta\ \mathrm{made\ at\ } V"
        )
    return out
