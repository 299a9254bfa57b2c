"""The table of NIR's kinds of nodes: what each is to us, or why it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["input", "output", "neuron", "weights", "fixed", "refused"]


@dataclass(frozen=True)
class Kind:
    """One kind of node: its role, and for a refused one why and what to do."""

    role: Role
    cause: str = ""
    fix: str = ""


KINDS: dict[str, Kind] = {
    "Input": Kind("input"),
    "Output": Kind("output"),
    "LIF": Kind("neuron"),
    "IF": Kind("neuron"),
    "LI": Kind("neuron"),
    "I": Kind("neuron"),
    "CubaLIF": Kind("neuron"),
    "Threshold": Kind("neuron"),
    "Affine": Kind("weights"),
    "Linear": Kind("weights"),
    "Conv1d": Kind("weights"),
    "Conv2d": Kind("weights"),
    "AvgPool2d": Kind("fixed"),
    "Flatten": Kind("fixed"),
    "Delay": Kind("fixed"),
    "SumPool2d": Kind(
        "refused",
        "there is no sum pooling here",
        "write an AvgPool2d, and multiply the weights after it by the size of its window",
    ),
    "Scale": Kind("refused", "there is no scaling here", "multiply the weights before or after it instead"),
    "CubaLI": Kind(
        "refused",
        "there is no leaky integrator with a synaptic current here",
        "write two LI nodes, one feeding the other",
    ),
    "NIRGraph": Kind("refused", "it is a graph within the graph", "put its nodes and edges into the outer graph"),
}
"""By name of the class in package nir. A ``Threshold`` is the end of a neuron that is written in several nodes."""


def kind_of(node: object) -> Kind:
    """The table's line for a node; one of another name is refused."""
    name = type(node).__name__
    return KINDS.get(name, Kind("refused", f"a {name} is nothing that is known here", f"use {', '.join(supported())}"))


def supported() -> list[str]:
    """The names of the kinds that are not refused."""
    return [name for name, kind in KINDS.items() if kind.role != "refused"]
