"""Variants that users write: a generator over words, made an algorithm by a decorator."""

from snnopt.algorithms.own.decorator import algorithm
from snnopt.algorithms.own.kept import OwnKept
from snnopt.algorithms.own.rolled_out import OwnRollout

__all__ = ["OwnKept", "OwnRollout", "algorithm"]
