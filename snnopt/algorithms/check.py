"""The checker of a sweep: a dry run on the net of a program, before any data are there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from snnopt.algorithms.base import Algorithm
from snnopt.algorithms.from_rollout import RolloutAlgorithm
from snnopt.algorithms.words import Net, Word
from snnopt.errors import CompileError
from snnopt.program import Program
from snnopt.split import Block

STEPS = 8
"""Steps of time of a dry run, which knows no data."""
LONGEST = 100_000
"""Words after which a dry run takes a sweep for one without end."""


def dry_run(algorithm: Algorithm, net: Net) -> Iterator[Word]:
    """Yield the words of one sweep on a net, checked but for their steps of time.

    Raises
    ------
    CompileError
        A word is not for this kind of algorithm, or the sweep has no end.
    """
    sweep = iter(algorithm.sweep(net))
    for word in islice(sweep, LONGEST):
        algorithm.check_word(word, net)
        yield word
    if next(sweep, None) is not None:
        cause = f"one sweep yields {LONGEST} words and more on {len(net.hidden)} hidden layers and {net.steps} steps"
        raise CompileError(f"algorithm {algorithm.name!r}", cause, "let the generator end; the engine repeats it")


def check_sweep(algorithm: Algorithm, program: Program, blocks: tuple[Block, ...]) -> None:
    """Refuse a sweep whose words are not there on this program's net, come too early, or move no weights.

    Raises
    ------
    CompileError
        With the word, its layer, and what must come before it.
    """
    words = list(dry_run(algorithm, net_of(program, blocks)))
    where = f"algorithm {algorithm.name!r}"
    if isinstance(algorithm, RolloutAlgorithm):
        _check_order(where, words, blocks)
    if not {"weights", "readout"}.intersection(w.kind for w in words):
        raise CompileError(where, "its sweep never solves for weights", "yield net.readout or layer.weights")


def resting(algorithm: Algorithm, program: Program, blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """Names of the blocks that no word of a sweep updates: their variables stay where they start."""
    net = net_of(program, blocks)
    outputs = {layer.name for layer in net.outputs}
    words = set(dry_run(algorithm, net))
    return tuple(b.name for b in blocks if not any(_updates(w, b, outputs) for w in words))


def net_of(program: Program, blocks: tuple[Block, ...]) -> Net:
    """The net that a dry run sees."""
    return Net.of(blocks, tuple(c.name for c in program.couplings), STEPS, np.random.default_rng(0))


def _updates(word: Word, block: Block, outputs: set[str]) -> bool:
    """Whether a word updates a block; copies move with their weights, spikes that are not kept with the demands."""
    weights = block.kind in ("weights", "copy")
    match word.kind:
        case "readout":
            return block.kind in ("outputs", "readout") or (weights and block.layers[-1] in outputs)
        case "demands":
            return block.kind == "spikes" and not block.kept
        case "weights":
            return weights and word.layer == block.layers[-1]
        case "potentials":
            return block.kind in ("potentials", "outputs") and word.layer in block.layers
        case "spikes":
            return block.kind == "spikes" and word.layer in block.layers
        case _:
            return False


def _check_order(where: str, words: list[Word], blocks: tuple[Block, ...]) -> None:
    """Sweeps from a rollout: the rollout, then the read-out and demands, then potentials, then weights."""
    shared = dict[str, set[str]]()
    for block in blocks:
        if block.kind == "weights":
            shared.setdefault(block.layers[-1], set()).update(block.layers)
    seen, moved = set[str](), set[str]()

    def need(word: Word, ready: bool, first: str) -> None:
        if not ready:
            of = "" if word.layer is None else f" of {word.layer!r}"
            raise CompileError(where, f"its sweep yields {word.name!r}{of} before {first}", f"yield {first} first")

    for word in words:
        match word.kind:
            case "rollout":
                seen, moved = {"rollout"} | (seen & {"readout"}), set()
            case "readout" | "demands":
                need(word, "rollout" in seen, "net.rollout")
                moved = set() if word.kind == "demands" else moved
                seen.add(word.kind)
            case "spikes" | "potentials":
                need(word, "demands" in seen, "net.demands")
                if word.kind == "spikes" and word.damping < 1:
                    cause = f"its sweep damps 'spikes' of {word.layer!r}, which move with the demands"
                    raise CompileError(where, cause, "damp layer.potentials")
                if word.kind == "potentials":
                    moved.add(word.layer or "")
            case "weights":
                for name in sorted(shared.get(word.layer or "", ())):
                    need(word, name in moved, f"the potentials of {name!r}")
            case "duals":
                need(word, bool(moved) or "readout" in seen, "layer.potentials and layer.weights")
    if "readout" not in seen:
        raise CompileError(where, "its sweep never solves for the read-out", "yield net.readout after net.rollout")
