# %% [markdown]
# # To other frameworks, and back
#
# A trained network should not be locked into the tool that trained it. *NIR*, the Neuromorphic Intermediate Representation, is
# a file format for spiking networks that several frameworks and chips read. This tutorial writes a trained network as NIR, shows
# what a reader of the file will compute and where that is *not* what was trained, and gets the network back to the last bit.
#
#     .venv/bin/python tutorials/08_to_other_frameworks.py network.nir      some seconds; needs nir, scikit-learn
#
# (`pip install "snnopt[nir,data]"`.) The words, for those who know one of the two fields:
#
# - A *LIF neuron* has a *membrane potential* v. At each step t it keeps the share beta of it (the *decay*), adds its weighted
#   input, and where v is above the *threshold* theta it sends a *spike* s = 1. What happens to v then is the *reset*. Here,
#   theta is subtracted at the next step:
#
#       v[t] = beta v[t-1] + W input[t] + b - theta s[t-1],   s[t] = H(v[t] - theta),   H the step function.
#
#   A *LI neuron* only integrates; the network's answer is read from its potential.
# - To *train* is to solve an optimisation problem for the *weights* W and *biases* b. snnopt does it without a gradient
#   through H. Tutorial 01 goes through such a run.

# %%
import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import nir
import numpy as np

import snnopt as so
from snnopt.report.baseline import random_hidden_baseline

parser = argparse.ArgumentParser(
    description="Write a trained network as NIR, see what changes there, and read it back."
)
parser.add_argument("output", nargs="?", default="tutorial_08.nir", help="the file (default: tutorial_08.nir)")
parser.add_argument("--samples", type=int, default=1437, help="digits for training (default: 1437, all there are)")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## A trained network
#
# Digits of 8 x 8 pixels, each shown for 10 steps. The accuracy is that of the weights run forward; beside it stands the
# network's random weights at the start with only the read-out fitted, by ridge regression.

# %%
x = so.Input(64, name="pixels")
hidden = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(100)(x))
readout = so.LI(beta=0.9, name="readout")(so.Dense(10)(hidden))
problem = so.Problem(so.Network(x, readout), so.CrossEntropy(readout) + 1e-3 * so.L2(hidden.weights))
d = so.data.digits(samples=args.samples)
result = so.compile(problem, "online").solve(d.X_train, d.y_train, timesteps=10, seed=0)
baseline = random_hidden_baseline(problem, d.X_train, d.y_train, d.X_test, d.y_test, timesteps=10, seed=0)
print(f"Test accuracy {result.score(d.X_test, d.y_test):.1%} (random hidden + ridge: {baseline.test:.1%}).\n")

# %% [markdown]
# ## The reset is in the way
#
# NIR describes neurons by differential equations, in seconds: a LIF node is
#
#     tau dv/dt = v_leak - v + r i,    and where v passes v_threshold, v is set to v_reset.
#
# The first part is ours: over a time step dt, by *Euler's method* (the derivative taken as constant over the step), v[t] = (1
# - dt/tau) v[t-1] + (dt/tau) r i[t], so that tau = dt / (1 - beta). The second is not. To *set* v to v_reset forgets by how
# much v was above the threshold; to *subtract* theta keeps it. Such a neuron spikes differently, and nothing in NIR says
# "subtract". So the export is refused, unless you say what you want.

# %%
try:
    so.to_nir(result)
except so.CompileError as error:
    print(f"CompileError: {error}\n")

# %% [markdown]
# ## With a warning: for importers
#
# `on_reset_mismatch="warn"` writes LIF nodes all the same. It asks for data and runs them both ways, with our reset and with
# a reset to zero (the *replay*), and warns with the share of spikes that change: of all places (neuron, step, sample) where
# one of the two spikes, those where the other does not. The graph's metadata keep the text.
#
# (Here the warning is caught and printed. Run as `python -W error`, a script would end at it, and that may be what you want.)

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    graph = so.to_nir(result, dt=1e-4, on_reset_mismatch="warn", data=d.X_test)
for each in caught:
    print(f"{each.category.__name__}: {each.message}\n")

nodes = {name: type(node).__name__ for name, node in graph.nodes.items()}
print("Nodes:", ", ".join(f"{name} ({kind})" for name, kind in nodes.items()))
print("Edges:", ", ".join(f"{a} -> {b}" for a, b in graph.edges))
lif = graph.nodes["hidden"]
tau, threshold, reset = (float(values[0]) for values in (lif.tau, lif.v_threshold, lif.v_reset))
print(
    f"Of 'hidden': tau = {tau * 1e3:g} ms, v_threshold = {threshold:g}, v_reset = {reset:g}, r = {float(lif.r[0]):g}."
)
print(
    f"Back to a decay: 1 - dt/tau = {1 - graph.metadata['dt'] / tau:g} = {so.beta_from_tau(tau, 1e-4, method='euler'):g}.\n"
)

# %% [markdown]
# Importers take r = 1 and multiply the current by dt/tau themselves, so the file holds W / (1 - beta), ten times ours:

# %%
ours, theirs = result.weights["hidden.weight"], graph.nodes["hidden.weight"].weight
scale = theirs[ours != 0] / ours[ours != 0]
print(f"Weights in the file over ours: {scale.min():.6f} to {scale.max():.6f}.\n")

# %% [markdown]
# ## What a reader of that file computes
#
# We need no other framework to see it. Here is a reader in a few lines of NumPy, which takes its numbers from the file:
# Euler's method, a spike where v > v_threshold, and then v = v_reset. The share of spikes that it changes is that of the
# warning, counted anew. What this does to the accuracy is another matter: it is printed, and with other data or weights it
# may be worse.

# %%
nir.write(args.output, graph)
read = nir.read(args.output)


def run_lif(node: nir.LIF, affine: nir.Affine, pixels: np.ndarray, steps: int, dt: float) -> np.ndarray:
    """Spikes [T, N, n] of a LIF node fed by an affine node, for input currents held constant."""
    current = pixels @ affine.weight.T + affine.bias
    v, spikes = np.zeros_like(current), []
    for _ in range(steps):
        v = v + dt / node.tau * (node.v_leak - v + node.r * current)
        spikes.append(v > node.v_threshold)
        v = np.where(spikes[-1], node.v_reset, v)
    return np.stack(spikes)


dt = float(read.metadata["dt"])
there = run_lif(read.nodes["hidden"], read.nodes["hidden.weight"], d.X_test.astype(np.float64), 10, dt)
here = so.simulate(problem.network, result.weights, d.X_test.astype(np.float64), timesteps=10)["hidden"].spikes > 0
changed, either = int((there != here).sum()), int((there | here).sum())
print(
    f"Spikes: {int(here.sum())} here, {int(there.sum())} there; changed {changed} of {either}, {changed / either:.1%}."
)


def accuracy(spikes: np.ndarray) -> float:
    """Of the trained read-out on other spikes: the largest mean potential of v[t] = 0.9 v[t-1] + W s[t] + b."""
    W, b, v, total = result.weights["readout.weight"], result.weights["readout.bias"], 0.0, 0.0
    for s in spikes:
        v = 0.9 * v + s @ W.T + b
        total = total + v
    return float((np.argmax(total, axis=1) == d.y_test).mean())


print(f"Test accuracy with the spikes here {accuracy(here):.1%}, with those there {accuracy(there):.1%}.\n")

# %% [markdown]
# ## How Norse and snnTorch read it
#
# Neither has a node for LI read-outs in its importer, so leave those out, and fit or copy the read-out there:
#
#     graph = so.to_nir(result, dt=1e-4, readouts=False, on_reset_mismatch="warn", data=d.X_test)
#     nir.write("hidden.nir", graph)
#
#     # Norse; its own time step is 1e-3 s, so tell it
#     import norse.torch
#     module = norse.torch.from_nir(nir.read("hidden.nir"), dt=1e-4)
#
#     # snnTorch; its time step is 1e-4 s, as here
#     from snntorch.import_nir import import_from_nir
#     module = import_from_nir(nir.read("hidden.nir"))
#
#     # either: one time step a call, x a torch tensor [N, 64]
#     spikes, state = module(x)
#     spikes, state = module(x, state)  # from the second step on
#
# Both then give the spikes of a reset to zero, those that we counted above. `make peers` runs such files through both, in an
# environment of its own, and holds every spike against our replay; the README says which graphs they run and which not.
#
# Now the same graph without its read-out:

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore", so.ResetMismatchWarning)
    without = so.to_nir(result, dt=1e-4, readouts=False, on_reset_mismatch="warn", data=d.X_test)
print("Without read-out:", ", ".join(f"{name} ({type(node).__name__})" for name, node in without.nodes.items()), "\n")

# %% [markdown]
# ## Exactly: for archives
#
# Subtraction can be spelled out: the membrane as a LI node, then a Threshold node, and its spikes fed back into the membrane
# by a Linear node of -theta. Nothing is lost, no warning is due; but no other tool's importer runs such a loop today.

# %%
exact = so.to_nir(result, encoding="exact")
print("Nodes:", ", ".join(f"{name} ({type(node).__name__})" for name, node in exact.nodes.items()))
print("Edges:", ", ".join(f"{a} -> {b}" for a, b in exact.edges), "\n")

# %% [markdown]
# ## And back, to the last bit
#
# `so.from_nir` reads a file, or a graph, into a network and its weights. Files that snnopt wrote carry a note of the reset,
# and, where a division by 1 - beta and the way back would not end at the same bits, a note of that. So both encodings give
# the same network, the same weights, and the same spikes.

# %%
trace = so.simulate(problem.network, result.weights, d.X_test, timesteps=10)
with tempfile.TemporaryDirectory() as folder:
    archive = Path(folder) / "exact.nir"
    nir.write(archive, exact)
    for name, file in (("LIF nodes", args.output), ("exact", archive)):
        imported = so.from_nir(file)
        bits = all(imported.weights[key].tobytes() == w.tobytes() for key, w in result.weights.items())
        again = so.simulate(imported.network, imported.weights, d.X_test, timesteps=10)
        spikes = np.array_equal(again["hidden"].spikes, trace["hidden"].spikes)
        potentials = np.array_equal(again["readout"].potentials, trace["readout"].potentials)
        print(f"{name:10} the same weights: {bits}, spikes: {spikes}, potentials of the read-out: {potentials}")
print(f"\n{imported}\n")

# %% [markdown]
# ## A file from elsewhere
#
# Another tool's LIF nodes do reset to v_reset, so reading them is refused in the same way; or they are read with subtraction,
# as a point to train on from. Here is such a file, as another tool might have made it: a hidden layer and an LI layer.

# %%
rng = np.random.default_rng(0)
beta, step = 0.8, 1e-4
tau_there = step / (1 - beta)


def constant(n: int, value: float) -> np.ndarray:
    """One value for every neuron."""
    return np.full(n, value)


foreign = nir.NIRGraph(
    nodes={
        "in": nir.Input({"input": np.array([64])}),
        "w1": nir.Affine(rng.normal(size=(60, 64)) / 2, constant(60, 0.0)),
        "l1": nir.LIF(
            constant(60, tau_there), constant(60, 1.0), constant(60, 0.0), constant(60, 1.0), constant(60, 0.0)
        ),
        "w2": nir.Affine(rng.normal(size=(10, 60)), constant(10, 0.0)),
        "l2": nir.LI(constant(10, tau_there), constant(10, 1.0), constant(10, 0.0)),
        "out": nir.Output({"output": np.array([10])}),
    },
    edges=[("in", "w1"), ("w1", "l1"), ("l1", "w2"), ("w2", "l2"), ("l2", "out")],
)
try:
    so.from_nir(foreign, dt=step)
except so.ModelError as error:
    print(f"ModelError: {error}\n")

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    start = so.from_nir(foreign, dt=step, on_reset_mismatch="warn")
print(f"{caught[0].category.__name__}: {caught[0].message}\n")
plan = so.compile(so.Problem(start.network, so.CrossEntropy(start.network.outputs[0])), "online")
trained = plan.solve(d.X_train, d.y_train, timesteps=10, seed=0, weights=start.weights)
potentials = so.simulate(start.network, start.weights, d.X_test, timesteps=10)["l2"].potentials
before = float((potentials.mean(0).argmax(1) == d.y_test).mean())
print(
    f"Its random weights: {before:.1%} of the test digits; trained on from there: {trained.score(d.X_test, d.y_test):.1%}."
)
