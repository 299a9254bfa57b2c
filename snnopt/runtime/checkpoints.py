"""Checkpoints: the whole state of a run in one file, from which it goes on as if it had not stopped."""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from snnopt.errors import FileError, ModelError, shown
from snnopt.runtime.data import Samples
from snnopt.runtime.snapshots import Array, Tree, flatten, unflatten
from snnopt.runtime.storage import Format, damaged, load_arrays, save_arrays

CHECKPOINT = Format("snnopt-checkpoint", 1, "plan.solve(..., checkpoint=...)", compressed=False)


@dataclass(frozen=True)
class Checkpoint:
    """Where a run keeps its state, and how often.

    The file is written beside and renamed, so at any moment it is whole. It holds the iterates, multipliers, running sums,
    penalties, random state, history and best weights; ``plan.solve(..., resume=path)`` goes on from it, to the same bits.

    Parameters
    ----------
    path : the file; ``.npz`` is added where there is no suffix.
    every : records (iterations or epochs) between two writes.
    seconds : if given, write at the first record after so many seconds instead.
    """

    path: str | PathLike[str]
    every: int = 1
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | PathLike):
            raise ModelError("Checkpoint", f"path = {shown(self.path)}", "give the name of a file, e.g. 'run.npz'")
        whole = isinstance(self.every, Integral) and not isinstance(self.every, bool)
        if not whole or self.every < 1:
            raise ModelError("Checkpoint", f"every = {shown(self.every)}", "give a whole number of records, at least 1")
        number = isinstance(self.seconds, Real) and not isinstance(self.seconds, bool)
        if self.seconds is not None and not (number and float(self.seconds) > 0 and math.isfinite(self.seconds)):
            raise ModelError("Checkpoint", f"seconds = {shown(self.seconds)}", "give a positive number")

    @property
    def file(self) -> Path:
        """The path with its suffix."""
        path = Path(self.path)
        return path if path.suffix else path.with_suffix(".npz")


class CheckpointWriter:
    """Writes snapshots when they are due; what cannot be written is told once, and training goes on."""

    def __init__(self, checkpoint: Checkpoint, plan: str, data: str) -> None:
        if Path(checkpoint.path).is_dir() or checkpoint.file.is_dir():
            raise FileError(str(checkpoint.path), "it is a folder", "give a file in it, e.g. 'run.npz'")
        if not checkpoint.file.parent.is_dir():
            raise FileError(
                str(checkpoint.path), f"the folder {checkpoint.file.parent} does not exist", "make it first"
            )
        self.checkpoint, self.header = checkpoint, {"plan": plan, "data": data}
        self.last_time, self.records = time.monotonic(), 0

    def offer(self, tree: Tree) -> str | None:
        """Write a snapshot if it is due; return what went wrong, if anything."""
        self.records += 1
        seconds = self.checkpoint.seconds
        due = time.monotonic() - self.last_time >= seconds if seconds else self.records % self.checkpoint.every == 0
        return self.write(tree) if due else None

    def write(self, tree: Tree) -> str | None:
        """Write a snapshot; return what went wrong, if anything."""
        plain, arrays = flatten(tree)
        try:
            save_arrays(self.checkpoint.file, {**self.header, "state": plain}, arrays, CHECKPOINT)
        except OSError as error:
            return f"the checkpoint {self.checkpoint.file} could not be written ({error.strerror or error}); training goes on"
        self.last_time = time.monotonic()
        return None


def read_checkpoint(path: str | PathLike[str], plan: str, data: str) -> Tree:
    """Return the state in a checkpoint of the same plan on the same data.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileError
        It is damaged, or no checkpoint, or of another plan or other data.
    """
    header, arrays = load_arrays(Path(path), CHECKPOINT)
    with damaged(Path(path), CHECKPOINT):
        found, tree = (header["plan"], header["data"]), unflatten(header["state"], arrays)
    if found[0] != plan:
        fix = "compile the problem with the algorithm, settings and penalties of that run, and the same seed, or start anew"
        raise FileError(str(path), "it is a checkpoint of another plan", fix)
    if found[1] != data:
        raise FileError(str(path), "it is a checkpoint of a run on other data", "give that run's data, or start anew")
    return tree


def fingerprint(parts: Iterable[object]) -> str:
    """A hash of what a plan is, as text and arrays."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        digest.update(b"|")
    return digest.hexdigest()


def checksum(samples: Samples, targets: Mapping[str, Array]) -> str:
    """Of data and targets, to tell other data from the same."""
    total, shapes = 0, []
    given: dict[str, Any] = {**samples.arrays, **{f"target {n}": y for n, y in targets.items()}}
    if samples.lengths is not None:
        given["lengths"] = samples.lengths
    for name, x in given.items():
        shapes.append((name, x.shape, str(x.dtype)))
        for rows in x if x.ndim > 2 else [x]:  # a step of time after the other, so that no copy is large
            total = zlib.crc32(np.ascontiguousarray(rows).data, total)
    return f"{total:08x} {shapes} {samples.steps}"
