"""Pictures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snnopt.errors import DataError
from snnopt.runtime.storage import written_beside

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a picture (``.png`` is added if there is no suffix); written beside and renamed.

    Raises
    ------
    FileNotFoundError
        The folder does not exist.
    DataError
        The suffix is not that of a picture.
    """
    path = path if path.suffix else path.with_suffix(".png")
    kinds = figure.canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in kinds:
        raise DataError(str(path), f"{path.suffix!r} is no kind of picture", f"use one of .{', .'.join(sorted(kinds))}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    with written_beside(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())
    return path
