"""What the oracles of kept spikes share: couplings of which the block has a model, a slope and a proximal term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.case import Case
from snnopt.oracles.oracle import Extreme, decade
from snnopt.split import Block

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ModelledCase(Case):
    """``sum_c <g_c, a - a_k> + tau_c/2 ||a - a_k||^2``, g_c the gradient at a_k of ``rho_c/2 ||r_c - sum_k R_c[k] a[. - k]||^2``.

    A block without such couplings has one that is zero.

    Attributes
    ----------
    responses : R_c[k], by what the residual of coupling c falls k steps after a unit spike, [couplings, T, m, n].
    rests : r_c, the rest of the residual with its dual, [couplings, T, N, m].
    rhos, taus : [couplings].
    present : a_k, [T, N, n].
    """

    responses: Array
    rests: Array
    rhos: Array
    taus: Array
    present: Array

    axes: ClassVar = {
        "responses": ("coupling", "time", "model row", "neuron"),
        "rests": ("coupling", "time", "sample", "model row"),
        "rhos": ("coupling",),
        "taus": ("coupling",),
        "present": ("time", "sample", "neuron"),
    }

    def residual(self, c: int, x: Array) -> Array:
        """``r_c - sum_k R_c[k] x[t - k]``, step by step."""
        out = self.rests[c].copy()
        for t in range(len(x)):
            for k in range(t + 1):
                out[t] -= x[t - k] @ self.responses[c, k].T
        return out

    def coupled(self, x: Array) -> float:
        """``sum_c rho_c/2 ||.||^2``, the couplings themselves at a = x."""
        return sum(rho / 2 * float((self.residual(c, x) ** 2).sum()) for c, rho in enumerate(self.rhos))

    @property
    def slope(self) -> Array:
        """``sum_c g_c``: how each unit spike would change the residuals at a_k, times these."""
        out = np.zeros_like(self.present)
        for c, rho in enumerate(self.rhos):
            e = self.residual(c, self.present)
            for t in range(len(out)):
                for later in range(t, len(out)):
                    out[t] -= rho * e[later] @ self.responses[c, later - t]
        return out

    @property
    def held(self) -> float:
        """``sum_c tau_c``."""
        return float(self.taus.sum())

    @property
    def pulled(self) -> Array:
        """``sum_c (tau_c a_k - g_c)``, what the rule is told of the models."""
        return self.held * self.present - self.slope

    def modelled(self, x: Array) -> float:
        """The models at a = x."""
        move = x - self.present
        return float((self.slope * move).sum()) + self.held / 2 * float((move**2).sum())


def draw_models(
    block: Block, rng: np.random.Generator, extreme: Extreme, spikes: Array, size: float = 1.0
) -> dict[str, Any]:
    """Draw the linearised couplings of a block, their residuals about zero at spikes nearby.

    In difference form a response is of one or two lags, in trace form of a kernel from each; the layer's own has its reset.
    tau is ``prox`` times rho and the square of ``sum_k ||R[k]||_2``, which no response can exceed.
    """
    steps, _, units = spikes.shape
    linear = [q.coupling in block.layers for q in block.quadratics if q.linearised]
    if not linear:
        zeros = {"responses": np.zeros((1, steps, 1, units)), "rests": np.zeros((1, steps, spikes.shape[1], 1))}
        return {**zeros, "rhos": np.ones(1), "taus": np.zeros(1), "present": spikes}
    rows = units if any(linear) else extreme.whole("rows", rng, 4)
    responses = np.stack([_response(block, rng, extreme, own, (steps, rows, units)) for own in linear])
    rhos = np.array([extreme.number("rho", decade(rng)) for _ in linear])
    bounds = np.linalg.norm(responses, 2, axis=(2, 3)).sum(1)
    noise = extreme.number("noise", decade(rng, -1, 0.5))
    present = rng.uniform(0, 1, spikes.shape) if size == 1 else spikes + size * rng.normal(size=spikes.shape)
    rests = noise * rng.normal(size=(len(linear), *spikes.shape[:2], rows))
    for c, response in enumerate(responses):
        for t in range(steps):
            for k in range(t + 1):
                rests[c, t] += spikes[t - k] @ response[k].T
    prox = extreme.number("prox", float(rng.choice([1.0, decade(rng, -1, 1)])))
    return {
        "responses": responses,
        "rests": rests,
        "rhos": rhos,
        "taus": prox * rhos * bounds**2,
        "present": present,
    }


def _response(
    block: Block, rng: np.random.Generator, extreme: Extreme, own: bool, shape: tuple[int, int, int]
) -> Array:
    steps, rows, units = shape
    after = np.zeros((steps + 3, rows, units))
    for _ in range(int(extreme.number("wires", float(rng.integers(1, 3))))):
        lag = int(extreme.number("lag", float(rng.integers(int(own), 3))))
        scale = decade(rng, -1, 0.5) * extreme.number("weights", 1.0)
        after[max(lag, int(own))] += scale * rng.normal(size=(rows, units))
    if own:
        after *= float(rng.random() < 0.5)  # recurrence beside the reset, or the reset alone
        after[1] -= np.diag(rng.uniform(0.1, 2, units)) * extreme.number("weights", 1.0)
    if block.form == "trace":
        decay = rng.uniform(0.3, 1.0, rows)[:, None]
        for k in range(1, steps + 3):
            after[k] += decay * after[k - 1]
    return after[:steps]
