"""What all pictures share: axes, colours, and the ways in which activity can be given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError, ModelError, missing_package, shown
from snnopt.runtime import Activity, History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]
Trace = Activity | Mapping[str, Activity]
"""One population's activity, or several by name as :func:`snnopt.simulate` returns them."""


class HasHistory(Protocol):
    """A result of training."""

    @property
    def history(self) -> History:
        """Its records."""


BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
"""Okabe and Ito (2008): told apart with any colour vision."""
CYCLE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY)
GREY, PALE, PADDING = "#5f5f5f", "#d4d4d4", "#eeeeee"


def axes(ax: Axes | None) -> Axes:
    """Return ``ax``, or the axes of a new figure.

    Raises
    ------
    MissingPackageError
        matplotlib is not installed.
    ModelError
        ``ax`` is no axes.
    """
    require_matplotlib()
    if ax is not None:
        return check_axes(ax)
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def check_axes(ax: object) -> Axes:
    """Return ``ax`` if it is matplotlib's, else raise :class:`ModelError`."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        fix = "pass one axes object, e.g. matplotlib.pyplot.subplots()[1], or leave ax out"
        raise ModelError("ax", f"{shown(ax)} is no matplotlib axes", fix)
    return ax


def require_matplotlib() -> None:
    """Raise :class:`MissingPackageError` where matplotlib is missing."""
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError:
        raise missing_package("plot", "matplotlib", "plot") from None


def tidy(ax: Axes) -> None:
    """Take away the frame's upper and right lines."""
    ax.spines[["top", "right"]].set_visible(False)


def cut(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis where it has more than ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def history_of(where: str, run: object) -> History:
    """The history of a result, or itself; raises :class:`DataError` where there is none, or it is empty."""
    history = run if isinstance(run, History) else getattr(run, "history", None)
    if not isinstance(history, History):
        raise DataError(where, f"a {type(run).__name__} has no history", "pass what plan.solve(...) returns")
    if not len(history):
        raise DataError(where, "the history is empty", "train for at least one iteration")
    return history


def count_axis(ax: Axes, history: History) -> Array:
    """Label the horizontal axis and return where the records stand on it.

    Mini-batches count epochs from 1; iterations count from 0, or have residuals.
    """
    from matplotlib.ticker import MaxNLocator

    at = np.array([r.iteration for r in history])
    ax.set_xlabel("epoch" if at[0] and not history[0].primal else "iteration")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(at) == 1:
        ax.set_xticks(at)
    return at


def log_where_positive(ax: Axes, values: Array) -> bool:
    """Make the vertical axis logarithmic if no value is negative and not all are zero; return whether it is."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

    known = values[np.isfinite(values)]
    positive = known[known > 0]
    if (known < 0).any() or not len(positive):
        return False
    ax.set_yscale("log")
    if positive.max() < 1000 * positive.min():
        narrow = positive.min() < positive.max() < 5 * positive.min()
        ax.yaxis.set_major_locator(MaxNLocator(6) if narrow else LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    return True


def spikes_by_layer(where: str, trace: Trace | ArrayLike) -> tuple[dict[str, Array], Array]:
    """Spikes [T, N, n] of every spiking population in ``trace``, by name (``""`` for a single one).

    Also how many steps of each sample count, [N]; spikes after them are left out.
    """
    if isinstance(trace, Mapping):
        if not all(isinstance(a, Activity) for a in trace.values()):
            fix = "pass so.simulate(network, result.weights, X, timesteps=10)"
            raise DataError(where, "these are arrays by name, not the activity of a network", fix)
        found = {name: a.spikes for name, a in trace.items() if a.spikes is not None}
        lengths = next((a.lengths for a in trace.values()), None)
    elif isinstance(trace, Activity):
        found, lengths = {} if trace.spikes is None else {"": trace.spikes}, trace.lengths
    else:
        found, lengths = {"": np.asarray(trace)}, None
    if not found:
        raise DataError(where, "no population here spikes", "pass the trace of a network with a spiking layer")
    shaped = {name: _time_sample_neuron(where, s) for name, s in found.items()}
    steps, samples = next(iter(shaped.values())).shape[:2]
    if lengths is None:
        return shaped, np.full(samples, steps)
    counted = (np.arange(steps)[:, None] < lengths)[:, :, None]
    return {name: s * counted for name, s in shaped.items()}, np.asarray(lengths)


def potentials_of(where: str, activity: Activity | ArrayLike) -> Array:
    """Potentials [T, N, n] of one population."""
    if isinstance(activity, Mapping):
        raise DataError(
            where, "it draws one population", f"choose one, e.g. trace[{next(iter(activity), 'readout')!r}]"
        )
    return _time_sample_neuron(where, activity.potentials if isinstance(activity, Activity) else np.asarray(activity))


def check_sample(where: str, sample: int, count: int) -> int:
    """Return ``sample`` if it is one of ``count``."""
    if not 0 <= sample < count:
        raise DataError(where, f"there is no sample {sample}, only 0 to {count - 1}", "give one of these")
    return sample


def _time_sample_neuron(where: str, x: Array) -> Array:
    if x.ndim == 2:
        x = x[:, None]
    if x.ndim < 3 or not x.size:
        raise DataError(
            where, f"an array of shape {x.shape} is not activity", "give [T, N, n], or [T, n] for one sample"
        )
    return x.reshape(*x.shape[:2], -1)
