"""Model to program: neuron equations to linear state space, connections to linear maps."""

from snnopt.lower.problem import lower, lower_network

__all__ = ["lower", "lower_network"]
