"""What the closed forms of kept spikes have in common: which blocks are theirs at all."""

from __future__ import annotations

from snnopt.blocks.rule import proximal_terms
from snnopt.split import Block, Box, Form


def not_spikes(block: Block, form: Form, box: Box) -> str | None:
    """Return why this is no block of kept spikes in this form and box, or None."""
    if block.kind != "spikes":
        return f"it solves spikes, not {block.kind}"
    if block.linear or block.step != "exact":
        return "the couplings enter by their gradient" if block.linear else f"the step is {block.step}, not exact"
    if block.form != form:
        return f"it needs the {form} form"
    if block.box != box:
        return f"the spikes' box is {block.box!r}, not {box!r}"
    return proximal_terms(block, ())
