"""Linear maps made ready to run: the gather in the working dtype, forward, backward and as regression features."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from snnopt.program import LinearMap
from snnopt.runtime.workspace import FRESH, Workspace

Array = NDArray[Any]


class Wire:
    """One linear map bound to a dtype. Signals are [..., n], weights [channels, fan_in]."""

    def __init__(self, m: LinearMap, dtype: np.dtype[Any]) -> None:
        self.map = m
        self.dtype = dtype
        self._matrix: sp.csr_array | None = None
        self._take: Array | None = None
        if m.gather is None:
            return
        g = m.gather
        shape = (g.rows, g.columns)
        self._matrix = sp.csr_array((g.data.astype(dtype), g.indices, g.indptr), shape=shape)
        self._transpose = sp.csr_array(self._matrix.T)
        if g.selection:
            self._take = np.full(g.rows, g.columns)
            self._take[np.diff(g.indptr) > 0] = g.indices

    def patches(self, x: Array) -> Array:
        """Gathered source, [..., positions, fan_in] (no positions axis for a dense map)."""
        m = self.map
        if self._matrix is None:
            return x if m.positions == 1 else x.reshape(*x.shape[:-1], m.positions, m.fan_in)
        if self._take is not None:
            padded = np.concatenate([x, np.zeros((*x.shape[:-1], 1), x.dtype)], -1)
            out = padded[..., self._take]
        else:
            flat = x.reshape(-1, x.shape[-1])
            out = (self._matrix @ flat.T).T
        shape = (*x.shape[:-1], m.fan_in) if m.positions == 1 else (*x.shape[:-1], m.positions, m.fan_in)
        return np.ascontiguousarray(out).reshape(shape)

    def current(self, x: Array, weight: Array | None, bias: Array | None, out: Array | None = None) -> Array:
        """``W F(x) + b``, [..., channels * positions], written to ``out`` where the product can be."""
        m, patches = self.map, self.patches(x)
        if weight is None:
            return patches.reshape(*x.shape[:-1], m.positions * m.fan_in)
        found = np.matmul(patches, weight.T, out=out if m.positions == 1 else None)
        if bias is not None:
            found += bias
        if m.positions == 1:
            return found
        return np.ascontiguousarray(np.swapaxes(found, -1, -2)).reshape(*x.shape[:-1], m.channels * m.positions)

    def spread(self, j: Array) -> Array:
        """A demand on the current, [..., n], as rows for regression, [..., positions, channels]."""
        m = self.map
        return j if m.positions == 1 else np.swapaxes(j.reshape(*j.shape[:-1], m.channels, m.positions), -1, -2)

    def pullback(self, j: Array, weight: Array | None, workspace: Workspace = FRESH) -> Array:
        """Adjoint of :meth:`current` in the source: ``F' W' j``, [..., sources]."""
        m = self.map
        if m.positions == 1 and self._matrix is None and weight is not None:
            return np.matmul(j, weight, out=workspace.array((m, "demand"), (*j.shape[:-1], m.fan_in), self.dtype))
        back = j if weight is None else self.spread(j) @ weight
        flat = back.reshape(-1, m.positions * m.fan_in)
        if self._matrix is not None:
            flat = (self._transpose @ flat.T).T
        return np.ascontiguousarray(flat).reshape(*j.shape[:-1], -1)


def lagged(x: Array, lag: int, steps: int) -> Array:
    """``x[t - lag]`` with zeros before the start; a constant [1, N, n] stays constant where there is no lag."""
    if lag == 0:
        return x
    out = np.zeros((steps, *x.shape[1:]), x.dtype)
    if lag < steps:
        out[lag:] = x if len(x) == 1 else x[: steps - lag]
    return out


def advanced(x: Array, lag: int) -> Array:
    """Adjoint of :func:`lagged`: ``x[t + lag]``, zero at the end."""
    if lag == 0:
        return x
    out = np.zeros_like(x)
    if lag < len(x):
        out[:-lag] = x[lag:]
    return out
