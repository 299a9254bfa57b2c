"""Sufficient statistics of samples: one place makes those of a shard, one adds them; solvers see totals alone."""

from snnopt.runtime.sums.found import Found, Stage
from snnopt.runtime.sums.sums import Sums, payload

__all__ = ["Found", "Stage", "Sums", "payload"]
