"""NIR, the intermediate representation that tools for spiking networks exchange."""

from snnopt.interop.nir.imported import Imported, from_nir
from snnopt.interop.nir.replay import ResetMismatchWarning, ResetReplay, SpikeChange, replayed
from snnopt.interop.nir.writing import graph_of, save_graph, without_readouts

__all__ = [
    "Imported",
    "ResetMismatchWarning",
    "ResetReplay",
    "SpikeChange",
    "from_nir",
    "graph_of",
    "replayed",
    "save_graph",
    "without_readouts",
]
