"""How many threads small matrix products get."""

from __future__ import annotations

import importlib.util
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

SMALL_PRODUCT = 2e8
"""Multiply-adds of the largest product in a sweep below which a second thread costs more than it gives."""


def blas_threads(largest_product: float) -> AbstractContextManager[object]:
    """One BLAS thread where products are small, the library's own choice otherwise.

    Threads that wait for work spin; on a machine with few or busy cores, tiny products then take milliseconds instead of
    microseconds. Needs threadpoolctl (it comes with scikit-learn); without it nothing changes.
    """
    if largest_product >= SMALL_PRODUCT or not importlib.util.find_spec("threadpoolctl"):
        return nullcontext()
    limited: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limited


@cache
def _controller() -> Any:
    """The thread pools of this process, which take milliseconds to find."""
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - optional

    return ThreadpoolController()
