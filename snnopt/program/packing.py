"""Programs as JSON and plain arrays, and back: how a saved result remembers its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program.maps import Gather, LinearMap
from snnopt.program.program import AffineCoupling, Program, StepCoupling, Term, Variable
from snnopt.program.statespace import StateSpace

Array = NDArray[Any]


def pack_program(program: Program) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a JSON-ready description and the arrays that it refers to."""
    arrays: dict[str, Array] = {}
    couplings = []
    for c in program.couplings:
        stem = f"program/{c.name}"
        d = c.dynamics
        arrays |= {f"{stem}/{k}": a for k, a in (("A", d.A), ("B", d.B), ("R", d.R), ("C", d.C))}
        if d.threshold is not None:
            arrays[f"{stem}/threshold"] = d.threshold
        maps = [_pack_map(m, f"{stem}/map{k}", arrays) for k, m in enumerate(c.maps)]
        couplings.append({"name": c.name, "shape": list(c.shape), "states": list(d.states), "maps": maps})
    return {
        "inputs": [_pack_variable(v) for v in program.inputs],
        "variables": [_pack_variable(v) for v in program.variables],
        "couplings": couplings,
        "terms": [
            {
                "kind": t.kind,
                "role": t.role,
                "owner": t.owner,
                "variables": list(t.variables),
                "scale": t.scale,
                "over": None if t.over is None else list(t.over),
                "parameters": [list(p) for p in t.parameters],
            }
            for t in program.terms
        ],
        "outputs": list(program.outputs),
        "cells": [list(c) for c in program.cells],
    }, arrays


def unpack_program(packed: Mapping[str, Any], arrays: Mapping[str, Array]) -> Program:
    """Return the program that :func:`pack_program` described."""
    couplings = []
    for c in packed["couplings"]:
        stem = f"program/{c['name']}"
        theta = arrays.get(f"{stem}/threshold")
        a, b, r, o = (np.asarray(arrays[f"{stem}/{k}"], np.float64) for k in "ABRC")
        dynamics = StateSpace(a, b, r, o, theta, tuple(c["states"]))
        maps = tuple(_unpack_map(m, f"{stem}/map{k}", arrays) for k, m in enumerate(c["maps"]))
        shape = tuple(int(n) for n in c["shape"])
        spike = None if theta is None else f"{c['name']}.spike"
        name = str(c["name"])
        couplings.append(AffineCoupling(name, int(np.prod(shape)), shape, dynamics, maps, f"{name}.potential", spike))
    return Program(
        inputs=tuple(_unpack_variable(v) for v in packed["inputs"]),
        variables=tuple(_unpack_variable(v) for v in packed["variables"]),
        couplings=tuple(couplings),
        steps=tuple(StepCoupling(c.name, c.potential, c.spike) for c in couplings if c.spike is not None),
        terms=tuple(
            Term(
                t["kind"],
                t["role"],
                t["owner"],
                tuple(t["variables"]),
                float(t["scale"]),
                None if t["over"] is None else (t["over"][0], int(t["over"][1])),
                tuple((str(k), float(v)) for k, v in t["parameters"]),
            )
            for t in packed["terms"]
        ),
        outputs=tuple(packed["outputs"]),
        cells=tuple(tuple(c) for c in packed["cells"]),
    )


def _pack_variable(v: Variable) -> dict[str, Any]:
    return {"name": v.name, "kind": v.kind, "shape": list(v.shape)}


def _unpack_variable(v: Mapping[str, Any]) -> Variable:
    return Variable(str(v["name"]), v["kind"], tuple(int(n) for n in v["shape"]))


_PLAIN = ("name", "source", "lag", "weight", "bias", "positions", "fan_in", "channels")


def _pack_map(m: LinearMap, stem: str, arrays: dict[str, Array]) -> dict[str, Any]:
    if m.gather is not None:
        g = m.gather
        arrays |= {f"{stem}/indptr": g.indptr, f"{stem}/indices": g.indices, f"{stem}/data": g.data}
    if m.mask is not None:
        arrays[f"{stem}/mask"] = m.mask
    gather = None if m.gather is None else [m.gather.rows, m.gather.columns]
    return {k: getattr(m, k) for k in _PLAIN} | {"gather": gather, "form": m.form}


def _unpack_map(packed: Mapping[str, Any], stem: str, arrays: Mapping[str, Array]) -> LinearMap:
    gather = None
    if packed["gather"] is not None:
        rows, columns = packed["gather"]
        gather = Gather(rows, columns, *(arrays[f"{stem}/{k}"] for k in ("indptr", "indices", "data")))
    given = packed.get("form")
    form = None if given is None else tuple((str(kind), tuple(map(int, numbers))) for kind, numbers in given)
    return LinearMap(**{k: packed[k] for k in _PLAIN}, gather=gather, mask=arrays.get(f"{stem}/mask"), form=form)
