"""The numbers of a copy block's terms, as its closed form takes them."""

from __future__ import annotations

from collections.abc import Sequence

from snnopt.blocks.copies.forms import TERM_FORMS
from snnopt.program import Term

FORMS = {form.kind: form for form in TERM_FORMS}


def numbers(terms: Sequence[Term]) -> tuple[float, dict[str, float]]:
    """Return ``scale`` and ``parameters`` of the terms of a copy block.

    Of one term, its own. Of several the scale is 1, and the parameters are: ``low`` and ``high``, the intersection of all
    bounds and signs; under the kinds of penalties, ``l1`` and ``group_lasso``, their factors, added up; ``cardinality`` and
    ``fan_in``, the least k; ``grid``, the bits. What no term speaks of is absent, and so is what ``cvx`` terms say.
    """
    if len(terms) == 1:
        return terms[0].scale, dict(terms[0].parameters)
    joint: dict[str, float] = {}
    for term in terms:
        form = FORMS.get(term.kind)
        if form is None:
            continue
        for name, value in form.joint(term).items():
            joint[name] = form.merge[name](joint[name], value) if name in joint else value
    return 1.0, joint
