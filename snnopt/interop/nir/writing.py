"""Programs and weights to NIR graphs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import CompileError
from snnopt.interop.nir.connection_nodes import ConnectionWriter
from snnopt.interop.nir.leaky import Leaky, recognised
from snnopt.interop.nir.neuron_nodes import NeuronNodes, NeuronWriter
from snnopt.interop.nir.package import nir_package
from snnopt.interop.nir.scaling import per_channel
from snnopt.program import AffineCoupling, Program
from snnopt.runtime.storage import written_beside

Array = NDArray[Any]


def graph_of(program: Program, weights: Mapping[str, Array], dt: float, exact: bool) -> Any:
    """The program with these weights as a ``nir.NIRGraph`` of time step ``dt``.

    Layers keep their names, and nodes with weights are called as those: ``hidden``, ``hidden.weight``.

    Parameters
    ----------
    weights : arrays by name, in their declared shapes.
    exact : whether resets are written out (:meth:`NeuronWriter.exact`).

    Raises
    ------
    CompileError
        NIR has no node for a part; the message names the layer.
    """
    nir = nir_package("to_nir")
    for name in (*(v.name for v in program.inputs), *program.by_name):
        if "/" in name:
            raise CompileError(f"layer {name!r}", "a NIR file cannot hold a name with '/'", "give it another name")
    draft = _Draft(nir, program)
    connections = ConnectionWriter(nir, weights, dt)
    for c in program.couplings:
        draft.layers[c.name] = _neurons(NeuronWriter(nir, c.name, c.shape, dt), program, c, recognised(c), exact)
        draft.nodes |= draft.layers[c.name].nodes
    for c in program.couplings:
        draft.connect(c, connections)
        draft.edges += draft.layers[c.name].edges
    for name in program.outputs:
        end = draft.free(f"{name}.output")
        draft.nodes[end] = nir.Output(output_type=np.array(program.by_name[name].shape))
        draft.edges.append((name, end))
    return nir.NIRGraph(nodes=draft.nodes, edges=draft.edges, metadata={"dt": dt}, type_check=_checkable(draft.nodes))


def without_readouts(program: Program) -> Program:
    """The program without the layers that do not spike and that nothing reads; what fed them becomes its outputs.

    Raises
    ------
    CompileError
        Nothing would be left.
    """
    read = {m.source for c in program.couplings for m in c.maps}
    gone = {c.name for c in program.couplings if not c.dynamics.spiking and c.name not in read}
    kept = tuple(c for c in program.couplings if c.name not in gone)
    if not kept:
        raise CompileError("to_nir", "no layer spikes, so without read-outs there is no network", "use readouts=True")
    fed = {m.source for name in gone for m in program.by_name[name].maps}
    used = {m.source for c in kept for m in c.maps}
    unread = {c.name for c in kept} - used
    outputs = tuple(c.name for c in kept if c.name in fed | unread | set(program.outputs))
    inputs = tuple(v for v in program.inputs if v.name in used)
    cells = tuple(cell for cell in program.cells if not gone.issuperset(cell))
    return Program(inputs, program.variables, kept, program.steps, (), outputs, cells)


def save_graph(path: Path, graph: Any) -> Path:
    """Write a graph to a file (``.nir`` is added where there is no suffix), beside and renamed; returns its path."""
    path = path if path.suffix or path.is_dir() else path.with_suffix(".nir")
    with written_beside(path) as file:
        nir_package("to_nir").write(file, graph)
    return path


class _Draft:
    """A graph while it is being written."""

    def __init__(self, nir: Any, program: Program) -> None:
        self.shapes = {v.name: v.shape for v in program.inputs} | {c.name: c.shape for c in program.couplings}
        self.nodes: dict[str, Any] = {v.name: nir.Input(input_type=np.array(v.shape)) for v in program.inputs}
        self.layers: dict[str, NeuronNodes] = {}
        self.edges: list[tuple[str, str]] = []

    def free(self, stem: str) -> str:
        """A name that no node has yet; layers' names have no dot, so one with a dot is never a layer's."""
        name, k = stem, 1
        while name in self.nodes:
            k += 1
            name = f"{stem}.{k}"
        return name

    def connect(self, c: AffineCoupling, write: ConnectionWriter) -> None:
        """Write all connections into a layer, in order."""
        layer = self.layers[c.name]
        for m in c.maps:
            chain = write.chain(m, self.shapes[m.source], c, layer.gain)
            if not chain and (m.source, layer.entry) in self.edges:
                chain = [write.nothing(c.shape, c)]
            at = m.source
            for stem, node in chain:
                name = self.free(stem)
                self.nodes[name] = node
                self.edges.append((at, name))
                at = name
            self.edges.append((at, layer.entry))


def _neurons(write: NeuronWriter, program: Program, c: AffineCoupling, neuron: Leaky, exact: bool) -> NeuronNodes:
    if exact:
        return write.exact(neuron)
    made = write.plain(neuron, scaled=True)
    mine = all(m.weight is not None and per_channel(made.gain, m.channels) is not None for m in c.maps)
    return made if mine else write.plain(neuron, scaled=False)


def _checkable(nodes: Mapping[str, Any]) -> bool:
    """Whether package nir infers the shapes rightly: it takes every kernel for a square."""
    kernels = [n.weight.shape[2:] for n in nodes.values() if type(n).__name__ == "Conv2d"]
    return all(len(set(k)) == 1 for k in kernels)
