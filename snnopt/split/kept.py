"""Program to the blocks of an ADMM whose potentials, spikes and scaled duals are kept from iteration to iteration."""

from __future__ import annotations

from snnopt.program import AffineCoupling, Program, Term
from snnopt.split.blocks import Block, Box, Form, Order, Quadratic
from snnopt.split.refusals import check_keepable
from snnopt.split.uses import WeightUse, columns, weight_groups


def split_kept(program: Program, form: Form, order: Order = "together", box: Box = "none") -> tuple[Block, ...]:
    """Split a program into weights, spikes and potentials of each layer, and potentials of each output.

    The augmented Lagrangian, sums over time and means over samples, with H the step function and every e (or r) the
    residual of a layer's dynamics in the given form::

        losses(v_L) + penalties(W) + sum_l rho_l/2 ||e_l + u_l||^2 + sum_{l<L} sigma_l/2 ||a_l - H(v_l - theta) + w_l||^2

    Spikes take part in the dynamics of every layer that they feed, their own among them (reset, recurrence). Weights that a
    constraint or a penalty beyond L2 is on have a copy, on which it acts.
    """
    check_keepable(program, form)
    blocks: list[Block] = []
    for coupling in reversed(program.couplings):
        if coupling.dynamics.spiking:
            blocks += [_spikes(program, coupling, form, order, box), _potentials(coupling, form, order)]
        else:
            losses = tuple(t for t in program.losses if t.owner == coupling.name)
            own = (Quadratic(coupling.name, f"rho[{coupling.name}]"),)
            name, variables = f"{coupling.name}.outputs", (coupling.potential,)
            blocks.append(Block(name, "outputs", form, (coupling.name,), variables, own, terms=losses, order=order))
    for uses in weight_groups(program):
        blocks += _weights(program, uses, form)
    return tuple(blocks)


def _spikes(program: Program, coupling: AffineCoupling, form: Form, order: Order, box: Box) -> Block:
    assert coupling.spike is not None
    read = [c.name for c in program.couplings if any(m.source == coupling.name for m in c.maps)]
    resets = bool((coupling.dynamics.R != 0).any())
    couplings = dict.fromkeys(([coupling.name] if resets else []) + read)
    on_spikes = tuple(t for t in program.terms if coupling.spike in t.variables)
    by_gradient = tuple(t for t in on_spikes if t.kind == "spike_cost" or t.role == "loss")
    return Block(
        f"{coupling.name}.spikes",
        "spikes",
        form,
        (coupling.name,),
        (coupling.spike,),
        tuple(Quadratic(n, f"rho[{n}]") for n in couplings),
        step="exact",
        terms=tuple(t for t in on_spikes if t not in by_gradient),
        by_gradient=by_gradient,
        order=order,
        box=box,
    )


def _potentials(coupling: AffineCoupling, form: Form, order: Order) -> Block:
    own, name = (Quadratic(coupling.name, f"rho[{coupling.name}]"),), f"{coupling.name}.potentials"
    layers, variables = (coupling.name,), (coupling.potential,)
    return Block(name, "potentials", form, layers, variables, own, step="exact", order=order)


def _weights(program: Program, uses: tuple[WeightUse, ...], form: Form) -> list[Block]:
    layers = tuple(dict.fromkeys(u.target.name for u in uses))
    variables = tuple(n for c in columns(uses) for n in (c.weight, c.bias) if n is not None)
    penalties = tuple(t for t in program.terms if t.role != "loss" and set(t.variables) & set(variables))
    smooth: tuple[Term, ...] = tuple(t for t in penalties if t.kind == "l2")
    other = tuple(t for t in penalties if t not in smooth)
    quadratics = tuple(Quadratic(n, f"rho[{n}]") for n in layers)
    stem = "+".join(layers) if len(columns(uses)) == 0 else columns(uses)[0].weight.removesuffix(".weight")
    name = f"{stem}.weights"
    weights = Block(name, "weights", form, layers, variables, quadratics, proximal=True, terms=smooth, uses=uses)
    if not other:
        return [weights]
    return [weights, Block(f"{stem}.copy", "copy", form, layers, (), (), terms=other, uses=uses)]
