"""Checking what the user gives: inputs, targets and weights, in the user's words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError, shown, unknown_name
from snnopt.program import Program, Term, Variable

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Samples:
    """Checked inputs: per name, [T, N, n] or [N, n] held constant; nothing is copied until a batch is taken.

    ``lengths`` [N] tells how many steps of each sample count, None that all do.
    """

    arrays: dict[str, Array]
    constant: dict[str, bool]
    count: int
    steps: int
    lengths: Array | None = None

    def take(self, index: Array | slice, dtype: np.dtype[Any]) -> dict[str, Array]:
        """The samples at ``index``, [T, n_index, n] or [1, n_index, n], in ``dtype``."""
        out = {}
        for name, x in self.arrays.items():
            axis = 0 if self.constant[name] else 1
            part = x[(slice(None),) * axis + (index,)] if isinstance(index, slice) else x.take(index, axis)
            part = part[None] if self.constant[name] else part
            out[name] = np.ascontiguousarray(part.reshape(*part.shape[:2], -1), dtype)
            if self.lengths is not None and not self.constant[name]:
                counted = np.arange(self.steps)[:, None] < self.lengths[index]
                out[name] = np.where(counted[:, :, None], out[name], dtype.type(0))
        return out

    def lengths_of(self, index: Array | slice) -> Array | None:
        """The lengths of the samples at ``index``, None where all steps count."""
        return None if self.lengths is None else self.lengths[index]

    def chunks(self, entries: int, widest: int) -> list[slice]:
        """Slices of the samples such that [T, slice, widest] has about ``entries`` entries."""
        size = max(1, entries // max(1, self.steps * widest))
        return [slice(k, min(k + size, self.count)) for k in range(0, self.count, size)]


def check_inputs(program: Program, data: object, timesteps: int | None, lengths: object = None) -> Samples:
    """Check data for a program's inputs; ``lengths`` [N] are the numbers of steps that count, None for all.

    Raises
    ------
    DataError
        Wrong shape or type, NaN or infinite values, an empty batch, or differing lengths.
    """
    given = _by_input(program.inputs, data)
    checked = {v.name: _one_input(v, given[v.name], timesteps) for v in program.inputs}
    counts = {name: x.shape[0] if constant else x.shape[1] for name, (x, constant) in checked.items()}
    spans = {name: len(x) for name, (x, constant) in checked.items() if not constant}
    for what, values in (("samples", counts), ("time steps", spans)):
        if len(set(values.values())) > 1:
            raise DataError(
                "data", f"inputs differ in their number of {what}: {values}", "give all inputs the same number"
            )
    steps = next(iter(spans.values()), timesteps)
    if timesteps is not None and steps != timesteps:
        raise DataError(
            "data", f"timesteps={timesteps}, but the data have {steps} steps", "leave timesteps out for [T, N, n]"
        )
    assert steps is not None
    samples = Samples(
        {n: x for n, (x, _) in checked.items()},
        {n: c for n, (_, c) in checked.items()},
        next(iter(counts.values())),
        steps,
        None if lengths is None else check_lengths(lengths, next(iter(counts.values())), steps),
    )
    for name, x in samples.arrays.items():
        padded = samples.lengths is not None and not samples.constant[name]
        _finite(f"input {name!r}", x, samples.lengths if padded else None)
        if padded and x.dtype.kind == "f" and not np.isfinite(x.sum(dtype=np.float64)):
            samples.arrays[name] = np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
    return samples


def require_lengths(where: str, samples: Samples) -> None:
    """Raise where timed data come without lengths though the network was trained with them."""
    if samples.lengths is None and not all(samples.constant.values()):
        fix = f"give lengths=..., numpy.full({samples.count}, {samples.steps}) if all are whole"
        raise DataError(where, "the network was trained with lengths=, and these series have none", fix)


def check_lengths(lengths: object, count: int, steps: int) -> Array:
    """Return lengths [N] as whole numbers from 1 to ``steps``, or say why not."""
    where = "lengths"
    given = numeric(where, lengths)
    if given.shape != (count,):
        raise DataError(
            where, f"they have shape {given.shape} for {count} samples", "give one number of steps for each sample"
        )
    if given.dtype.kind not in "iu" and not np.all(given == np.round(given)):
        raise DataError(where, "they are fractional", "give whole numbers of time steps")
    if given.min() < 1 or given.max() > steps:
        at = int(np.argmax((given < 1) | (given > steps)))
        raise DataError(
            where,
            f"series {at} has {given[at]} steps, the data have {steps}",
            f"give whole numbers from 1 to {steps}; so.data.pad(series) makes data and lengths that fit",
        )
    return given.astype(np.int64)


def _by_input(inputs: tuple[Variable, ...], data: object) -> Mapping[str, object]:
    names = [v.name for v in inputs]
    if isinstance(data, Mapping):
        for key in data:
            if key not in names:
                raise unknown_name("data for input", key, names)
        for name in names:
            if name not in data:
                raise DataError(f"input {name!r}", "no data are given for it", f"pass a dict with the keys {names}")
        return data
    if len(names) > 1:
        raise DataError("data", f"the network has {len(names)} inputs", f"pass a dict with the keys {names}")
    return {names[0]: data}


def numeric(where: str, values: object, convert: str = "convert them, e.g. x.astype(float)") -> Array:
    """Return ``values`` as a real array, or say why not; ``convert`` is the mend for an array of something else."""
    try:
        x = np.asarray(values)
    except ValueError:
        fix = "give a rectangular array; series of unequal length by X, lengths = so.data.pad(series)"
        raise DataError(where, "the rows have unequal lengths", fix) from None
    except (RuntimeError, TypeError) as error:  # tensors that sit on a device, or carry a gradient
        cause = f"numpy cannot read the {type(values).__name__} ({str(error).rstrip('.')})"
        raise DataError(where, cause, "convert it, e.g. x.detach().cpu().numpy()") from None
    if x.dtype.kind == "c":
        raise DataError(where, "the values are complex", "give real numbers, e.g. the magnitude np.abs(x)")
    if x.ndim == 0 and x.dtype.kind not in "bfiu":
        cause = f"the {type(values).__name__} given is not an array of numbers"
        raise DataError(where, cause, "give an array, e.g. numpy.array(x), or x.toarray() if it is sparse")
    if x.dtype.kind not in "bfiu":
        raise DataError(where, f"the values are not numbers (dtype {x.dtype})", convert)
    return x


def _one_input(v: Variable, values: object, timesteps: int | None) -> tuple[Array, bool]:
    where = f"input {v.name!r}"
    x = numeric(where, values)
    shape = ", ".join(map(str, v.shape))
    constant = x.ndim == len(v.shape) + 1
    if not constant and x.ndim != len(v.shape) + 2:
        raise DataError(
            where,
            f"the data have shape {x.shape}",
            f"give [T, N, {shape}], or [N, {shape}] with timesteps= for a constant input" + _reshape_hint(v, x),
        )
    if x.shape[-len(v.shape) :] != v.shape:
        raise DataError(
            where,
            f"it takes {shape} features, the data have {', '.join(map(str, x.shape[-len(v.shape) :]))}",
            f"give [T, N, {shape}] or [N, {shape}], or declare so.Input{x.shape[-len(v.shape) :]}".replace(",)", ")")
            + _reshape_hint(v, x),
        )
    if constant and timesteps is None:
        raise DataError(
            where,
            f"data of shape {x.shape} have no time axis",
            "pass timesteps=10 (say) to hold them constant, or give [T, N, features]",
        )
    if timesteps is not None and (
        isinstance(timesteps, bool) or not isinstance(timesteps, int | np.integer) or timesteps < 1
    ):
        raise DataError(where, f"timesteps={timesteps!r}", "give a whole number of at least 1")
    if x.size == 0:
        raise DataError(where, f"the batch is empty (shape {x.shape})", "give at least one sample and one time step")
    return x, constant


def _reshape_hint(v: Variable, x: Array) -> str:
    """Advice for N samples that are the input's features in another shape, or nothing."""
    if x.ndim < 2 or math.prod(x.shape[1:]) != math.prod(v.shape):
        return ""
    return f"; if these are {len(x)} samples: X.reshape(-1, {', '.join(map(str, v.shape))})"


def _finite(
    where: str, x: Array, lengths: Array | None = None, fix: str = "remove or fill them, e.g. with numpy.nan_to_num"
) -> None:
    """Raise on NaN or infinity, those after a series' end apart. The extremes show whether there are any, without a copy."""
    if x.dtype.kind != "f" or not x.size:
        return
    with np.errstate(invalid="ignore"):
        if np.isfinite(x.max()) and np.isfinite(x.min()):
            return
    bad = ~np.isfinite(x)
    if lengths is not None:
        bad &= (np.arange(len(x))[:, None] < lengths).reshape(len(x), -1, *(1,) * (x.ndim - 2))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(where, f"{int(bad.sum())} values from index {first} on are NaN or infinite", fix)


def largest_of(samples: Samples) -> dict[str, float]:
    """The largest absolute value of each input."""
    return {n: max(abs(float(x.max())), abs(float(x.min()))) for n, x in samples.arrays.items()}


def check_range(largest: Mapping[str, float], dtype: np.dtype[Any]) -> None:
    """Raise where training sums of squares of inputs with these largest values would overflow ``dtype``."""
    bound = float(np.finfo(dtype).max) ** 0.4
    for name, value in largest.items():
        if value > bound:
            fix = "scale the data, e.g. X / abs(X).max()" + (
                ", or train with dtype='float64'" if dtype.itemsize == 4 else ""
            )
            raise DataError(f"input {name!r}", f"its values reach {value:.3g}, too large for {dtype}", fix)


def check_targets(program: Program, targets: object, count: int, samples_shape: tuple[int, ...]) -> dict[str, Array]:
    """Check the targets of every loss; returns labels [N] of int64 or real targets [N, units], by output name."""
    owners = list(dict.fromkeys(t.owner for t in program.losses))
    if isinstance(targets, Mapping):
        for key in targets:
            if key not in owners:
                raise unknown_name("targets for output", key, owners)
    elif len(owners) > 1:
        raise DataError("targets", f"{len(owners)} outputs have losses", f"pass a dict with the keys {owners}")
    given: Mapping[str, object] = targets if isinstance(targets, Mapping) else {owners[0]: targets}
    for name in owners:
        if name not in given:
            raise DataError(f"output {name!r}", "no targets are given for it", f"pass a dict with the keys {owners}")
    return {t.owner: check_target(program, t, given[t.owner], count, samples_shape) for t in program.losses}


def check_target(program: Program, term: Term, values: object, count: int, samples_shape: tuple[int, ...]) -> Array:
    """Check the targets of one loss: labels [N] of int64, or real targets [N, units]."""
    where, units = f"targets of {term.owner!r}", program.by_name[term.owner].size
    y = numeric(where, values, "number them, e.g. names, labels = numpy.unique(labels, return_inverse=True)")
    if y.ndim == 0 or len(y) != count:
        fix = "give one target for each sample"
        if y.ndim and len(samples_shape) > 2 and len(y) == samples_shape[0]:
            fix = "data are time-first, [T, N, features]; yours look batch-first: use X.swapaxes(0, 1)"
        raise DataError(where, f"there are {len(y) if y.ndim else 'no'} targets for {count} samples", fix)
    if y.ndim == 2 and y.shape[1] == 1 and units > 1:
        y = y[:, 0]
    if y.ndim == 2 and term.kind == "squared_error":
        if y.shape[1] != units:
            raise DataError(
                where, f"targets have {y.shape[1]} columns for {units} units", f"give [N, {units}], or labels [N]"
            )
        _finite(where, y)
        return y
    if y.ndim == 1 and term.kind == "squared_error" and units == 1:
        _finite(where, y)
        return y[:, None]
    real = "" if term.kind == "squared_error" else "; real targets are for so.SquaredError"
    if y.ndim != 1:
        raise DataError(
            where, f"the labels have shape {y.shape}", f"give whole-number labels [N], e.g. one_hot.argmax(1){real}"
        )
    _finite(where, y, fix="remove the samples that have no label")
    if y.dtype.kind == "f" and np.any(y != np.round(y)):
        raise DataError(
            where,
            f"the labels are fractional, e.g. {y[y != np.round(y)][0]:g}",
            f"give whole numbers 0 to {units - 1}{real}",
        )
    labels = y.astype(np.int64)
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= units:
        wider = f", or give the output so.Dense({high + 1})" if low >= 0 else ""
        if low == 1 and high == units:
            wider = ": yours start at 1, so use y - 1"
        raise DataError(
            where,
            f"label {low if low < 0 else high} is out of range for {units} units",
            f"number the classes 0 to {units - 1}{wider}",
        )
    return labels


def check_weights(program: Program, weights: Mapping[str, ArrayLike], dtype: np.dtype[Any]) -> dict[str, Array]:
    """Check weights by name and return them as matrices [channels, fan_in] and biases [channels]."""
    wanted = {v.name: v for v in program.variables if v.kind in ("weight", "bias")}
    if not isinstance(weights, Mapping):
        raise DataError("weights", f"{shown(weights)} is not a dict", f"pass a dict with the keys {list(wanted)}")
    for name in weights:
        if name not in wanted:
            raise unknown_name("weight", name, wanted)
    out = {}
    for name, v in wanted.items():
        if name not in weights:
            raise DataError(f"weights {name!r}", "they are missing", f"give an array of shape {v.shape}")
        w = numeric(f"weights {name!r}", weights[name])
        if w.shape != v.shape:
            raise DataError(f"weights {name!r}", f"they have shape {w.shape}", f"give an array of shape {v.shape}")
        _finite(f"weights {name!r}", w)
        out[name] = np.ascontiguousarray(w.reshape(len(w), -1) if v.kind == "weight" else w, dtype)
    return out
