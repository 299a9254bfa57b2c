"""The ordered table of oracles, and how a block finds its own."""

from __future__ import annotations

from snnopt.oracles.box_spikes import BoxSpikesOracle
from snnopt.oracles.chain_step import ChainStepOracle
from snnopt.oracles.coloured_steps import ColouredStepsOracle
from snnopt.oracles.convex_copies import ConvexCopyOracle
from snnopt.oracles.discrete_copies import DiscreteCopyOracle
from snnopt.oracles.dithered_step import DitheredStepOracle
from snnopt.oracles.exact_step import ExactStepOracle
from snnopt.oracles.fixed_readout import FixedReadoutOracle
from snnopt.oracles.free_spikes import FreeSpikesOracle
from snnopt.oracles.linearised_potentials import AnalogueOracle
from snnopt.oracles.linearised_spikes import SpikesOracle
from snnopt.oracles.majorised_readout import ReadoutOracle
from snnopt.oracles.masked_ridge_weights import MaskedRidgeOracle
from snnopt.oracles.one_step import OneStepOracle
from snnopt.oracles.oracle import Oracle
from snnopt.oracles.output_chain import OutputChainOracle
from snnopt.oracles.output_step import OutputStepOracle
from snnopt.oracles.proximal_gradient_spikes import ProximalGradientSpikesOracle
from snnopt.oracles.ridge_weights import RidgeOracle
from snnopt.oracles.trace_spikes import TraceSpikesOracle
from snnopt.oracles.user_copies import UserCopyOracle
from snnopt.split import Block

ORACLES: tuple[Oracle, ...] = (
    RidgeOracle(),
    MaskedRidgeOracle(),
    FixedReadoutOracle(),
    ReadoutOracle(),
    SpikesOracle(),
    ExactStepOracle(),
    DitheredStepOracle(),
    AnalogueOracle(),
    ProximalGradientSpikesOracle(),
    FreeSpikesOracle(),
    BoxSpikesOracle(),
    TraceSpikesOracle(),
    OneStepOracle(),
    ColouredStepsOracle(),
    ChainStepOracle(),
    OutputChainOracle(),
    OutputStepOracle(),
    ConvexCopyOracle(),
    DiscreteCopyOracle(),
    UserCopyOracle(),
)
"""In order; the first that matches a block judges it."""


def oracle_for(block: Block) -> tuple[Oracle | None, str]:
    """Return the first oracle that knows the block; or None, and why none does."""
    reasons = []
    for oracle in ORACLES:
        reason = oracle.matches(block)
        if reason is None:
            return oracle, ""
        if not reason.startswith("it knows"):
            reasons.append(f"{type(oracle).__name__}: {reason}")
    return None, "; ".join(reasons) or f"none knows {block.kind} in {block.form} form, step {block.step}"
