"""Settings that an algorithm hands to the engine, one value per part of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SHARE, WHOLE = {"share": True}, {"whole": True}
"""Metadata of an algorithm's fields: a number in (0, 1], a whole number."""

Start = Literal["rollout", "uniform"]
"""Where potentials and spikes start: at a rollout of the starting weights, or uniform in [0, 1)."""
Duals = Literal["output", "step", "all", "none"]
"""Which couplings carry a scaled dual: the output's dynamics at the last step, the step couplings, every one, or none."""


@dataclass(frozen=True)
class MiniBatches:
    """Passes over shuffled batches, the last in part where ``epochs`` is no whole number; the potentials' step falls to zero."""

    epochs: float
    batch_size: int | None

    def size(self, samples: int) -> int:
        """Samples a batch: as given, or a twelfth of the data, at least 32 and at most 256."""
        return min(samples, self.batch_size or min(max(samples // 12, 32), 256))


@dataclass(frozen=True)
class Federation:
    """Rounds between sites, each of some passes over a site's own mini-batches; the step falls linearly to zero."""

    rounds: int
    epochs: int
    batch_size: int | None
    pull: float
    dual_step: float

    def size(self, samples: int) -> int:
        """Samples a batch, of a site's ``samples``."""
        return MiniBatches(self.epochs, self.batch_size).size(samples)


@dataclass(frozen=True)
class FullBatch:
    """Iterations over all samples; the step falls linearly to zero, and shrinks where the loss falls by less than promised."""

    max_iter: int
    patience: int


@dataclass(frozen=True)
class WeightStep:
    """Of weight blocks.

    Attributes
    ----------
    ridge : mu, over the features' mean square.
    memory : forgetting factor of the Gram sums; 0 for those of this batch only.
    gram_share : share of the samples in them.
    relaxation : of the step.
    refresh : the most sweeps between two renewals of the sums and of their factor.
    rank : by which the Gram matrices of wide maps enter; None for whole ones.
    """

    ridge: float
    memory: float
    gram_share: float
    relaxation: float
    refresh: int = 1
    rank: int | None = None


@dataclass(frozen=True)
class ReadoutStep:
    """Of read-out blocks.

    Attributes
    ----------
    eta : step of the majorised Newton.
    ridge : mu, over the features' mean square.
    memory : forgetting factor of the Gram sums; 0 for those of this batch only.
    fades : whether eta falls over the run, as the potentials' step does.
    """

    eta: float
    ridge: float
    memory: float
    fades: bool = False
