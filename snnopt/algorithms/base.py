"""What an algorithm must tell: its form, its step rule, its sweep."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import ClassVar, Literal

from snnopt.algorithms.settings import Dithered, Exact, FullBatch, MiniBatches, ReadoutStep, WeightStep
from snnopt.algorithms.words import Net, Sweep
from snnopt.errors import ModelError
from snnopt.split import Form, StepRule


@dataclass(frozen=True)
class Algorithm(ABC):
    """An ADMM variant: a sweep over blocks, and its settings. Numbers are checked when it is made."""

    dtype: Literal["float32", "float64"] = field(default="float32", kw_only=True)

    name: ClassVar[str]
    form: ClassVar[Form]
    step_rule: ClassVar[StepRule]
    summary: ClassVar[str]

    @abstractmethod
    def sweep(self, net: Net) -> Sweep:
        """Yield the updates of one iteration, in order."""

    @property
    @abstractmethod
    def schedule(self) -> MiniBatches | FullBatch:
        """How samples are visited."""

    @property
    @abstractmethod
    def step_coupling(self) -> Dithered | Exact:
        """How potentials move under the step coupling."""

    @property
    @abstractmethod
    def weight_block(self) -> WeightStep:
        """Settings of the weight blocks."""

    @property
    @abstractmethod
    def readout_block(self) -> ReadoutStep:
        """Settings of the read-out blocks."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value, where = getattr(self, f.name), f"algorithm {self.name!r}"
            if f.name == "dtype":
                if value not in ("float32", "float64"):
                    raise ModelError(where, f"dtype = {value!r}", "use 'float32' or 'float64'")
                continue
            if value is None and f.default is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
                raise ModelError(where, f"{f.name} = {value!r}", "give a positive number")
            if f.metadata.get("share") and float(value) > 1:
                raise ModelError(where, f"{f.name} = {value!r}", "give a share in (0, 1]")
            if f.metadata.get("whole") and not isinstance(value, Integral):
                raise ModelError(where, f"{f.name} = {value!r}", "give a whole number, without a decimal point")
