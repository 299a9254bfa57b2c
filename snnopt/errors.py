"""The errors a user can meet. Each says where it happened, what is wrong, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

WIDEST = 80
"""Characters of a value that a message shows at most."""


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


class MissingPackageError(SnnoptError, ImportError):
    """An optional package is needed here and not installed."""


class BlockError(RuntimeError):
    """A block could not be solved while a run went on; the run ends in NUMERICAL_ERROR with this message."""


class ExecutorError(RuntimeError):
    """Samples that are elsewhere did not answer; the run ends in INTERRUPTED with this message, its best iterate kept."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return an error for ``name``, suggesting the nearest of the ``known`` names."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.55)
    listed = ", ".join(map(repr, names))
    fix = f"did you mean {near[0]!r}? The known ones are {listed}" if near else f"use one of {listed}"
    return UnknownNameError(kind, f"there is none called {shown(name)}", fix)


def shown(value: object) -> str:
    """Return a short description of what a user passed: its shape for an array, else its repr on one line."""
    shape = getattr(value, "shape", None)
    if shape and not isinstance(value, type) and type(value).__module__.split(".")[0] != __name__.split(".")[0]:
        return f"an array of shape {tuple(shape)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    text = " ".join(repr(value).split())
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 4]} ..."


def missing_package(where: str, package: str, extra: str) -> MissingPackageError:
    """Return an error for an optional ``package`` that is not installed, naming the extra that brings it."""
    return MissingPackageError(where, f"it needs {package}, which is not installed", f"pip install 'snnopt[{extra}]'")
