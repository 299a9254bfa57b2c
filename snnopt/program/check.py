"""The checker of the intermediate form: what every pass may rely on."""

from __future__ import annotations

from math import prod

import numpy as np

from snnopt.program.maps import LinearMap
from snnopt.program.program import AffineCoupling, Program


class InvalidProgram(AssertionError):
    """A pass of ours made a program that contradicts itself: a bug in snnopt, never a user's mistake."""


def check_program(program: Program) -> Program:
    """Return the program, or raise :class:`InvalidProgram` naming what does not fit.

    Names are unique and known, shapes and sizes agree, every weight's shape is that of all its maps, sources without lag
    come first, cells partition the couplings, and every term is about variables of the program.
    """
    names = [v.name for v in (*program.inputs, *program.variables)]
    _require(len(names) == len(set(names)), "two variables have one name")
    _require(len(program.by_name) == len(program.couplings), "two couplings have one name")
    flat = [n for cell in program.cells for n in cell]
    _require(sorted(flat) == sorted(program.by_name), "cells do not partition the couplings")
    known = {v.name: v for v in (*program.inputs, *program.variables)}
    shapes = {v.name: v.shape for v in program.inputs} | {c.name: c.shape for c in program.couplings}
    place = {c.name: k for k, c in enumerate(program.couplings)}
    for c in program.couplings:
        _check_coupling(program, c, {n: v.shape for n, v in known.items()})
        for m in c.maps:
            where = f"map {m.name!r} into {c.name!r}"
            _require(m.source in shapes, f"{where}: its source {m.source!r} is unknown")
            _check_map(c, m, prod(shapes[m.source]), {n: v.shape for n, v in known.items()}, where)
            prompt = m.lag == 0 and m.source in place
            _require(not prompt or place[m.source] < place[c.name], f"{where}: its source comes later, without a lag")
    spiking = {(c.potential, c.spike) for c in program.couplings if c.spike is not None}
    _require({(s.potential, s.spike) for s in program.steps} == spiking, "step couplings are not those of the layers")
    for t in program.terms:
        _require(t.owner in program.by_name, f"term {t.name}: its layer is unknown")
        _require(all(n in known for n in t.variables), f"term {t.name}: a variable is unknown")
        _require(t.role != "loss" or t.over is not None, f"loss {t.name} does not say over what")
    _require(all(n in program.by_name for n in program.outputs), "an output is unknown")
    return program


def _check_coupling(program: Program, c: AffineCoupling, shapes: dict[str, tuple[int, ...]]) -> None:
    where, d = f"coupling {c.name!r}", c.dynamics
    _require(c.size == prod(c.shape), f"{where}: size and shape differ")
    _require(shapes.get(c.potential) == c.shape, f"{where}: its potential is no variable of its shape")
    _require(c.spike is None or shapes.get(c.spike) == c.shape, f"{where}: its spike is no variable of its shape")
    _require((c.spike is not None) == d.spiking, f"{where}: it has a spike without a threshold, or the reverse")
    order = (d.order, d.order)
    _require(d.A.shape[:2] == order and len(d.states) == d.order, f"{where}: its states do not match its dynamics")
    for array in (d.A, d.B, d.R, d.C, *(() if d.threshold is None else (d.threshold,))):
        _require(array.shape[-1] in (1, c.size), f"{where}: parameters for {array.shape[-1]} of {c.size} neurons")
        _require(bool(np.all(np.isfinite(array))), f"{where}: its dynamics are not finite")


def _check_map(c: AffineCoupling, m: LinearMap, source: int, shapes: dict[str, tuple[int, ...]], where: str) -> None:
    _require(m.lag >= 0, f"{where}: its lag is negative")
    width = m.positions * m.fan_in
    rows, columns = (width, source) if m.gather is None else (m.gather.rows, m.gather.columns)
    _require(columns == source, f"{where}: it reads {columns} of {source} entries")
    _require(rows == width, f"{where}: it gathers {rows} entries for {m.positions} positions of {m.fan_in}")
    _require(m.gather is not None or width == source, f"{where}: {source} entries for fan-in {m.fan_in}")
    _require(m.channels * m.positions == c.size, f"{where}: it makes {m.channels * m.positions} of {c.size} currents")
    if m.weight is not None:
        shape = shapes.get(m.weight, ())
        _require(bool(shape) and shape[0] == m.channels and prod(shape) == m.channels * m.fan_in, f"{where}: weights")
    _require(m.bias is None or shapes.get(m.bias) == (m.channels,), f"{where}: its bias has another shape")
    _require(m.mask is None or m.mask.shape == (m.channels, m.fan_in), f"{where}: its mask has another shape")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvalidProgram(otherwise)
