"""Where sums are made: in this process, or by the workers of a Dask cluster; both run the same passes."""

from snnopt.runtime.executors.base import Crew, Executor, Script, Setup, Summary, Traffic
from snnopt.runtime.executors.dask import DaskExecutor
from snnopt.runtime.executors.local import LocalExecutor

__all__ = ["Crew", "DaskExecutor", "Executor", "LocalExecutor", "Script", "Setup", "Summary", "Traffic"]
