"""Problems: a network, an objective, and constraints."""

from __future__ import annotations

from collections.abc import Iterable

from snnopt.errors import ModelError, shown
from snnopt.model.constraints import Constraint
from snnopt.model.losses.base import Loss
from snnopt.model.naming import Names
from snnopt.model.network import Network
from snnopt.model.objective import Objective, ObjectiveTerm, as_objective
from snnopt.model.printing import equations
from snnopt.model.signal import describe


class Problem:
    """Minimise an objective over a network's weights.

    Parameters
    ----------
    network : what is trained.
    objective : a sum of losses and penalties, at least one loss.
    constraints : on weights or spikes of the network's layers, e.g. ``[so.Box(h.weights, -1, 1)]``.

    Losses are means over samples; biases are neither penalised nor constrained.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective | ObjectiveTerm,
        constraints: Iterable[Constraint] | Constraint = (),
    ) -> None:
        if not isinstance(network, Network):
            raise ModelError(
                "Problem", f"its network is {shown(network)}", "pass so.Network(x, y) first, the objective second"
            )
        self.network = network
        self.objective = as_objective(objective)
        self.constraints = _constraints(constraints)
        self.names = Names(network)
        terms: list[ObjectiveTerm | Constraint] = [*(t for _, t in self.objective.scaled), *self.constraints]
        for term in terms:
            _check(self.names, network, term)
        if not any(isinstance(term, Loss) and scale > 0 for scale, term in self.objective.scaled):
            raise ModelError(
                "Problem", "its objective has no loss, so nothing ties the network to data", "add so.CrossEntropy(y)"
            )
        _check_weights(network)
        judged = network.upstream(term.population for _, term in self.objective.scaled if isinstance(term, Loss))
        for p in network.populations:
            if p not in judged:
                raise ModelError(
                    f"layer {network.names[p]!r}",
                    "no loss depends on it, so nothing would train it",
                    "add a loss on it, or leave it out of the network's outputs",
                )

    def __repr__(self) -> str:
        return f"Problem({self.objective.formula(self.names)} over {self.network!r})"

    def __str__(self) -> str:
        lines = [
            "minimise",
            f"    {self.objective.formula(self.names)}",
            f"over the weights of {self.network!r}",
            "subject to, for t = 1 .. T",
        ]
        for p in self.network.populations:
            lines += [f"    {line}" for line in equations(self.network, p)]
        if self.constraints:
            lines += ["and", *(f"    {c.formula(self.names)}" for c in self.constraints)]
        return "\n".join(lines)


def _constraints(given: object) -> tuple[Constraint, ...]:
    listed = [given] if isinstance(given, Constraint) or not isinstance(given, Iterable) else list(given)
    constraints = tuple(item for item in listed if isinstance(item, Constraint))
    for item in listed:
        if not isinstance(item, Constraint):
            raise ModelError("Problem", f"{shown(item)} is among its constraints", "use e.g. so.Box(h.weights, -1, 1)")
    return constraints


def _check_weights(network: Network) -> None:
    learned = (c.learned for p in network.populations for path in network.current(p).paths for c in path.connections)
    if not any(learned) and all(p.neuron.recurrent_connection is None for p in network.populations):
        raise ModelError(
            "Problem",
            "its network has no weights, so there is nothing to train",
            "put so.Dense(...) somewhere, e.g. so.LI(beta=0.9)(so.Dense(10)(x))",
        )


def _check(names: Names, network: Network, term: ObjectiveTerm | Constraint) -> None:
    population = term.population
    if population not in network.names:
        if population.name in network.by_name:
            raise ModelError(
                f"term {term.formula(names)}",
                f"{describe(population)} is not this network's layer of that name, but another object with the same name",
                "run the cells that make the layers, the network and the problem again, in this order",
            )
        raise ModelError(
            f"term {term.formula(names)}",
            f"{describe(population)} is not part of this network",
            f"use a layer of the network: {', '.join(network.names[p] for p in network.populations)}",
        )
    if isinstance(term, Loss) and population not in network.outputs:
        raise ModelError(
            f"term {term.formula(names)}",
            f"{names.layer(population)} is not an output of the network",
            "put the loss on an output, or add the layer to so.Network(inputs, outputs)",
        )
