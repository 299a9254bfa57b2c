"""The loop, its state, stopping, status and history; running networks forward; checking data."""

from snnopt.runtime.acceleration import Acceleration, Anderson, OverRelaxation
from snnopt.runtime.checkpoints import Checkpoint, CheckpointWriter, checksum, fingerprint, read_checkpoint
from snnopt.runtime.data import Samples, check_inputs, check_range, check_targets, check_weights
from snnopt.runtime.engine import Engine, Outcome
from snnopt.runtime.evaluate import readouts, score
from snnopt.runtime.executors import DaskExecutor, LocalExecutor
from snnopt.runtime.forward import Activity, Wiring, rollout
from snnopt.runtime.history import History, Record
from snnopt.runtime.shards import Shards
from snnopt.runtime.status import Status
from snnopt.runtime.stopping import Stopping

__all__ = [
    "Acceleration",
    "Activity",
    "Anderson",
    "Checkpoint",
    "CheckpointWriter",
    "DaskExecutor",
    "Engine",
    "History",
    "LocalExecutor",
    "Outcome",
    "OverRelaxation",
    "Record",
    "Samples",
    "Shards",
    "Status",
    "Stopping",
    "Wiring",
    "check_inputs",
    "check_range",
    "check_targets",
    "check_weights",
    "checksum",
    "fingerprint",
    "read_checkpoint",
    "readouts",
    "rollout",
    "score",
]
