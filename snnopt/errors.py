"""The errors a user can meet. Each says where it happened, what is wrong, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SnnoptError(ValueError):
    """Base of every error that a user's input can cause.

    Parameters
    ----------
    where : the user's own name for the place, e.g. ``"layer 'hidden'"``.
    cause : what is wrong there.
    fix : what to write or do instead.
    """

    def __init__(self, where: str, cause: str, fix: str) -> None:
        self.where, self.cause, self.fix = where, cause, fix
        super().__init__(f"{where}: {cause}.\n  Fix: {fix}.")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.where, self.cause, self.fix)


class ModelError(SnnoptError):
    """The declared network, objective or constraint does not make sense."""


class DataError(SnnoptError):
    """Inputs, labels or weights do not fit the network, or hold values that no network can take."""


class CompileError(SnnoptError):
    """The problem is well formed, but the algorithm has no solver for a part of it."""


class FileError(SnnoptError):
    """A file is damaged, foreign, or of a version that this release cannot read."""


class UnknownNameError(SnnoptError):
    """A name that is not in the table it was looked up in."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return an error for ``name``, suggesting the nearest of the ``known`` names."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    fix = f"did you mean {near[0]!r}? The known ones are {', '.join(map(repr, names))}"
    if not near:
        fix = f"use one of {', '.join(map(repr, names))}"
    return UnknownNameError(kind, f"there is none called {name!r}", fix)
