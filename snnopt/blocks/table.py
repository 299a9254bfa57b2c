"""The ordered table of closed forms, and how blocks are bound to it."""

from __future__ import annotations

from snnopt.blocks.dithered_step import DitheredStep
from snnopt.blocks.exact_step import ExactStep
from snnopt.blocks.fixed_readout import FixedReadout
from snnopt.blocks.linearised_potentials import LinearisedPotentials
from snnopt.blocks.linearised_spikes import LinearisedSpikes
from snnopt.blocks.majorised_readout import MajorisedReadout
from snnopt.blocks.masked_readout import MaskedReadout
from snnopt.blocks.masked_ridge_weights import MaskedRidgeWeights
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.blocks.rule import Binding, ClosedForm
from snnopt.errors import CompileError
from snnopt.split import Block

CLOSED_FORMS: tuple[type[ClosedForm], ...] = (
    FixedReadout,
    MajorisedReadout,
    MaskedReadout,
    RidgeWeights,
    MaskedRidgeWeights,
    LinearisedSpikes,
    ExactStep,
    DitheredStep,
    LinearisedPotentials,
)


def bind(blocks: tuple[Block, ...]) -> tuple[Binding, ...]:
    """Bind each block to the first closed form that matches; raise :class:`CompileError` where none does."""
    return tuple(_bind_one(block) for block in blocks)


def _bind_one(block: Block) -> Binding:
    declined: list[tuple[str, str]] = []
    for rule in CLOSED_FORMS:
        reason = rule.matches(block)
        if reason is None:
            return Binding(block, rule, tuple(declined))
        declined.append((rule.__name__, reason))
    kinds = [(name, reason) for name, reason in declined if not reason.startswith("it solves")]
    first = next((r for _, r in kinds if "no closed form for" in r), "; ".join(f"{n}: {r}" for n, r in kinds))
    raise CompileError(
        f"layer {' + '.join(block.layers)!r}, block {block.name!r}",
        f"no closed form solves it yet ({first})",
        "change or drop what is named; on weights so.L2 is solved, on spikes so.SpikeCost, and as losses so.CrossEntropy and "
        "so.SquaredError",
    )
