"""When running sums, and what is factored from them, are made anew."""

from __future__ import annotations

from snnopt.runtime.snapshots import Tree

SLOWLY = 4
"""Renewals until they come one sweep later."""


class Renewal:
    """In every sweep at first, when the sums are of few samples, then ever more seldom: once in ``every`` sweeps."""

    def __init__(self, every: int) -> None:
        self.every, self.age, self.count = every, 0, 0

    def due(self) -> int:
        """Called once a sweep: the number of sweeps that this renewal stands for, 0 if none is due."""
        self.age += 1
        if self.age < min(self.every, 1 + self.count // SLOWLY):
            return 0
        waited, self.age, self.count = self.age, 0, self.count + 1
        return waited

    def snapshot(self) -> Tree:
        """Where it stands."""
        return [self.age, self.count]

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        self.age, self.count = tree
