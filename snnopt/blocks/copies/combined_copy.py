"""Copy of weights under several terms: each in its turn, where that is exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import CopyForm, Mask, existing, listed, whole
from snnopt.blocks.copies.block_soft_threshold import columns_shrunk
from snnopt.blocks.copies.elementwise import clipped, shrunk
from snnopt.blocks.copies.forms import TERM_FORMS
from snnopt.blocks.copies.joint import numbers
from snnopt.blocks.copies.levels import grid_step, nearest_level
from snnopt.blocks.copies.selection import largest
from snnopt.split import Block

Array = NDArray[Any]
KINDS = tuple(form.kind for form in TERM_FORMS)


class CombinedCopy(CopyForm):
    """``min_V  lam ||V||_1 + lam_g sum_j ||V[:, j]|| + m/2 ||V - C||^2`` in bounds, on a grid, or of bounded number.

    1. *Each weight alone.* ``f(v) = lam |v| + m/2 (v - c)^2`` is convex with free minimiser ``s = c - clip(c, -lam/m, lam/m)``,
       so its minimiser between bounds is ``p = clip(s)``. On a grid with zero among its permitted levels: on the side of c, f
       is ``m/2 (v - s)^2`` and a constant where s is not zero, and least at zero where it is; on the other side it is at
       least f(0). So p is the permitted level nearest to s. The step remains that of C.
    2. *Number.* Keeping a weight at p instead of 0 gains ``f(0) - f(p) = m/2 p (2s - p) >= 0``, whatever else is kept: the k
       largest gains stay. With a fan-in too: the largest in each row, then of these the largest of all (an optimum with a
       weight that is not among its row's largest does not lose by exchanging it for one that is).
    3. *Or groups.* If the terms of step 1 are positively homogeneous (L1, one sign), call them g: ``c - p`` is a subgradient of
       g at p, hence at every multiple ``kappa p``, kappa >= 0. With kappa that of the block soft threshold, ``p - kappa p`` is a
       subgradient of ``lam_g/m ||.||`` at ``kappa p``, so the two add up to optimality there.
    """

    formula: ClassVar[str] = (
        "V = p where p (2s - p) is among the k largest, or p block-shrunk; p = s clipped or rounded, s = C soft-thresholded"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "copy":
            return f"it solves copies, not {block.kind}"
        unknown = [t for t in block.terms if t.kind not in KINDS]
        if unknown:
            return f"it has no closed form for {listed(unknown)}"
        if len(block.terms) == 1:
            return f"it solves copies under several terms, the block has {listed(block.terms)}"
        counts = [t for t in block.terms if t.kind in ("cardinality", "fan_in")]
        return _clash(block) or next((r for r in (whole(block, t) for t in counts) if r), None)

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``parameters`` are the joint ones of :func:`numbers`, the rest as in :meth:`CopyForm.solve`."""
        low, high = parameters.get("low", -np.inf), parameters.get("high", np.inf)
        s = shrunk(center, parameters.get("l1", 0.0) / float(penalty))
        if "grid" in parameters:
            bits, p = int(parameters["grid"]), np.zeros_like(s)
            for part in parts:
                step = grid_step(center[:, part], bits, None if mask is None else mask[:, part])
                p[:, part] = nearest_level(s[:, part], step, bits, low, high)
        else:
            p = clipped(s, low, high)
        if "group_lasso" in parameters:
            return columns_shrunk(existing(p, mask), parameters["group_lasso"] / float(penalty))
        return existing(p, _kept(s, p, parameters, mask))


def _kept(s: Array, p: Array, parameters: Mapping[str, float], mask: Mask) -> Mask:
    """Those whose gain is among the largest; its root, so that nothing over- or underflows."""
    gain = np.sqrt(np.abs(p)) * np.sqrt(np.abs(2 * s - p))
    keep = mask
    if "fan_in" in parameters:
        keep = largest(gain, int(parameters["fan_in"]), keep)
    if "cardinality" in parameters:
        row = None if keep is None else keep.reshape(1, -1)
        keep = largest(gain.reshape(1, -1), int(parameters["cardinality"]), row).reshape(gain.shape)
    return keep


def _clash(block: Block) -> str | None:
    """Why the terms cannot be taken in turn."""
    _, joint = numbers(block.terms)
    low, high = joint.get("low", -np.inf), joint.get("high", np.inf)
    bounds = [t for t in block.terms if t.kind in ("box", "sign")]
    discrete = [t for t in block.terms if t.kind in ("grid", "cardinality", "fan_in")]
    groups = [t for t in block.terms if t.kind == "group_lasso"]
    if low > high:
        return f"no weight is within all the bounds of {listed(bounds)}"
    if sum(t.kind == "grid" for t in block.terms) > 1:
        return f"it has no closed form for two grids on one weight ({listed(discrete)})"
    if discrete and not low <= 0 <= high:
        return f"it has no closed form for {listed(discrete)} where {listed(bounds)} excludes zero"
    if groups and discrete:
        return f"it has no closed form for {listed(groups)} together with {listed(discrete)}"
    if groups and not (low in (0, -np.inf) and high in (0, np.inf)):
        return f"it has no closed form for {listed(groups)} together with {listed(bounds)}, unless its bounds are 0 or infinite"
    return None
