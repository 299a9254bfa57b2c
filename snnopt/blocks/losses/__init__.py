"""The table of loss functions, by the kind that a loss term carries."""

from snnopt.blocks.losses.base import LossFunction
from snnopt.blocks.losses.cross_entropy import CrossEntropyFunction
from snnopt.blocks.losses.hinge import HingeFunction
from snnopt.blocks.losses.squared_error import SquaredErrorFunction

LOSS_FUNCTIONS: dict[str, LossFunction] = {
    "cross_entropy": CrossEntropyFunction(),
    "squared_error": SquaredErrorFunction(),
    "hinge": HingeFunction(),
}
"""What solvers know of each loss, by the name of its terms."""

__all__ = ["LOSS_FUNCTIONS", "LossFunction"]
