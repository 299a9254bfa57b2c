"""Recorded runs of snnTorch's and Norse's importers (``tests/data/record_nir_importers.py``): our replay is what they do.

The file is of those packages; nothing of them is needed here. ``make peers`` runs them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.lower import lower_network
from tests.peers.cases import CASES, Case, replay

Array = np.ndarray[Any, Any]
RUNS = [(case, importer) for case in CASES for importer in case.importers]


@cache
def archive() -> Mapping[str, Array]:
    with np.load(Path(__file__).parent / "data" / "nir_importers.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def recorded_weights(case: Case) -> dict[str, Array]:
    variables = [v for v in lower_network(case.build()).variables if v.kind in ("weight", "bias")]
    ends = np.cumsum([int(np.prod(v.shape)) for v in variables])[:-1]
    parts = np.split(archive()[f"{case.name}/weights"], ends)
    return {v.name: part.reshape(v.shape) for v, part in zip(variables, parts, strict=True)}


@pytest.mark.parametrize(("case", "importer"), RUNS, ids=[f"{c.name}-{i}" for c, i in RUNS])
def test_recorded_spikes_are_those_of_our_replay(case: Case, importer: str) -> None:
    data = archive()[f"{case.name}/input"].astype(np.float32) / 256
    network, weights = case.build(), recorded_weights(case)
    ours, own = replay(network, weights, data), so.simulate(network, weights, data)
    bits = np.unpackbits(archive()[f"{case.name}/{importer}"])
    for name in ("h1", "h2"):
        count = ours[name].size
        theirs, bits = bits[:count].reshape(ours[name].shape), bits[count:]
        np.testing.assert_array_equal(theirs, ours[name], err_msg=name)
        assert np.any(theirs != own[name].spikes)  # so that the kind of the reset can be told
    assert len(bits) < 8
