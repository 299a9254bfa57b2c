"""The ordered table of closed forms, and how blocks are bound to it."""

from __future__ import annotations

from collections.abc import Callable

from snnopt.blocks.box_spikes import BoxSpikes
from snnopt.blocks.chain_step import ChainStep
from snnopt.blocks.clipped_spikes import ClippedSpikes
from snnopt.blocks.coloured_steps import ColouredSteps
from snnopt.blocks.copies import COPY_FORMS
from snnopt.blocks.dithered_step import DitheredStep
from snnopt.blocks.exact_step import ExactStep
from snnopt.blocks.fixed_readout import FixedReadout
from snnopt.blocks.free_spikes import FreeSpikes
from snnopt.blocks.linearised_potentials import LinearisedPotentials
from snnopt.blocks.linearised_spikes import LinearisedSpikes
from snnopt.blocks.majorised_readout import MajorisedReadout
from snnopt.blocks.masked_readout import MaskedReadout
from snnopt.blocks.masked_ridge_weights import MaskedRidgeWeights
from snnopt.blocks.one_step import OneStep
from snnopt.blocks.output_chain import OutputChain
from snnopt.blocks.output_step import OutputStep
from snnopt.blocks.proximal_gradient_spikes import ProximalGradientSpikes
from snnopt.blocks.published_output_step import PublishedOutputStep
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.blocks.rule import Binding, ClosedForm, Fallback
from snnopt.blocks.trace_spikes import TraceSpikes
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
    ProximalGradientSpikes,
    FreeSpikes,
    BoxSpikes,
    ClippedSpikes,
    TraceSpikes,
    OneStep,
    ChainStep,
    ColouredSteps,
    OutputChain,
    OutputStep,
    PublishedOutputStep,
    *COPY_FORMS,
)
"""The closed forms, the special before the general: the first that matches a block solves it."""


def bind(
    blocks: tuple[Block, ...],
    fallback: Callable[[Block], Fallback] | None = None,
    rules: tuple[type[ClosedForm], ...] = (),
) -> tuple[Binding, ...]:
    """Bind each block to the first closed form that matches.

    Parameters
    ----------
    fallback : makes the solver of a block that has no closed form, or raises :class:`CompileError`; None for none.
    rules : a user's own closed forms, tried before the table.

    Raises
    ------
    CompileError
        A block has neither.
    """
    tried = (*rules, *CLOSED_FORMS)
    return tuple(_bind_one(block, fallback, tried) for block in blocks)


def _bind_one(
    block: Block, fallback: Callable[[Block], Fallback] | None, rules: tuple[type[ClosedForm], ...]
) -> Binding:
    declined: list[tuple[str, str]] = []
    for rule in rules:
        reason = rule.matches(block)
        if reason is None:
            return Binding(block, rule, tuple(declined))
        declined.append((rule.__name__, reason))
    if fallback is not None:
        return Binding(block, fallback(block), tuple(declined))
    kinds = [(name, reason) for name, reason in declined if not reason.startswith("it solves")]
    first = next((r for _, r in kinds if "no closed form for" in r), "; ".join(f"{n}: {r}" for n, r in kinds))
    first = first or "; ".join(dict.fromkeys(r for _, r in declined if block.kind in r or "the block has" in r))
    fix = "change or drop what is named"
    if any(t.kind == "cvx" for t in block.terms):
        fix = "compile with on_missing='cvxpy' to have CVXPY solve it"
    raise CompileError(
        f"layer {' + '.join(block.layers)!r}, block {block.name!r}", f"no closed form solves it yet ({first})", fix
    )
