"""Program to the blocks of an ADMM whose potentials, spikes and scaled duals are kept from iteration to iteration."""

from __future__ import annotations

from snnopt.program import AffineCoupling, Program
from snnopt.split.blocks import At, Block, Box, Form, Order, Quadratic
from snnopt.split.refusals import check_keepable
from snnopt.split.spike_terms import spike_terms
from snnopt.split.weights import weight_blocks


def split_kept(
    program: Program,
    form: Form,
    order: Order = "together",
    box: Box = "none",
    published: bool = False,
    linearised: frozenset[str] = frozenset(),
) -> tuple[Block, ...]:
    """Split a program into weights, spikes and potentials of each layer, and potentials of each output.

    The augmented Lagrangian, sums over time and means over samples, with H the step function and every e (or r) the
    residual of a layer's dynamics in the given form::

        losses(v_L) + penalties(W) + sum_l rho_l/2 ||e_l + u_l||^2 + sum_{l<L} sigma_l/2 ||a_l - H(v_l - theta) + w_l||^2

    Spikes take part in the dynamics of every layer that they feed, their own among them (reset, recurrence). Weights that a
    constraint or a penalty beyond L2 is on have a copy, on which it acts. The order ``"coloured"`` is one of hidden
    potentials, the only ones whose steps of one parity are worth solving for alone; all else is then solved for together.
    ``published`` asks for the published update of an output's last step, which is a block of its own. Blocks of spikes see
    the dynamics of the layers ``linearised`` by their gradient.
    """
    check_keepable(program, form, linearised)
    others: Order = "together" if order == "coloured" else order
    blocks: list[Block] = []
    for coupling in reversed(program.couplings):
        if coupling.dynamics.spiking:
            blocks += [_spikes(program, coupling, form, others, box, linearised), _potentials(coupling, form, order)]
        elif published:
            blocks += [_output(program, coupling, form, others, at) for at in ("before last", "last")]
        else:
            blocks.append(_output(program, coupling, form, others, "all"))
    return tuple(blocks) + tuple(weight_blocks(program, form, eliminated=False))


def _output(program: Program, coupling: AffineCoupling, form: Form, order: Order, at: At) -> Block:
    """The potentials of an output; a last step that has a block of its own is as published."""
    return Block(
        f"{coupling.name}.outputs" + ("[T]" if at == "last" else ""),
        "outputs",
        form,
        (coupling.name,),
        (coupling.potential,),
        (Quadratic(coupling.name, f"rho[{coupling.name}]"),),
        terms=tuple(t for t in program.losses if t.owner == coupling.name),
        order=order,
        at=at,
        kept=True,
        published=at == "last",
    )


def _spikes(
    program: Program, coupling: AffineCoupling, form: Form, order: Order, box: Box, linearised: frozenset[str]
) -> Block:
    assert coupling.spike is not None
    read = [c.name for c in program.couplings if any(m.source == coupling.name for m in c.maps)]
    resets = bool((coupling.dynamics.R != 0).any())
    couplings = dict.fromkeys(([coupling.name] if resets else []) + read)
    terms, by_gradient = spike_terms(program, coupling)
    return Block(
        f"{coupling.name}.spikes",
        "spikes",
        form,
        (coupling.name,),
        (coupling.spike,),
        tuple(Quadratic(n, f"rho[{n}]", n in linearised) for n in couplings),
        step="exact",
        terms=terms,
        by_gradient=by_gradient,
        order=order,
        box=box,
        kept=True,
    )


def _potentials(coupling: AffineCoupling, form: Form, order: Order) -> Block:
    own, name = (Quadratic(coupling.name, f"rho[{coupling.name}]"),), f"{coupling.name}.potentials"
    layers, variables = (coupling.name,), (coupling.potential,)
    return Block(name, "potentials", form, layers, variables, own, step="exact", order=order, kept=True)
