"""What a sweep of blocks cannot hold, refused by name before anything is split."""

from __future__ import annotations

from snnopt.errors import CompileError
from snnopt.program import AffineCoupling, LinearMap, Program


def check_splittable(program: Program) -> None:
    """Refuse what no block of such a sweep would hold."""
    for term in program.losses:
        owner, where = program.by_name[term.owner], f"layer {term.owner!r}, term {term.name}"
        example = "e.g. so.LI(beta=0.9)(so.Dense(10)(h))"
        if owner.dynamics.spiking:
            raise CompileError(
                where, "no block takes a loss on spikes yet", f"end the network in a read-out, {example}"
            )
        if not any(m.learned for m in owner.maps):
            raise CompileError(where, "the layer has no weights to solve for", f"put a connection before it, {example}")
        if not all(m.learned for m in owner.maps):
            fix = "give every path into the read-out a connection of its own, e.g. so.Dense(10)"
            raise CompileError(where, "a part of the read-out's current has no weights", fix)
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.source in program.by_name and not program.by_name[m.source].dynamics.spiking:
                raise CompileError(
                    f"layer {m.source!r}",
                    f"it does not spike but feeds layer {coupling.name!r}, and demands do not pass through it yet",
                    "make it a spiking layer such as so.LIF(beta=0.9)",
                )
    for name, uses in _shared(program).items():
        _check_shared(name, uses)


def _shared(program: Program) -> dict[str, list[tuple[AffineCoupling, LinearMap]]]:
    """Weights used more than once, and where."""
    uses: dict[str, list[tuple[AffineCoupling, LinearMap]]] = {}
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.weight is not None:
                uses.setdefault(m.weight, []).append((coupling, m))
    return {name: where for name, where in uses.items() if len(where) > 1}


def _check_shared(name: str, uses: list[tuple[AffineCoupling, LinearMap]]) -> None:
    layers = [c.name for c, _ in uses]
    where = f"shared weights {name!r} (layers {', '.join(map(repr, dict.fromkeys(layers)))})"
    if len(set(layers)) < len(layers):
        fix = "give each of the layer's connections its own weights; sharing works between layers"
        raise CompileError(where, "one layer uses them twice, and no closed form takes that yet", fix)
    if len({m.bias for _, m in uses}) > 1:
        raise CompileError(
            where, "only some of their uses have a bias", "share it with bias=False, or make two connections"
        )
    if not all(c.dynamics.uniform for c, _ in uses):
        fix = "give these layers one time constant each, or make two connections"
        raise CompileError(where, "a layer that shares them has different time constants per neuron", fix)
