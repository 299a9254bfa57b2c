"""The state of a run as plain data: numbers, text, arrays, lists and dicts; what a checkpoint holds."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tree = Any
"""None, bool, int, float, str, an array or a numpy number, or a list, tuple, dict (by str) or dataclass of trees."""

ARRAY = "#array"


def flatten(tree: Tree) -> tuple[Any, dict[str, Array]]:
    """Return what JSON can say of a tree, and its arrays by name.

    The order of an array's axes in memory is kept, as products of arrays in another order round differently.
    """
    arrays: dict[str, Array] = {}

    def plain(node: Tree) -> Any:
        if isinstance(node, np.ndarray | np.generic):
            name, x = f"a{len(arrays)}", np.asarray(node)
            axes = sorted(range(x.ndim), key=lambda k: -abs(x.strides[k]))
            arrays[name] = np.asarray(x.transpose(axes), order="C")
            return {ARRAY: [name, axes, isinstance(node, np.generic)]}
        if isinstance(node, dict):
            return {k: plain(v) for k, v in node.items()}
        if isinstance(node, list | tuple):
            return [plain(v) for v in node]
        if is_dataclass(node):
            return plain(vars(node))
        if node is None or isinstance(node, bool | int | float | str):
            return node
        raise AssertionError(f"{type(node).__name__} is no plain data")

    return plain(tree), arrays


def unflatten(plain: Any, arrays: dict[str, Array]) -> Tree:
    """Return the tree; tuples have become lists, and dataclasses dicts."""
    if isinstance(plain, dict):
        if ARRAY in plain:
            name, axes, scalar = plain[ARRAY]
            x = arrays[name].transpose(np.argsort(axes)) if axes else arrays[name]
            return x[()] if scalar else x
        return {k: unflatten(v, arrays) for k, v in plain.items()}
    if isinstance(plain, list):
        return [unflatten(v, arrays) for v in plain]
    return plain
