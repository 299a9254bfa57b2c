"""``so.Shards``: a data set in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from snnopt.errors import DataError, ModelError, shown
from snnopt.program import Program
from snnopt.runtime.data import numeric
from snnopt.runtime.executors.base import Executor
from snnopt.runtime.shards.parts import Elsewhere, Files, Hdf5, Part, hdf5, part_of

SAMPLES = 4096
"""Samples a shard, where data are cut and nobody says otherwise."""


@dataclass(frozen=True, eq=False, init=False)
class Shards:
    """Data in parts that are read one after the other, or side by side: more than memory holds, or more than one machine.

    ``plan.solve(so.Shards(parts), ...)`` takes them in place of data and targets, for ``online`` and ``rollout``.

    Parameters
    ----------
    parts : one item a shard, each with data as :meth:`Plan.solve` takes them, of any number of samples, none included:
        a pair (X, y) or a triple (X, y, lengths) of arrays, memory maps welcome; a .npz file that holds ``X``, ``y`` and
        perhaps ``lengths``; a pair or triple of .npy files, which are mapped and not read whole; a function without
        arguments that returns one of these; a Dask delayed value or future of one.

    :meth:`cut` makes them of large arrays, HDF5 data sets and Dask arrays; :meth:`spooled` of what can be gone through
    only once.

    Raises
    ------
    DataError
        There are no parts, or one of them is nothing that can be read.
    """

    parts: tuple[Part, ...]

    def __init__(self, parts: Iterable[object]) -> None:
        if isinstance(parts, str | bytes | Mapping | np.ndarray) or not isinstance(parts, Iterable):
            raise DataError("Shards", f"{shown(parts)} is no list of shards", "give a list, one item a shard")
        if isinstance(parts, Iterator):
            fix = (
                "give a list of files or functions, or so.Shards.spooled(iterator, folder), which writes them to files"
            )
            raise DataError("Shards", "an iterator can be gone through only once", fix)
        found = tuple(part_of(p, f"shard {k}") for k, p in enumerate(parts))
        if not found:
            raise DataError("Shards", "there are none", "give at least one shard")
        object.__setattr__(self, "parts", found)

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        return f"Shards({len(self)} parts)"

    @staticmethod
    def cut(
        data: Any,
        targets: Any,
        lengths: Any = None,
        *,
        samples: int = SAMPLES,
        timed: bool | Mapping[str, bool] = False,
    ) -> Shards:
        """Cut arrays into shards of ``samples`` samples each; nothing is read yet.

        Parameters
        ----------
        data : ``[N, *shape]``, or ``[T, N, *shape]`` with ``timed``: an array or memory map, an HDF5 data set, a Dask array
            (cut where its chunks are), or a dict of arrays by input name, where ``timed`` may be one too.
        targets, lengths : [N, ...] of the same kind.
        """
        if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
            raise ModelError("Shards.cut", f"samples={shown(samples)}", "give a whole number of at least 1")
        name = next(iter(data), None) if isinstance(data, Mapping) else None
        axis = int(timed.get(str(name), False) if isinstance(timed, Mapping) else timed)
        first = data[name] if isinstance(data, Mapping) else data
        shape = getattr(first, "shape", None) or np.shape(numeric("Shards.cut, data", first))
        if len(shape) <= axis:
            raise DataError(
                "Shards.cut", f"the data have shape {shape}", "give [N, features], or [T, N, features] timed"
            )
        count = shape[axis]
        if not isinstance(targets, Mapping) and isinstance(targets, Sized) and len(targets) != count:
            raise DataError("Shards.cut", f"there are {len(targets)} targets for {count} samples", "give one for each")
        if hasattr(first, "dask"):
            return _of_dask(data, targets, lengths, axis)
        if hasattr(first, "file") and hasattr(first, "name"):
            return _of_hdf5([data, targets] + ([] if lengths is None else [lengths]), axis, int(samples), count)
        parts = []
        for k in range(0, max(count, 1), int(samples)):
            some = slice(k, min(k + int(samples), count))
            own = None if lengths is None else lengths[some]
            parts.append((_sliced(data, some, timed), _sliced(targets, some, False), own))
        return Shards(parts)

    @staticmethod
    def spooled(parts: Iterable[Any], folder: str | PathLike[str]) -> Shards:
        """Write pairs (X, y) of arrays, or triples with lengths, to files in ``folder``, one after the other, and return those.

        For generators: only one shard is in memory at a time.
        """
        if not Path(folder).is_dir():
            raise DataError("Shards.spooled", f"{str(folder)!r} is no folder", "make it first")
        files = []
        for k, part in enumerate(parts):
            if not isinstance(part, tuple | list) or len(part) not in (2, 3):
                raise DataError(
                    f"shard {k}", f"{shown(part)} is no pair (X, y)", "yield pairs, or triples with lengths"
                )
            paths = [Path(folder) / f"shard-{k:06d}-{name}.npy" for name in ("X", "y", "lengths")[: len(part)]]
            for path, x in zip(paths, part, strict=True):
                np.save(path, np.asarray(x), allow_pickle=False)
            files.append(Files(tuple(map(str, paths))))
        return Shards(files)


def cut_for(executor: Executor, program: Program, data: Any, targets: Any, lengths: Any) -> Shards:
    """Cut what was given in place of shards."""
    names = {v.name: len(v.shape) + 1 for v in program.inputs}
    by_name = data if isinstance(data, Mapping) else {program.inputs[0].name: data}
    timed = {n: np.ndim(x) > names.get(n, np.ndim(x)) for n, x in by_name.items()}
    whole = next(iter(timed.values()), False)
    shape = np.shape(next(iter(by_name.values()), ()))
    count = shape[int(whole)] if len(shape) > int(whole) else 0
    return Shards.cut(
        data, targets, lengths, samples=executor.size(count), timed=timed if isinstance(data, Mapping) else whole
    )


def _sliced(x: Any, some: slice, timed: bool | Mapping[str, bool]) -> Any:
    if isinstance(x, Mapping):
        axes = timed if isinstance(timed, Mapping) else dict.fromkeys(x, timed)
        return {n: _sliced(v, some, axes.get(n, False)) for n, v in x.items()}
    x = x if hasattr(x, "shape") else np.asarray(x)
    return x[:, some] if timed else x[some]


def _of_hdf5(sets: list[Any], axis: int, samples: int, count: int) -> Shards:
    hdf5()
    if len({x.file.filename for x in sets}) > 1:
        raise DataError("Shards.cut", "data and targets are in different HDF5 files", "write them to one file")
    path, names = str(sets[0].file.filename), tuple(str(x.name) for x in sets)
    axes = (axis, *(0 for _ in sets[1:]))
    starts = range(0, max(count, 1), samples)
    return Shards([Hdf5(path, names, axes, k, min(k + samples, count)) for k in starts])


def _of_dask(data: Any, targets: Any, lengths: Any, axis: int) -> Shards:
    from dask import delayed

    sizes = data.chunks[axis]
    whole = data.rechunk({k: -1 for k in range(data.ndim) if k != axis})
    bounds = np.cumsum([0, *sizes])
    make = delayed(lambda *arrays: arrays, pure=True)
    parts = list[Part]()
    for a, b in pairwise(bounds):
        some = slice(int(a), int(b))
        mine = [whole[some] if axis == 0 else whole[:, some], targets[some]]
        mine += [] if lengths is None else [lengths[some]]
        parts.append(Elsewhere(make(*mine), f"shard {len(parts)}"))
    return Shards(parts)
