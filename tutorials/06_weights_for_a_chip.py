# %% [markdown]
# # Weights for a chip
#
# Neuromorphic chips run spiking networks on little energy, and set limits: a weight has a few bits, and a neuron a few synapses.
# In snnopt these are *constraints* of the problem, which the weights that you get keep exactly. This tutorial trains digits
# under two of them, compares that with rounding afterwards, and takes the whole numbers out that a chip would be given.
#
#     .venv/bin/python tutorials/06_weights_for_a_chip.py picture.png        some five seconds; needs matplotlib, scikit-learn
#
# You need to know what a LIF neuron, a threshold and a read-out are (`tutorials/01_first_network.py`).

# %%
import argparse
import sys

import matplotlib.pyplot as plt
import numpy as np

import snnopt as so
from snnopt.report.baseline import random_hidden_baseline

parser = argparse.ArgumentParser(description="Train under a chip's limits, and beside it round afterwards.")
parser.add_argument("output", nargs="?", default="tutorial_06.png", help="the picture (default: tutorial_06.png)")
parser.add_argument("--samples", type=int, default=None, help="for training (default: all 1437)")
parser.add_argument("--fan-in", type=int, default=8, help="synapses into each hidden neuron at most (default: 8)")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## The limits, as constraints
#
# - `so.Grid(w, bits)`: fixed-point numbers. Each weight is a whole multiple of one number, the *scale* a of its layer:
#   W = a q, q in {-m, .., m}, m = 2^(bits-1) - 1. 4 bits are 15 levels; 2 bits are {-a, 0, a}, *ternary* weights.
# - `so.FanIn(w, k)`: at most k nonzero weights into each neuron (its *fan-in*).
#
# Biases stay free. Both sets are not *convex* (between two grid points lies no third), so there is no theory
# of the best solution to lean on; what helps is that the nearest point of each set is easy to find: the nearest level, and the k
# largest of a row. For both together: round each weight, then keep in each row those k that bring most. `explain` has the
# formula.


# %%
def network():
    pixels = so.Input(64, name="pixels")
    hidden = so.LIF(beta=0.9, name="hidden")(so.Dense(100)(pixels))
    readout = so.LI(beta=0.9, name="readout")(so.Dense(10)(hidden))
    return so.Network(pixels, readout), hidden, readout


net, hidden, readout = network()
free = so.Problem(net, so.CrossEntropy(readout))


def limited(bits):
    chip = [so.Grid(hidden.weights, bits), so.FanIn(hidden.weights, args.fan_in), so.Grid(readout.weights, bits)]
    return so.Problem(net, so.CrossEntropy(readout), chip)


plan = so.compile(limited(4), "online")
print(next(part for part in plan.explain().split("\n\n") if part.startswith("hidden: copy")), "\n")

# %% [markdown]
# ## How training keeps them
#
# A *copy* V of the weights W keeps the constraint: V is the point of the set that is nearest to W, and the network is run forward
# with V from the first step on. W itself stays free, and adds up the small steps that training makes, until one of them is
# enough to carry a weight across the gap to the next level. Rounding only at the end, on the other hand, moves all weights
# at once, and nothing has been trained to bear it.
#
# Three ways, each scored on test images by running the network forward with the weights in question:
#
# - *trained under it*;
# - *afterwards*: trained freely, then moved to the nearest point;
# - *random*: random hidden weights, free, with a fitted read-out: what training of the hidden layer has to beat.

# %%
d = so.data.digits(samples=args.samples)
data = {"timesteps": 10, "seed": 0}
free_result = so.compile(free, "online").solve(d.X_train, d.y_train, **data)
baseline = random_hidden_baseline(free, d.X_train, d.y_train, d.X_test, d.y_test, timesteps=10)


def nearest(weights, bits):
    """The free weights, made to obey as simply as can be: the largest of each row, then the nearest level."""
    out = dict(weights)
    for name in ("hidden.weight", "readout.weight"):
        w = np.array(weights[name], np.float64)
        if name == "hidden.weight":
            cut = np.sort(np.abs(w), axis=1)[:, -args.fan_in, None]
            w = np.where(np.abs(w) >= cut, w, 0)
        held = np.abs(w[w != 0]).mean()
        m = 2 ** (bits - 1) - 1
        scales = held * np.linspace(0.2, 3, 57) / m  # the best of many scales, in its favour
        rounded = [a * np.clip(np.round(w / a), -m, m) for a in scales]
        out[name] = min(rounded, key=lambda v, w=w: float(((v - w) ** 2).sum()))
    return out


def accuracy(weights):
    trace = so.simulate(net, weights, d.X_test, timesteps=10)
    return float(np.mean(trace["readout"].potentials.mean(0).argmax(1) == d.y_test))


print(f"free weights: {accuracy(free_result.weights):.1%}; random hidden layer: {baseline.test:.1%}")
print(f"with at most {args.fan_in} synapses into each hidden neuron:")
print("bits   trained under it   afterwards")
chips = {}
for bits in (4, 3, 2):
    chips[bits] = so.compile(limited(bits), "online").solve(d.X_train, d.y_train, **data)
    print(f"{bits:4} {accuracy(chips[bits].weights):18.1%} {accuracy(nearest(free_result.weights, bits)):12.1%}")
print()

# %% [markdown]
# ## The whole numbers
#
# The scale is the greatest number of which all weights are whole multiples; then a chip is given q, and the scale goes into
# the threshold: v > theta is the same as v/a > theta/a. The spikes must be the same, which running both shows.

# %%


def whole(w, m):
    """q and a with W = a q. The least step between levels is a multiple of a, so a is tried as each part of it."""
    levels = np.unique(np.abs(w).astype(np.float64))
    top = levels[-1]
    for k in range(1, m + 1):
        q = w / (top / k)
        if np.abs(q - np.round(q)).max() < 1e-4:
            return np.round(q).astype(np.int8), top / k
    raise AssertionError("no whole multiples")


counts = {}
for bits, result in chips.items():
    m = 2 ** (bits - 1) - 1
    q, a = whole(result.weights["hidden.weight"], m)
    counts[bits] = q
    most = (q != 0).sum(1).max()
    print(
        f"{bits} bits: hidden weights {q.min()}..{q.max()} times {a:.4f}, {np.count_nonzero(q)} synapses of {q.size}, "
        f"at most {most} a neuron"
    )

bits = 4
q, a = whole(chips[bits].weights["hidden.weight"], 2 ** (bits - 1) - 1)
pixels = so.Input(64, name="pixels")
scaled = so.LIF(beta=0.9, threshold=1.0 / a, name="hidden")(so.Dense(100)(pixels))
on_chip = so.Network(pixels, scaled)
b = np.asarray(chips[bits].weights["hidden.bias"], np.float64)
chip = so.simulate(on_chip, {"hidden.weight": q.astype(np.float64), "hidden.bias": b / a}, d.X_test, timesteps=10)
ours = so.simulate(net, {n: np.asarray(w, np.float64) for n, w in chips[bits].weights.items()}, d.X_test, timesteps=10)
differ = np.mean(chip["hidden"].spikes != ours["hidden"].spikes)
print(f"spikes that differ between whole numbers and weights, {bits} bits: {differ:.4%}\n")

# %% [markdown]
# (A spike may differ where a potential lies within a rounding error of the threshold.) `models/digits_chip.py` is this network as
# a model file, for `snnopt train`. Other limits: `so.Cardinality` (synapses in all), `so.Box` (bounds), `so.Sign` (excitatory or
# inhibitory), `so.SpikeBudget` (spikes a neuron and step).

# %%
figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
w = np.asarray(free_result.weights["hidden.weight"])
axes[0].hist(w.ravel(), bins=61, color="#bbbbbb")
axes[0].set(title="free hidden weights", xlabel="weight", ylabel="synapses")
values, numbers = np.unique(counts[4][counts[4] != 0], return_counts=True)
axes[1].bar(values, numbers, color="#0072B2")
axes[1].set(title=f"4 bits, {args.fan_in} synapses a neuron", xlabel="q, without zeros", ylabel="synapses")
used = np.abs(counts[4]).sum(0).reshape(8, 8)
shown = axes[2].imshow(used, cmap="Greys")
axes[2].set(title="sum of |q| from each pixel", xticks=(), yticks=())
figure.colorbar(shown, ax=axes[2], shrink=0.8)
for ax in axes[:2]:
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig(args.output, dpi=110)
print(f"Figure: {args.output}")
