"""What a trained network does and costs, measured on one rollout: decisions, activity, synaptic operations, bytes, joules.

Every function takes a result and data, a network with ``weights=`` and data, or a :class:`Trial`, the rollout of either, which
:func:`trial` makes and several functions may share. The benchmark's words are those of NeuroBench (Yik et al. 2025, "The
NeuroBench framework for benchmarking neuromorphic computing algorithms and systems"; its harness, release 2), and each function
says where it has to go its own way.
"""

from snnopt.metrics.decisions import DECISIONS, accuracy
from snnopt.metrics.firing import LayerFiring, activation_sparsity, firing
from snnopt.metrics.margin import Margin, margins
from snnopt.metrics.operations import PER_AC, PER_MAC, SynapticOperations, energy, synaptic_operations
from snnopt.metrics.size import Footprint, connection_sparsity, footprint
from snnopt.metrics.summary import Summary, summary
from snnopt.metrics.trial import Trial, trial

__all__ = [
    "DECISIONS",
    "PER_AC",
    "PER_MAC",
    "Footprint",
    "LayerFiring",
    "Margin",
    "Summary",
    "SynapticOperations",
    "Trial",
    "accuracy",
    "activation_sparsity",
    "connection_sparsity",
    "energy",
    "firing",
    "footprint",
    "margins",
    "summary",
    "synaptic_operations",
    "trial",
]
