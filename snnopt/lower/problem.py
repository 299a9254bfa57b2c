"""Lowering of whole networks and problems."""

from __future__ import annotations

from typing import Literal

from snnopt.errors import ModelError
from snnopt.lower.cells import cells
from snnopt.lower.dynamics import lower_dynamics
from snnopt.lower.wiring import lower_path, lower_recurrent
from snnopt.model.connections import Connection, LearnedConnection
from snnopt.model.constraints import Constraint, SpikeBudget, cvx
from snnopt.model.losses import Loss
from snnopt.model.naming import Names, connection_names
from snnopt.model.network import Network
from snnopt.model.objective import ObjectiveTerm
from snnopt.model.penalties import SpikeCost
from snnopt.model.problem import Problem
from snnopt.model.signal import Population
from snnopt.program import AffineCoupling, Program, StepCoupling, Term, Variable


def lower_network(network: Network) -> Program:
    """Return the program of a network alone: variables and couplings, no terms."""
    stems = connection_names(network)
    couplings, variables = [], dict[str, Variable]()
    for p in network.populations:
        coupling, weights = _coupling(network, p, stems)
        couplings.append(coupling)
        for weight in weights:
            _add_weight(variables, weight)
        variables[coupling.potential] = Variable(coupling.potential, "potential", p.shape)
        if coupling.spike is not None:
            variables[coupling.spike] = Variable(coupling.spike, "spike", p.shape)
    return Program(
        inputs=tuple(Variable(network.names[i], "input", i.shape) for i in network.inputs),
        variables=tuple(variables.values()),
        couplings=tuple(couplings),
        steps=tuple(StepCoupling(c.name, c.potential, c.spike) for c in couplings if c.spike is not None),
        terms=(),
        outputs=tuple(network.names[o] for o in network.outputs),
        cells=cells(tuple(couplings)),
    )


def lower(problem: Problem) -> Program:
    """Return the program of a problem."""
    bare = lower_network(problem.network)
    terms = tuple(_term(problem.network, bare, scale, term, "penalty") for scale, term in problem.objective.scaled)
    terms += tuple(_term(problem.network, bare, 1.0, constraint, "constraint") for constraint in problem.constraints)
    return Program(bare.inputs, bare.variables, bare.couplings, bare.steps, terms, bare.outputs, bare.cells)


def _coupling(network: Network, p: Population, stems: dict[Connection, str]) -> tuple[AffineCoupling, list[Variable]]:
    name = network.names[p]
    lowered = []
    for path in network.current(p).paths:
        stem = None if path.learned is None else stems[path.learned]
        lowered.append(lower_path(path, network.names[path.source], p.shape, stem, f"layer {name!r}"))
    recurrent = p.neuron.recurrent_connection
    if isinstance(recurrent, LearnedConnection):
        lowered.append(lower_recurrent(recurrent, p.shape, name, stems[recurrent]))
    weights = []
    for m, shape in lowered:
        weights += [Variable(m.weight, "weight", shape)] if m.weight is not None else []
        weights += [Variable(m.bias, "bias", (m.channels,))] if m.bias is not None else []
    spike = f"{name}.spike" if p.neuron.spiking else None
    maps = tuple(m for m, _ in lowered)
    return AffineCoupling(name, p.size, p.shape, lower_dynamics(p, name), maps, f"{name}.potential", spike), weights


def _add_weight(variables: dict[str, Variable], weight: Variable) -> None:
    known = variables.setdefault(weight.name, weight)
    if known.shape != weight.shape:
        raise ModelError(
            f"shared weights {weight.name!r}",
            f"one use needs shape {known.shape}, another {weight.shape}",
            "share a connection only between signals of one shape, or make two connections",
        )


def _term(
    network: Network, program: Program, scale: float, term: object, role: Literal["penalty", "constraint"]
) -> Term:
    if isinstance(term, Loss):
        name = network.names[term.population]
        judged = program.by_name[name].spike if term.over == "count" else program.by_name[name].potential
        assert judged is not None
        return Term(term.kind, "loss", name, (judged,), scale, term.lowered_over)
    assert isinstance(term, ObjectiveTerm | Constraint)
    name, coupling = network.names[term.population], program.by_name[network.names[term.population]]
    parameters = term.parameters if isinstance(term, Constraint) else ()
    if isinstance(term, SpikeCost | SpikeBudget):
        assert coupling.spike is not None
        return Term(term.kind, role, name, (coupling.spike,), scale, None, parameters)
    weights = tuple(dict.fromkeys(m.weight for m in coupling.maps if m.weight is not None))
    if not weights:
        raise ModelError(
            f"term {term.formula(Names(network))}",
            f"layer {name!r} has no weights of its own",
            "put a connection before it, e.g. so.LIF(beta=0.9)(so.Dense(100)(x))",
        )
    build = term.build if isinstance(term, cvx) else None
    return Term(term.kind, role, name, weights, scale, None, parameters, build)
