"""Files that declare a problem: Python with a ``build()``, or a NIR graph."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snnopt.cli.model_file import ModelFile, load_model
from snnopt.errors import unknown_name
from snnopt.interop.nir import Imported, from_nir
from snnopt.model import CrossEntropy, Problem

ARGUMENTS = ("dt", "method")
"""What ``--with`` can say of a NIR file."""


def load_problem(path: Path, given: Mapping[str, Any]) -> ModelFile:
    """A model file; for a NIR file, whose network is read with the arguments that are ``given``, one that builds it.

    A NIR file declares a network and weights to start from; the problem is to classify by its outputs, with cross-entropy of
    their mean potentials, or of their spike counts.
    """
    if path.suffix.lower() != ".nir" or path.is_dir():
        return load_model(path)
    imported = load_network(path, given)
    losses = [CrossEntropy(y, over="count" if y.neuron.spiking else "mean") for y in imported.network.outputs]
    problem = Problem(imported.network, sum(losses[1:], losses[0]))
    return ModelFile(path, lambda **_: problem, weights=imported.weights)


def load_network(path: Path, given: Mapping[str, Any]) -> Imported:
    """The network of a NIR file; resets that differ are imported as subtraction, and a note says so."""
    for name in given:
        if name not in ARGUMENTS:
            raise unknown_name(f"arguments of {path}", name, ARGUMENTS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        imported = from_nir(path, on_reset_mismatch="warn", **given)
    for warning in caught:
        print(f"snnopt: note: {warning.message}", file=sys.stderr)
    return imported
