"""NIR graphs as nodes and edges that make sense, from memory or from a file."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import FileError, ModelError, SnnoptError, shown
from snnopt.interop.nir.kinds import Kind, kind_of
from snnopt.interop.nir.package import nir_package

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """Nodes by name, and edges between them in the file's order."""

    nodes: dict[str, Any]
    edges: tuple[tuple[str, str], ...]
    metadata: dict[str, Any]

    @cached_property
    def before(self) -> dict[str, list[str]]:
        """The nodes that feed each node."""
        return {n: [a for a, b in self.edges if b == n] for n in self.nodes}

    @cached_property
    def after(self) -> dict[str, list[str]]:
        """The nodes that each node feeds."""
        return {n: [b for a, b in self.edges if a == n] for n in self.nodes}

    def kind(self, name: str) -> Kind:
        """The table's line for a node."""
        return kind_of(self.nodes[name])

    def where(self, name: str) -> str:
        """A node in a message."""
        return f"{type(self.nodes[name]).__name__} node {name!r}"

    def numbers(self, name: str, what: str) -> Array:
        """An array of a node, as floats.

        Raises
        ------
        ModelError
            It is not made of finite numbers.
        """
        try:
            given = np.asarray(getattr(self.nodes[name], what))
        except ValueError:
            given = np.empty(0, object)
        if given.dtype.kind not in "biuf" or not np.all(np.isfinite(given)):
            raise ModelError(self.where(name), f"its {what} is not made of finite numbers", "mend the file")
        return given if given.dtype in (np.dtype(np.float32), np.dtype(np.float64)) else given.astype(np.float64)

    def note(self, name: str, what: str) -> Any:
        """What a node's metadata say, None where they do not."""
        notes = getattr(self.nodes[name], "metadata", None)
        return notes.get(what) if isinstance(notes, dict) else None


def parts_of(graph_or_path: object) -> Parts:
    """Take a ``nir.NIRGraph`` apart, or read the file that holds one.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileError
        The file is a folder, damaged, or no NIR file.
    ModelError
        The graph contradicts itself, or has no input or output.
    """
    nir = nir_package("from_nir")
    graph = _read(nir, Path(graph_or_path)) if isinstance(graph_or_path, str | os.PathLike) else graph_or_path
    if not isinstance(graph, nir.NIRGraph):
        fix = "give a nir.NIRGraph, or the path of a .nir file"
        raise ModelError("from_nir", f"{shown(graph_or_path)} is not a NIR graph", fix)
    nodes = {str(name): node for name, node in graph.nodes.items()}
    edges = tuple((str(a), str(b)) for a, b in graph.edges)
    for edge, count in Counter(edges).items():
        for end in edge:
            if end not in nodes:
                raise ModelError(
                    f"edge {edge[0]!r} -> {edge[1]!r}", f"there is no node {end!r}", "mend the graph's edges"
                )
        if count > 1:
            raise ModelError(f"edge {edge[0]!r} -> {edge[1]!r}", "it is there twice", "name each edge once")
    parts = Parts(nodes, edges, graph.metadata if isinstance(graph.metadata, dict) else {})
    for role, example in (("input", "nir.Input"), ("output", "nir.Output")):
        if not any(parts.kind(n).role == role for n in nodes):
            raise ModelError("NIR graph", f"it has no {role} node", f"add an {example} node and the edges to it")
    return parts


def _read(nir: Any, path: Path) -> Any:
    if path.is_dir():
        raise FileError(str(path), "it is a folder", "give the .nir file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}: check its name and folder")
    try:
        return nir.read(path, type_check=False)  # shapes are checked here, with messages that name the layer
    except SnnoptError:
        raise
    except Exception as error:  # HDF5 and package nir fail in more ways than can be listed
        detail = " ".join(str(error).split()) or type(error).__name__
        raise FileError(
            str(path), f"it is damaged, or no NIR file ({detail[:100]})", "give a file that nir.write wrote"
        ) from None
