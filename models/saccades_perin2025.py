"""The network of Perin, Bidini, Mazzieri and Rossi (arXiv 2505.05527) on event data: 2312-512-10, or smaller for a laptop.

Its data are N-MNIST; where that is not at hand, ``snnopt.data.saccade_digits`` stands in: scikit-learn's digits moved along
three saccades and turned into on and off events. The defaults are the laptop's size, 578-128-10 over 50 steps;
``models/saccades_published.py`` has the published one.

Measured, seeds 0, 1 and 2: 83.0, 82.0 and 68.0% test accuracy in some two seconds by the first command, with ``--seed``; a random
hidden layer with a ridge read-out reaches 84.5, 79.5 and 89.5%, more with two of the three.
The README's table of the published experiment has other losses, depths and algorithms.

    snnopt train models/saccades_perin2025.py
    snnopt train models/saccades_perin2025.py --algorithm perin2025 --epochs 200 --set rho=1 --set sigma=0.1
"""

from collections.abc import Sequence

import snnopt as so

DATA = "saccades"
PUBLISHED = {"size": 34, "hidden": (512,), "beta": 0.95}
"""Arguments of the published network; its data have 150 steps of 1 ms."""


def build(
    size: int = 17,
    hidden: Sequence[int] = (128,),
    beta: float = 0.95,
    threshold: float = 1.0,
    loss: str = "squared",
    over: str = "last",
) -> so.Problem:
    """On and off events of ``size`` x ``size`` pixels, LIF layers, 10 leaky integrators, squared error to one-hot labels.

    Parameters
    ----------
    size : pixels of the sensor along each side.
    hidden : neurons in each hidden layer, first to last.
    beta : membrane decay per step, published as delta = 0.95.
    threshold : firing threshold of the hidden layers.
    loss : ``"squared"``, as published, or ``"cross-entropy"``, which generalises better.
    over : what the loss sees, published as the last membrane potential; ``"mean"`` generalises better.
    """
    if loss not in ("squared", "cross-entropy"):
        raise ValueError(f"loss={loss!r}: write 'squared' or 'cross-entropy'")
    events = so.Input(2 * size**2, name="events")
    signal: so.Input | so.Population = events
    for k, units in enumerate(hidden, 1):
        name = "hidden" if len(hidden) == 1 else f"hidden{k}"
        signal = so.LIF(beta=beta, threshold=threshold, name=name)(so.Dense(units)(signal))
    readout = so.LI(beta=beta, name="readout")(so.Dense(10)(signal))
    network = so.Network(events, readout)
    if loss == "squared":
        return so.Problem(network, 2.0 * so.SquaredError(readout, over=over))
    return so.Problem(network, so.CrossEntropy(readout, over=over))
