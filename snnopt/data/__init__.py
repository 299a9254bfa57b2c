"""Data sets that ship in well-kept packages, behind one table."""

from collections.abc import Callable

from snnopt.data.dataset import Dataset
from snnopt.data.digits import digits

DATASETS: dict[str, Callable[..., Dataset]] = {"digits": digits}
"""By name: functions of ``seed``, ``test_share`` and ``samples``."""

__all__ = ["DATASETS", "Dataset", "digits"]
