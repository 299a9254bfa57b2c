"""Parts of a data set: each can be read, as often as it is asked for, wherever it is sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from snnopt.errors import DataError, missing_package, shown
from snnopt.runtime.storage import damaged

Given = tuple[Any, Any, Any]
"""Data, targets and lengths (None for none), as :meth:`Plan.solve` takes them."""


class Part(ABC):
    """One shard. It may be pickled; what is read of it never is, but for arrays that are given as such."""

    @property
    @abstractmethod
    def where(self) -> str:
        """What to call it in a message."""

    @abstractmethod
    def read(self) -> Given:
        """The data, targets and lengths. Arrays may be memory maps."""


@dataclass(frozen=True, eq=False)
class InMemory(Part):
    """Arrays at hand."""

    given: Given
    where: str = ""

    def read(self) -> Given:  # noqa: D102
        return self.given


@dataclass(frozen=True, eq=False)
class Files(Part):
    """One .npz archive with ``X``, ``y`` and perhaps ``lengths``, or a .npy file for each of them, which is mapped."""

    paths: tuple[str, ...]

    @property
    def where(self) -> str:  # noqa: D102
        return ", ".join(self.paths)

    def read(self) -> Given:  # noqa: D102
        for path in map(Path, self.paths):
            if not path.is_file():
                what = "is a folder" if path.is_dir() else "does not exist where it is read"
                raise DataError(f"shard {str(path)!r}", f"the file {what}", "give files that every worker can read")
        if len(self.paths) > 1:
            data, targets, *lengths = [self._mapped(Path(p)) for p in self.paths]
            return data, targets, lengths[0] if lengths else None
        with damaged(Path(self.paths[0])), np.load(self.paths[0], allow_pickle=False) as archive:
            found = {n: archive[n] for n in archive.files}
        if not {"X", "y"} <= found.keys():
            fix = "write it by numpy.savez(path, X=X, y=y), or give a pair of .npy files"
            raise DataError(f"shard {self.where!r}", f"it holds {sorted(found)}", fix)
        return found["X"], found["y"], found.get("lengths")

    def _mapped(self, path: Path) -> Any:
        with damaged(path):
            return np.load(path, mmap_mode="r", allow_pickle=False)


@dataclass(frozen=True, eq=False)
class Hdf5(Part):
    """Samples ``start`` to ``stop`` of data sets of an HDF5 file, read when they are asked for."""

    path: str
    names: tuple[str, ...]
    axes: tuple[int, ...]
    start: int
    stop: int

    @property
    def where(self) -> str:  # noqa: D102
        return f"{self.path}[{self.start}:{self.stop}]"

    def read(self) -> Given:  # noqa: D102
        h5py = hdf5()
        if not Path(self.path).is_file():
            fix = "give a file that every worker can read"
            raise DataError(f"shard {self.where!r}", "the file does not exist where it is read", fix)
        with h5py.File(self.path, "r") as file:
            some = slice(self.start, self.stop)
            data, targets, *lengths = [
                file[n][some] if axis == 0 else file[n][:, some] for n, axis in zip(self.names, self.axes, strict=True)
            ]
        return data, targets, lengths[0] if lengths else None


@dataclass(frozen=True, eq=False)
class Called(Part):
    """What a function without arguments returns."""

    function: Callable[[], Any]
    where: str = ""

    def read(self) -> Given:  # noqa: D102
        return read_given(self.function(), self.where)


@dataclass(frozen=True, eq=False)
class Elsewhere(Part):
    """A Dask delayed value, or a future, of what could be given in its place; only a Dask executor can read it."""

    value: Any
    where: str = ""

    def read(self) -> Given:  # noqa: D102
        raise DataError(self.where, "it is a Dask value", "give executor=so.DaskExecutor(client)")


def read_given(given: object, where: str) -> Given:
    """The data, targets and lengths of a shard that is at hand, as whatever a user gives for one."""
    part = part_of(given, where)
    if isinstance(part, Called | Elsewhere):
        raise DataError(where, f"a function returned {shown(given)}", "return (X, y) or (X, y, lengths)")
    return part.read()


def part_of(given: object, where: str) -> Part:
    """Return the part that a user means.

    Raises
    ------
    DataError
        It is none.
    """
    fix = "give (X, y), (X, y, lengths), a .npz file with X and y, a pair of .npy files, or a function that returns a pair"
    if isinstance(given, Part):
        return given
    if isinstance(given, str | Path):
        if Path(given).suffix != ".npz":
            raise DataError(where, f"{str(given)!r} is not a .npz file", fix)
        return Files((str(given),))
    if isinstance(given, tuple | list) and len(given) in (2, 3):
        if all(isinstance(x, str | Path) for x in given):
            if any(Path(x).suffix != ".npy" for x in given):
                raise DataError(where, f"{shown(given)} are not .npy files", fix)
            return Files(tuple(map(str, given)))
        return InMemory((given[0], given[1], given[2] if len(given) == 3 else None), where)
    if hasattr(given, "dask") or hasattr(given, "key"):
        return Elsewhere(given, where)
    if callable(given) and not isinstance(given, type | Mapping):
        return Called(given, where)
    raise DataError(where, f"{shown(given)} is no shard", fix)


def hdf5() -> Any:
    """The package h5py."""
    try:
        import h5py
    except ImportError:
        raise missing_package("HDF5 data", "h5py", "hdf5") from None
    return h5py
