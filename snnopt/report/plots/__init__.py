"""Pictures, as functions that take any matplotlib ``Axes`` and return it. matplotlib is imported when one is called."""

from snnopt.report.plots.compare import compare
from snnopt.report.plots.confusion import confusion
from snnopt.report.plots.convergence import convergence
from snnopt.report.plots.overview import overview
from snnopt.report.plots.raster import raster
from snnopt.report.plots.rates import rates
from snnopt.report.plots.residuals import residuals
from snnopt.report.plots.traces import traces
from snnopt.report.plots.weights import weights

__all__ = ["compare", "confusion", "convergence", "overview", "raster", "rates", "residuals", "traces", "weights"]
