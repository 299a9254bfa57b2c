"""Blocks: the subproblem left when all variables but one are frozen, in normal form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from snnopt.program import AffineCoupling, LinearMap, Program, Term
from snnopt.split.refusals import check_splittable

Form = Literal["trace", "difference"]
Kind = Literal["weights", "spikes", "potentials", "readout"]
StepRule = Literal["none", "exact", "dithered", "linearised"]


@dataclass(frozen=True, eq=False)
class WeightUse:
    """One place where a group of weights acts: the maps into one population that are solved for together."""

    target: AffineCoupling
    maps: tuple[LinearMap, ...]


@dataclass(frozen=True)
class Quadratic:
    """``penalty/2 ||residual||^2`` of one coupling, sum over time, mean over samples."""

    coupling: str
    penalty: str


@dataclass(frozen=True, eq=False)
class Block:
    """``minimise  quadratics + demand (linear) + step + prox terms`` over ``variables``.

    Attributes
    ----------
    name : the user's layer name and the kind, e.g. ``"hidden.weights"``.
    kind : which word of a sweep updates it.
    quadratics : the penalised couplings that the variables take part in.
    linear : whether other couplings enter by their gradient (a linearised block).
    step : how the step coupling is treated.
    proximal : whether a term ``penalty mu/2 ||W - W_0||^2`` keeps the block near its last value.
    terms : losses, penalties and constraints on the variables.
    uses : for weights, the populations that they feed.
    priced : terms linear in the spikes; their gradient, a constant, is part of the demand.
    """

    name: str
    kind: Kind
    form: Form
    layers: tuple[str, ...]
    variables: tuple[str, ...]
    quadratics: tuple[Quadratic, ...]
    linear: bool = False
    step: StepRule = "none"
    proximal: bool = False
    terms: tuple[Term, ...] = ()
    uses: tuple[WeightUse, ...] = ()
    priced: tuple[Term, ...] = ()


def split(program: Program, step: StepRule) -> tuple[Block, ...]:
    """Split a program into the blocks of a trace-form sweep that starts from a rollout, backward from the output.

    Under the exact step rule spikes are a block of their own, ``a = s + da/sigma``; under the dithered one they are a
    function of the potentials, and the demand enters there. Read-out potentials are eliminated with their coupling
    (they are its right-hand side), so a read-out block holds its loss and its weights. Weights used in several places,
    and maps whose positions share weights, are groups of their own; all other maps into one population are solved for
    together.
    """
    check_splittable(program)
    blocks: list[Block] = []
    groups = weight_groups(program)
    for coupling in reversed(program.couplings):
        name = coupling.name
        if coupling.dynamics.spiking:
            dynamics = (Quadratic(name, f"rho[{name}]"),)
            on_spikes = tuple(t for t in program.terms if t.role != "loss" and coupling.spike in t.variables)
            priced = tuple(t for t in on_spikes if t.kind == "spike_cost")
            if step == "exact":
                a_block = (f"{name}.spike",)
                blocks.append(
                    Block(
                        f"{name}.spikes",
                        "spikes",
                        "trace",
                        (name,),
                        a_block,
                        (),
                        linear=True,
                        step="linearised",
                        priced=priced,
                    )
                )
            variables = (coupling.potential,)
            blocks.append(
                Block(
                    f"{name}.potentials",
                    "potentials",
                    "trace",
                    (name,),
                    variables,
                    dynamics,
                    linear=step != "exact",
                    step=step,
                    terms=tuple(t for t in on_spikes if t not in priced),
                    priced=() if step == "exact" else priced,
                )
            )
    for uses in groups:
        layers = tuple(dict.fromkeys(u.target.name for u in uses))
        weights = tuple(dict.fromkeys(n for u in uses for m in u.maps for n in (m.weight, m.bias) if n is not None))
        losses = tuple(t for t in program.losses if t.owner in layers and not program.by_name[t.owner].dynamics.spiking)
        penalties = tuple(t for t in program.terms if t.role != "loss" and set(t.variables) & set(weights))
        kind: Kind = "readout" if losses else "weights"
        blocks.append(
            Block(
                f"{'+'.join(layers)}.{kind}",
                kind,
                "trace",
                layers,
                weights,
                () if losses else tuple(Quadratic(n, f"rho[{n}]") for n in layers),
                proximal=True,
                terms=losses + penalties,
                uses=uses,
            )
        )
    return tuple(blocks)


def weight_groups(program: Program) -> tuple[tuple[WeightUse, ...], ...]:
    """Group learned maps by what one solve can hold, last layer first."""
    count: dict[str, int] = {}
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.weight is not None:
                count[m.weight] = count.get(m.weight, 0) + 1
    groups: dict[tuple[object, ...], list[WeightUse]] = {}
    for coupling in reversed(program.couplings):
        together: dict[tuple[object, ...], list[LinearMap]] = {}
        for k, m in enumerate(coupling.maps):
            if m.weight is None:
                continue
            if count[m.weight] > 1:
                together[("shared", m.weight, k)] = [m]
            else:
                together.setdefault(("own", coupling.name, m.positions, m.channels), []).append(m)
        for key, maps in together.items():
            final = key[:2] if key[0] == "shared" else key
            groups.setdefault(final, []).append(WeightUse(coupling, tuple(maps)))
    return tuple(tuple(g) for g in groups.values())
