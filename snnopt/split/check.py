"""The checker of a split program: every unknown is updated, and by one block."""

from __future__ import annotations

from snnopt.program import InvalidProgram, Program
from snnopt.split.blocks import At, Block


def check_blocks(program: Program, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the blocks, or raise :class:`InvalidProgram` naming what does not fit.

    Block names are unique; every weight and bias is in exactly one block, and so are the potentials of every layer that no
    loss eliminates, at every step of time; every term of the objective and every constraint is in some block.
    """
    held, times = dict[str, list[str]](), dict[str, list[At]]()
    for block in blocks:
        for name in block.variables:
            held.setdefault(name, []).append(block.name)
            times.setdefault(name, []).append(block.at)
    for v in program.variables:
        count = len(held.get(v.name, ()))
        if v.kind in ("weight", "bias") and count != 1:
            raise InvalidProgram(f"{v.name!r} is in {count} blocks: {held.get(v.name, [])}")
        if v.kind in ("potential", "spike") and count > 1 and times[v.name] != ["before last", "last"]:
            raise InvalidProgram(f"{v.name!r} is in {count} blocks: {held[v.name]}")
    eliminated = {name for b in blocks if b.kind == "readout" for name in b.layers}
    for c in program.couplings:
        if (c.potential in held) == (c.name in eliminated):
            where = "in a block, though eliminated" if c.name in eliminated else "in none"
            raise InvalidProgram(f"potentials of {c.name!r}: {where}")
    unknown = set(held) - {v.name for v in program.variables}
    if unknown:
        raise InvalidProgram(f"blocks update {sorted(unknown)}, which are no variables")
    names = [b.name for b in blocks]
    if len(names) != len(set(names)):
        raise InvalidProgram(f"two blocks have one name: {names}")
    kept = {id(t) for b in blocks for t in (*b.terms, *b.by_gradient)}
    for t in program.terms:
        if id(t) not in kept:
            raise InvalidProgram(f"term {t.name} is in no block")
    return blocks
