# %% [markdown]
# # Weights for a chip
#
# Neuromorphic chips run spiking networks on little energy, and set limits: a weight has a few bits, and a neuron a few synapses.
# In snnopt these are *constraints* of the problem, which the weights that you get keep exactly. This tutorial trains digits
# under them, compares that with rounding afterwards, takes the whole numbers out that a chip would be given, and counts what the
# network then costs.
#
#     .venv/bin/python tutorials/06_weights_for_a_chip.py picture.png        some five seconds; needs matplotlib, scikit-learn
#
# The words, for those who know one of the two fields (`tutorials/01_first_network.py` goes through a run slowly):
#
# - A *LIF neuron* has a *potential* v, of which it keeps the share beta at each time step; it adds its weighted inputs and a
#   *bias* to it. Where v is above the *threshold* theta the neuron sends a *spike*, and theta is subtracted. A connection from
#   one input to one neuron, with its weight, is a *synapse*. The *read-out* adds up without spiking, and its largest potential,
#   averaged over time, is the answer.
# - A *constraint* is a condition that weights must satisfy. The *projection* of a matrix C onto a set is the point V of the set
#   that is nearest to it, that of least sum of squares of C - V.

# %%
import argparse
import itertools
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
# - `so.Cardinality(w, k)`: at most k nonzero weights in the whole layer.
# - `so.SpikeBudget(layer, rate)`: at most so many spikes a neuron and step, mean over the training set. The other three are about
#   weights, this one is about what the network does.
#
# Biases stay free. No set of the first three is *convex* (a point halfway between two of its own need not be in it), so there
# is no theory of the best solution to lean on; what helps is that their projections are formulas:
#
# - Grid: each weight alone, v = a clip(round(c/a), -m, m). The scale a is not searched for: it follows the weights, as
#   2.5 mean|c| / m, or 1.3 mean|c| at 2 bits.
# - FanIn: v = c for the k largest |c| of each row, 0 for others. Cardinality: the same for the whole matrix.
# - Grid and FanIn: first p, the nearest level to c. Keeping p in place of 0 lessens the square (c - v)^2 by
#   c^2 - (c - p)^2 = p (2c - p), whatever else is kept; so keep the k of each row that lessen it most.
#
# The last one below, against all permitted rows there are, one by one:


# %%
def projection(C, scale=None, bits=None, fan_in=None, cardinality=None):
    """The point nearest to C with levels scale * {-m, .., m}, so many nonzero in each row, and so many in all."""
    p = C
    if bits is not None:
        m = 2 ** (bits - 1) - 1
        p = scale * np.clip(np.round(C / scale), -m, m)
    lessened = p * (2 * C - p)
    for k, rows in ((fan_in, lessened), (cardinality, lessened.reshape(1, -1))):
        if k is not None:
            ranks = (-rows).argsort(1, kind="stable").argsort(1, kind="stable")
            p = np.where((ranks < k).reshape(C.shape), p, 0)
    return p


rng = np.random.default_rng(0)
levels = 0.3 * np.arange(-3, 4)
rows = np.array([row for row in itertools.product(levels, repeat=5) if np.count_nonzero(row) <= 2])
gaps = []
for _ in range(50):
    c = rng.normal(size=(1, 5))
    found = projection(c, scale=0.3, bits=3, fan_in=2)
    assert np.count_nonzero(found) <= 2
    gaps.append(float(((c - found) ** 2).sum() - ((c - rows) ** 2).sum(1).min()))
print(f"formula against {len(rows)} rows, 50 times: its square is larger by at most {max(gaps):.1e}\n")

# %% [markdown]
# The compiler finds the same formula for this problem, the *block* of the copy in `explain`:


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
# Each of these is scored on test images by running the network forward with the weights in question:
#
# - *trained under it*;
# - *afterwards*: trained freely, then projected, by the best of many scales;
# - *read-out again*: the same, but then the read-out is fitted anew to what the projected hidden layer does (by least squares)
#   and projected itself: what remains to be gained without training the hidden layer under its constraint;
# - *random*: random hidden weights, free, with a fitted read-out: what training of the hidden layer has to beat.

# %%
d = so.data.digits(samples=args.samples)
data = {"timesteps": 10, "seed": 0}
free_result = so.compile(free, "online").solve(d.X_train, d.y_train, **data)
baseline = random_hidden_baseline(free, d.X_train, d.y_train, d.X_test, d.y_test, timesteps=10)


def nearest(w, **limits):
    """The projection of free weights; on a grid, by the best of many scales."""
    w = np.asarray(w, np.float64)
    if "bits" not in limits:
        return projection(w, **limits)
    top = np.abs(w).max() / (2 ** (limits["bits"] - 1) - 1)
    return min(
        (projection(w, a, **limits) for a in top * np.geomspace(0.05, 1, 60)), key=lambda v: ((v - w) ** 2).sum()
    )


def afterwards(hidden_limits, readout_limits):
    """Free weights projected, and these with a read-out solved anew, projected too."""
    cut = dict(free_result.weights)
    cut["hidden.weight"] = nearest(cut["hidden.weight"], **hidden_limits)
    cut["readout.weight"] = nearest(cut["readout.weight"], **readout_limits)
    spikes = so.simulate(net, cut, d.X_train, timesteps=10)["hidden"].spikes
    kernel = (1 - 0.9 ** np.arange(10, 0, -1)) / 0.1 / 10  # of a spike at step t in the read-out's mean potential
    x = np.column_stack([np.einsum("t,tnj->nj", kernel, spikes), np.full(len(d.y_train), kernel.sum())])
    gram = x.T @ x
    w = np.linalg.solve(gram + 1e-3 * np.trace(gram) / len(gram) * np.eye(len(gram)), x.T @ np.eye(10)[d.y_train])
    again = cut | {"readout.weight": nearest(w[:-1].T, **readout_limits), "readout.bias": w[-1]}
    return cut, again


def accuracy(weights):
    trace = so.simulate(net, weights, d.X_test, timesteps=10)
    return float(np.mean(trace["readout"].potentials.mean(0).argmax(1) == d.y_test))


print(f"free weights: {accuracy(free_result.weights):.1%}; random hidden layer: {baseline.test:.1%}")
print(f"with at most {args.fan_in} synapses into each hidden neuron:")
print("bits   trained under it   afterwards   read-out again")
chips = {}
for bits in (4, 3, 2):
    chips[bits] = so.compile(limited(bits), "online").solve(d.X_train, d.y_train, **data)
    cut, again = afterwards({"bits": bits, "fan_in": args.fan_in}, {"bits": bits})
    print(f"{bits:4} {accuracy(chips[bits].weights):18.1%} {accuracy(cut):12.1%} {accuracy(again):16.1%}")
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
# a model file, for `snnopt train`.
#
# ## Fewer synapses in all, fewer spikes, and what they cost
#
# A chip's work is mostly *synaptic operations*: each time a spike arrives at a synapse whose weight is not zero, the weight is
# added to a potential (an *accumulate*). An input that is a number, such as a pixel, takes a multiplication too (a
# *multiply-accumulate*). `so.metrics` counts both on test images, and the *footprint*, the bytes that the network takes: weights
# (b/8 bytes each on a grid of b bits, zeros included, else 4), biases, and the neurons' states.
#
# Cardinality lessens operations by zeros, a spike budget by silence. A budget has no projection: while training runs, a spike
# has a price, which rises while the layer fires above its budget and falls below it (*dual ascent*: the price is the
# constraint's multiplier). Here the budget is half of the rate that free training ends with. *Afterwards* is then one shift of
# all biases, the least with which training images are within the budget.


# %%
def fired(weights):
    """Spikes a hidden neuron and step, mean over training images."""
    return float(so.simulate(net, weights, d.X_train, timesteps=10)["hidden"].spikes.mean())


synapses, rate = 640, fired(free_result.weights) / 2  # a tenth of the 6400
sparse = so.Problem(net, so.CrossEntropy(readout), [so.Cardinality(hidden.weights, synapses)])
quiet = so.Problem(net, so.CrossEntropy(readout), [so.SpikeBudget(hidden, rate)])
low, high = 0.0, 10.0
for _ in range(12):  # bisection
    middle = (low + high) / 2
    shifted = dict(free_result.weights) | {"hidden.bias": free_result.weights["hidden.bias"] - middle}
    low, high = (middle, high) if fired(shifted) > rate else (low, middle)
shifted["hidden.bias"] = free_result.weights["hidden.bias"] - high

tried = {"free": (free, free_result.weights, None)}
tried[f"4 bits, FanIn {args.fan_in}"] = (
    limited(4),
    chips[4].weights,
    afterwards({"bits": 4, "fan_in": args.fan_in}, {"bits": 4})[0],
)
tried[f"Cardinality {synapses}"] = (
    sparse,
    so.compile(sparse, "online").solve(d.X_train, d.y_train, **data).weights,
    afterwards({"cardinality": synapses}, {})[0],
)
tried["SpikeBudget, half"] = (quiet, so.compile(quiet, "online").solve(d.X_train, d.y_train, **data).weights, shifted)
print("                     accuracy              operations an image                 synapses")
print("                     trained  afterwards   accumulates  multiply-acc.   spikes   not zero    bytes")
for name, (problem, weights, after) in tried.items():
    run = so.metrics.trial(problem, d.X_test, weights=weights, timesteps=10)
    cost, size = so.metrics.synaptic_operations(run), so.metrics.footprint(run)
    kept = np.count_nonzero(weights["hidden.weight"])
    then = "-" if after is None else f"{accuracy(after):.1%}"
    print(
        f"{name:20} {accuracy(weights):7.1%} {then:>11} {cost.effective_acs:13,.0f} {cost.effective_macs:14,.0f} "
        f"{fired(weights):8.2%} {kept:10,} {size.total:8,.0f}"
    )
print(f"random hidden layer  {baseline.test:7.1%}; budget: {rate:.2%}\n")

# %% [markdown]
# Spikes are those of training images, which the budget is about. Accumulates are into the read-out, multiply-accumulates out of
# pixels, at every step. A budget leaves the latter as they are; zeros among the hidden weights save them. The footprint counts
# zeros, as NeuroBench's measure of that name does: only a chip that stores sparse matrices saves bytes by them. Other limits:
# `so.Box` (bounds) and `so.Sign` (excitatory or inhibitory).

# %%
figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
w = np.asarray(free_result.weights["hidden.weight"])
axes[0].hist(w.ravel(), bins=61, color="#bbbbbb")
axes[0].set(title="free hidden weights", xlabel="weight", ylabel="synapses")
values, numbers = np.unique(counts[4][counts[4] != 0], return_counts=True)
axes[1].bar(values, numbers, color="#0072B2")
axes[1].set(
    title=f"4 bits, {args.fan_in} synapses a neuron",
    xlabel="q, without zeros",
    ylabel="synapses",
    xticks=range(-7, 8, 2),
)
used = np.abs(counts[4]).sum(0).reshape(8, 8)
shown = axes[2].imshow(used, cmap="Greys")
axes[2].set(title="sum of |q| from each pixel", xticks=(), yticks=())
figure.colorbar(shown, ax=axes[2], shrink=0.8)
for ax in axes[:2]:
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig(args.output, dpi=110)
print(f"Figure: {args.output}")
