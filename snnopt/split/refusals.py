"""What a sweep of blocks cannot hold, refused by name before anything is split."""

from __future__ import annotations

from snnopt.errors import CompileError
from snnopt.program import Program


def check_splittable(program: Program) -> None:
    """Refuse what no block of such a sweep would hold."""
    for coupling in program.couplings:
        for m in coupling.maps:
            source = program.by_name.get(m.source)
            if source is not None and not source.dynamics.spiking and program.judged(source.name):
                raise CompileError(
                    f"layer {source.name!r}",
                    f"it is judged by a loss and also feeds layer {coupling.name!r}, and no block holds both",
                    "give the loss a read-out of its own, e.g. so.LI(beta=0.9)(so.Dense(10)(h))",
                )
    targets: dict[str, list[str]] = {}
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.weight is not None:
                targets.setdefault(m.weight, []).append(coupling.name)
    for weight, layers in targets.items():
        judged = [n for n in layers if program.judged(n) and not program.by_name[n].dynamics.spiking]
        others = [n for n in layers if n not in judged]
        if judged and others:
            raise CompileError(
                f"shared weights {weight!r}",
                f"read-out {judged[0]!r} and layer {others[0]!r} use them, and no block holds a loss beside a step",
                "give the read-out a connection of its own",
            )
