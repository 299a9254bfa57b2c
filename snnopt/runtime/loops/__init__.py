"""The loops, one for each way of visiting samples."""

from snnopt.runtime.loops.federated import FederatedLoop
from snnopt.runtime.loops.full_batch import FullBatchLoop
from snnopt.runtime.loops.kept import KeptLoop
from snnopt.runtime.loops.loop import Loop
from snnopt.runtime.loops.mini_batches import MiniBatchLoop

__all__ = ["FederatedLoop", "FullBatchLoop", "KeptLoop", "Loop", "MiniBatchLoop"]
