"""What the closed forms of kept spikes have in common: which blocks are theirs at all."""

from __future__ import annotations

from snnopt.blocks.rule import proximal_terms
from snnopt.split import Block, Box, Form


def not_kept_spikes(block: Block) -> str | None:
    """Return why this is no block of kept spikes, or None."""
    if block.kind != "spikes":
        return f"it solves spikes, not {block.kind}"
    if block.linear or block.step != "exact":
        return "the couplings enter by their gradient" if block.linear else f"the step is {block.step}, not exact"
    return proximal_terms(block, ())


def not_spikes(block: Block, form: Form, box: Box) -> str | None:
    """Return why this is no block of kept spikes in this form and box with a coupling to invert, or None."""
    reason = not_kept_spikes(block)
    if reason is not None:
        return reason
    if block.uncoupled:
        return "every coupling is linearised, and there is nothing to invert"
    if block.form != form:
        return f"it needs the {form} form"
    return None if block.box == box else f"the spikes' box is {block.box!r}, not {box!r}"
