"""Program to the blocks of a sweep that starts from a rollout: demands travel back, nothing is kept but weights."""

from __future__ import annotations

from snnopt.program import AffineCoupling, Program
from snnopt.split.blocks import Block, Quadratic, StepRule
from snnopt.split.refusals import check_splittable
from snnopt.split.spike_terms import spike_terms
from snnopt.split.weights import weight_blocks


def split_rollout(program: Program, step: StepRule) -> tuple[Block, ...]:
    """Split a program into the blocks of a trace-form sweep that starts from a rollout, backward from the output.

    Under the exact step rule spikes are a block of their own, ``a = s + da/sigma``; under the dithered one they are a
    function of the potentials, and the demand enters there. Potentials of a judged read-out are eliminated with their
    coupling (they are its right-hand side), so a read-out block holds its loss and its weights. Weights used in several
    layers, and maps whose positions share weights, are groups of their own; all other maps into one population are solved
    for together.
    """
    check_splittable(program)
    blocks: list[Block] = []
    for coupling in reversed(program.couplings):
        if coupling.dynamics.spiking:
            blocks += _spiking(program, coupling, step)
        elif program.judged(coupling.name):
            if not any(m.learned for m in coupling.maps):
                losses = tuple(t for t in program.losses if t.owner == coupling.name)
                blocks.append(
                    Block(f"{coupling.name}.readout", "readout", "trace", (coupling.name,), (), (), terms=losses)
                )
        else:
            blocks.append(_analogue(coupling))
    return tuple(blocks) + tuple(weight_blocks(program, "trace", eliminated=True))


def _spiking(program: Program, coupling: AffineCoupling, step: StepRule) -> list[Block]:
    """The potentials of a spiking layer, and under the exact step rule its spikes."""
    name, layers = coupling.name, (coupling.name,)
    terms, by_gradient = spike_terms(program, coupling)
    dynamics, exact = (Quadratic(name, f"rho[{name}]"),), step == "exact"
    potentials = Block(
        f"{name}.potentials",
        "potentials",
        "trace",
        layers,
        (coupling.potential,),
        dynamics,
        linear=not exact,
        step=step,
        terms=terms,
        by_gradient=() if exact else by_gradient,
    )
    if not exact:
        return [potentials]
    assert coupling.spike is not None
    spikes = Block(
        f"{name}.spikes",
        "spikes",
        "trace",
        layers,
        (coupling.spike,),
        (),
        linear=True,
        step="linearised",
        by_gradient=by_gradient,
    )
    return [spikes, potentials]


def _analogue(coupling: AffineCoupling) -> Block:
    """The potentials of a layer that does not spike, and feeds others."""
    name = coupling.name
    dynamics = (Quadratic(name, f"rho[{name}]"),)
    return Block(f"{name}.potentials", "potentials", "trace", (name,), (coupling.potential,), dynamics, linear=True)
