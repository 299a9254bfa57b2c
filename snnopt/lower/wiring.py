"""Paths of connections to linear maps: fixed parts folded into one gather, delays into a lag."""

from __future__ import annotations

from typing import cast

import numpy as np
import scipy.sparse as sp

from snnopt.errors import ModelError
from snnopt.model.connections import Connection, FixedConnection, LearnedConnection, Wiring
from snnopt.model.signal import Path, Shape
from snnopt.program import Form, Gather, LinearMap


def lower_path(path: Path, source: str, target: Shape, stem: str | None, where: str) -> tuple[LinearMap, Shape]:
    """Lower one path into a layer of shape ``target`` whose weights are called after ``stem``; also the weights' shape.

    A fixed connection after the weights acts on each channel alone, so it is moved in front of them: ``Q (W F) =
    W ((Q x I) F)`` with Q acting on positions and the identity on the fan-in.
    """
    shapes = (*path.shapes, target)
    lag = sum(c.steps for c in path.connections)
    gather: sp.csr_array | None = None
    wiring: Wiring | None = None
    for connection, shape, out in zip(path.connections, path.shapes, shapes[1:], strict=True):
        if connection.learned:
            wiring = cast("LearnedConnection", connection).wiring(shape, out)
            gather = _compose(wiring.gather, gather)
            continue
        if wiring is None:
            gather = _compose(cast("FixedConnection", connection).matrix(shape), gather)
            continue
        per_channel = cast("FixedConnection", connection).matrix((1, *shape[1:]))
        if per_channel is None:
            continue
        if wiring.channels != shape[0] or wiring.positions != per_channel.shape[1]:
            raise ModelError(where, f"{connection.label} cannot follow {path.learned}", "put it before the weights")
        blocks = sp.csr_array(sp.kron(per_channel, sp.eye_array(wiring.fan_in), format="csr"))
        old = sp.eye_array(wiring.positions * wiring.fan_in, format="csr") if gather is None else gather
        gather = sp.csr_array(blocks @ old)
        wiring = Wiring(wiring.weight_shape, per_channel.shape[0], wiring.fan_in, wiring.channels, None, wiring.mask)
    size = int(np.prod(target))
    name = " of ".join(c.label for c in reversed(path.connections)) or "direct connection"
    form = _form(path.connections)
    if wiring is None:
        return LinearMap(name, source, lag, None, None, size, 1, 1, _freeze(gather), form=form), ()
    learned = cast("LearnedConnection", path.learned)
    bias = f"{stem}.bias" if learned.bias else None
    counts = (wiring.positions, wiring.fan_in, wiring.channels)
    return LinearMap(
        name, source, lag, f"{stem}.weight", bias, *counts, _freeze(gather), wiring.mask, form
    ), wiring.weight_shape


def lower_recurrent(recurrent: LearnedConnection, shape: Shape, name: str, stem: str) -> tuple[LinearMap, Shape]:
    """Lower a population's connection to itself: one step late, without a bias."""
    out = recurrent.output_shape(shape, f"recurrent connection of layer {name!r}")
    if out is not None and out != shape:
        raise ModelError(
            f"recurrent connection of layer {name!r}",
            f"it makes a current of shape {out} for neurons of shape {shape}",
            "use recurrent=so.Dense(), which takes the layer's own width",
        )
    w = recurrent.wiring(shape, shape)
    counts = (w.positions, w.fan_in, w.channels)
    label = f"recurrent {recurrent.label}"
    matrix = (f"{stem}.weight", None, *counts, _freeze(w.gather), w.mask)
    return LinearMap(label, name, 1, *matrix, _form((recurrent,))), w.weight_shape


def _form(connections: tuple[Connection, ...]) -> Form:
    return tuple((type(c).__name__, c.geometry) for c in connections)


def _compose(outer: sp.csr_array | None, inner: sp.csr_array | None) -> sp.csr_array | None:
    if outer is None or inner is None:
        return inner if outer is None else outer
    return sp.csr_array(outer @ inner)


def _freeze(matrix: sp.csr_array | None) -> Gather | None:
    if matrix is None:
        return None
    matrix.sum_duplicates()
    return Gather(
        matrix.shape[0],
        matrix.shape[1],
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        matrix.data.astype(np.float64),
    )
