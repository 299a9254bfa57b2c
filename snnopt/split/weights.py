"""Blocks of weights, and of the copies that constraints act on."""

from __future__ import annotations

from dataclasses import replace

from snnopt.program import Program
from snnopt.split.blocks import Block, Form, Kind, Quadratic
from snnopt.split.uses import WeightUse, columns, weight_groups

SMOOTH = ("l2",)
"""Penalties that a weight block itself holds."""


def weight_blocks(program: Program, form: Form, eliminated: bool) -> list[Block]:
    """The blocks of all groups of weights, last layer first.

    A group that a constraint or a penalty beyond L2 is on is followed by its copy block. With ``eliminated``, potentials of
    judged read-outs are eliminated with their coupling, and the weights into them are read-out blocks that hold the losses.
    """
    blocks = [b for uses in weight_groups(program) for b in _group(program, uses, form, eliminated)]
    return [_told_apart(b, blocks) for b in blocks]


def _group(program: Program, uses: tuple[WeightUse, ...], form: Form, eliminated: bool) -> list[Block]:
    layers = tuple(dict.fromkeys(u.target.name for u in uses))
    variables = tuple(n for c in columns(uses) for n in (c.weight, c.bias) if n is not None)
    losses = tuple(t for t in program.losses if t.owner in layers and not program.by_name[t.owner].dynamics.spiking)
    judged = losses if eliminated else ()
    on_weights = tuple(t for t in program.terms if t.role != "loss" and set(t.variables) & set(variables))
    smooth = tuple(t for t in on_weights if t.kind in SMOOTH)
    other = tuple(t for t in on_weights if t.kind not in SMOOTH)
    kind: Kind = "readout" if judged else "weights"
    quadratics = () if judged else tuple(Quadratic(n, f"rho[{n}]") for n in layers)
    stem, terms = "+".join(layers), judged + smooth
    block = Block(f"{stem}.{kind}", kind, form, layers, variables, quadratics, proximal=True, terms=terms, uses=uses)
    if not other:
        return [block]
    return [block, Block(f"{stem}.copy", "copy", form, layers, (), (), terms=other, uses=uses)]


def _told_apart(block: Block, among: list[Block]) -> Block:
    """The block, called after its first weight where another one is of the same layers."""
    if sum(b.name == block.name for b in among) == 1:
        return block
    return replace(block, name=f"{block.name}[{block.columns[0].weight.removesuffix('.weight')}]")
