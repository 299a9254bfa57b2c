"""The diagram of a plan: blocks and the couplings that tie them, a row for each layer."""

from __future__ import annotations

import numpy as np

from snnopt.program import AffineCoupling, Program
from snnopt.report.compiled import Compiled
from snnopt.report.draw.diagram import Box, Diagram, Link, readable
from snnopt.split import Block

LETTERS = {"weight": "W", "bias": "b", "potential": "v", "spike": "s"}
WEIGHTS, DYNAMICS, ACTIVITY, STEP = range(4)
"""Columns: blocks of weights, couplings of dynamics, blocks of potentials and spikes, couplings of steps."""


def plan_diagram(plan: Compiled) -> Diagram:
    """Return a box for each block with its closed form, a box for each coupling between blocks, and links between these.

    A link says by which variables the block takes part in the coupling: weights W, biases b, potentials v, spikes s. Where
    spikes have no block they are a function of the potentials, in the potentials' block. A coupling of one block ties
    nothing, and is left out.
    """
    program = plan.program
    row = {c.name: k for k, c in enumerate(program.couplings)}
    holder = _holders(program, [b.block for b in plan.bindings])
    # Spikes stand below potentials, as they feed the rows below.
    boxes = [
        Box(
            b.block.name,
            readable(b.block.name),
            b.title,
            "block",
            WEIGHTS if b.block.kind in ("weights", "readout") else ACTIVITY,
            min(row[n] for n in b.block.layers),
        )
        for b in sorted(plan.bindings, key=lambda b: b.block.kind == "spikes")
    ]
    links: list[Link] = []
    couplings = [(f"{c.name}: dynamics", c.name, DYNAMICS, _variables(program, c)) for c in program.couplings]
    couplings += [(f"{s.name}: step", s.name, STEP, (s.potential, s.spike)) for s in program.steps]
    for name, layer, column, variables in couplings:
        tied: dict[str, dict[str, None]] = {}
        for variable in variables:
            if variable in holder:
                tied.setdefault(holder[variable], {})[LETTERS[program.variable(variable).kind]] = None
        if len(tied) > 1:
            detail = "step" if column == STEP else "dynamics"
            boxes.append(Box(name, readable(layer), detail, "coupling", column, row[layer]))
            links += [Link(block, name, (", ".join(letters),), directed=False) for block, letters in tied.items()]
    return Diagram(tuple(boxes), tuple(links))


def _holders(program: Program, blocks: list[Block]) -> dict[str, str]:
    """The block that moves each variable."""
    holder = {variable: block.name for block in blocks for variable in block.variables}
    for step in program.steps:
        if step.spike not in holder and step.potential in holder:
            holder[step.spike] = holder[step.potential]
    return holder


def _variables(program: Program, coupling: AffineCoupling) -> tuple[str, ...]:
    """Every variable in ``v = kappa * (sum W s + b) + eta * s``."""
    found = [n for m in coupling.maps for n in (m.weight, m.bias) if n is not None]
    found.append(coupling.potential)
    found += [coupling.spike] if coupling.spike is not None and np.any(coupling.dynamics.R) else []
    for m in coupling.maps:
        source = program.by_name.get(m.source)
        found += [] if source is None else [source.spike or source.potential]
    return tuple(dict.fromkeys(found))
