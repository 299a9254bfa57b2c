"""Files: plain arrays and one JSON header in a .npz archive; no pickle, no code; written beside and renamed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import FileError, SnnoptError

Array = NDArray[Any]


@dataclass(frozen=True)
class Format:
    """A kind of file: the word in its header, its version, and who writes it."""

    name: str
    version: int
    writer: str
    compressed: bool = True


RESULT = Format("snnopt-result", 1, "result.save(...)")
OTHERS = {
    "snnopt-result": ("result, not the state of a run", "load it by so.load(path); resume from what checkpoint= wrote"),
    "snnopt-checkpoint": (
        "checkpoint, not a result",
        "go on from it by plan.solve(..., resume=path), and save that result",
    ),
}
"""What the formats hold, and what to do with one in the other's place."""


def save_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array], kind: Format = RESULT) -> Path:
    """Write a header and arrays to ``path`` (``.npz`` is added if there is no suffix) and return the path.

    The file is written under another name in the same folder and renamed, so a crash leaves the old file whole.
    """
    text = json.dumps({"format": kind.name, "version": kind.version, **header}, default=np.generic.item)
    path = path if path.suffix or path.is_dir() else path.with_suffix(".npz")
    with written_beside(path) as file:
        write = np.savez_compressed if kind.compressed else np.savez
        write(file, header=np.array(text), **dict(arrays))  # type: ignore[arg-type]
    return path


@contextmanager
def written_beside(path: Path) -> Iterator[BinaryIO]:
    """A new file to write, under another name in the same folder and renamed to ``path`` once it is whole.

    Raises
    ------
    FileError
        ``path`` is a folder.
    FileNotFoundError
        Its folder does not exist.
    """
    if path.is_dir():
        raise FileError(str(path), "it is a folder", f"give a file in it, e.g. {str(path / 'digits.npz')!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save {path}: the folder {path.parent} does not exist; make it first")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def load_arrays(path: Path, kind: Format = RESULT) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what :func:`save_arrays` wrote; raises :class:`FileError` for anything else."""
    path = path if path.exists() or path.suffix else path.with_suffix(".npz")
    if not path.exists():
        raise FileNotFoundError(
            f"there is no file {path}: check its name and folder; such files are written by {kind.writer}"
        )
    with damaged(path, kind):
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(str(arrays.pop("header")))
        if header["format"] in OTHERS and header["format"] != kind.name:
            what, fix = OTHERS[header["format"]]
            raise FileError(str(path), f"it holds a {what}", fix)
        if header["format"] != kind.name:
            raise KeyError(header["format"])
        version = int(header["version"])
    if version > kind.version:
        fix = "update snnopt"
        raise FileError(str(path), f"it has format version {version}, this release reads up to {kind.version}", fix)
    return header, arrays


@contextmanager
def damaged(path: Path, kind: Format = RESULT) -> Iterator[None]:
    """Turn whatever a damaged or foreign file raises while it is read into a :class:`FileError`."""
    try:
        yield
    except FileError:
        raise
    except Exception as error:  # zip, numpy headers and JSON fail in more ways than can be listed
        detail = f"{error.where}: {error.cause}" if isinstance(error, SnnoptError) else type(error).__name__
        raise FileError(
            str(path),
            f"it is damaged, or was not written by snnopt ({detail})",
            f"load a file that {kind.writer} wrote",
        ) from None
