"""Data in parts: where they are, how each is read, and a whole that an engine takes for samples."""

from snnopt.runtime.shards.parts import Part
from snnopt.runtime.shards.shards import Shards

__all__ = ["Part", "Shards"]
