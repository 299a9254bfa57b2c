"""The diagram of a plan: blocks and the couplings that tie them, a row for each layer."""

from __future__ import annotations

import numpy as np

from snnopt.program import AffineCoupling, Program
from snnopt.report.compiled import Compiled
from snnopt.report.draw.diagram import Box, Diagram, Link, readable
from snnopt.split import Block

LETTERS = {"weight": "W", "bias": "b", "potential": "v", "spike": "s"}
WEIGHTS, DYNAMICS, ACTIVITY, STEP = range(4)
"""Columns: blocks of weights and their copies, couplings of these and of dynamics, potentials and spikes, couplings of steps."""


def plan_diagram(plan: Compiled) -> Diagram:
    """Return a box for each block with its closed form, a box for each coupling between blocks, and links between these.

    A link says by which variables the block takes part in the coupling: weights W, copies V, biases b, potentials v, spikes
    s. Where spikes have no block they are a function of the potentials, in the potentials' block. Dynamics that blocks of
    spikes see by their slope are said to be linearised. A coupling of one block ties nothing, and is left out.
    """
    program = plan.program
    row = {c.name: k for k, c in enumerate(program.couplings)}
    holders = _holders(program, [b.block for b in plan.bindings])
    # Spikes stand below potentials, as they feed the rows below.
    boxes = [
        Box(
            b.block.name,
            readable(b.block.name),
            b.title,
            "block",
            WEIGHTS if b.block.kind in ("weights", "readout", "copy") else ACTIVITY,
            min(row[n] for n in b.block.layers),
        )
        for b in sorted(plan.bindings, key=lambda b: b.block.kind == "spikes")
    ]
    links: list[Link] = []
    linear = {q.coupling for b in plan.bindings for q in b.block.quadratics if q.linearised}
    couplings = [(f"{c.name}: dynamics", c.name, DYNAMICS, _variables(program, c)) for c in program.couplings]
    couplings += [(f"{s.name}: step", s.name, STEP, (s.potential, s.spike)) for s in program.steps]
    for name, layer, column, variables in couplings:
        tied: dict[str, dict[str, None]] = {}
        for variable in variables:
            for block in holders.get(variable, ()):
                tied.setdefault(block, {})[LETTERS[program.variable(variable).kind]] = None
        if len(tied) > 1:
            detail = "step" if column == STEP else "dynamics, linearised" if layer in linear else "dynamics"
            boxes.append(Box(name, readable(layer), detail, "coupling", column, row[layer]))
            links += [Link(block, name, (", ".join(letters),), directed=False) for block, letters in tied.items()]
    for of, copy in _copies([b.block for b in plan.bindings]):
        name, first = f"{copy.name}: W = V", min(row[n] for n in copy.layers)
        boxes.append(Box(name, readable(" + ".join(copy.layers)), "W = V", "coupling", DYNAMICS, first))
        links += [Link(b.name, name, (letter,), directed=False) for b, letter in ((of, "W"), (copy, "V"))]
    return Diagram(tuple(boxes), tuple(links))


def _copies(blocks: list[Block]) -> list[tuple[Block, Block]]:
    """Blocks of weights with the blocks of their copies; they hold the same uses."""
    copies = {id(b.uses): b for b in blocks if b.kind == "copy"}
    return [(b, copies[id(b.uses)]) for b in blocks if b.kind != "copy" and id(b.uses) in copies]


def _holders(program: Program, blocks: list[Block]) -> dict[str, list[str]]:
    """The blocks that move each variable; several where the last step has its own."""
    holders: dict[str, list[str]] = {}
    for block in blocks:
        for variable in block.variables:
            holders.setdefault(variable, []).append(block.name)
    for step in program.steps:
        if step.potential in holders:
            holders.setdefault(step.spike, holders[step.potential])
    return holders


def _variables(program: Program, coupling: AffineCoupling) -> tuple[str, ...]:
    """Every variable in ``v = kappa * (sum W s + b) + eta * s``."""
    found = [n for m in coupling.maps for n in (m.weight, m.bias) if n is not None]
    found.append(coupling.potential)
    found += [coupling.spike] if coupling.spike is not None and np.any(coupling.dynamics.R) else []
    for m in coupling.maps:
        source = program.by_name.get(m.source)
        found += [] if source is None else [source.spike or source.potential]
    return tuple(dict.fromkeys(found))
