# %% [markdown]
# # A first network
#
# From nothing to a trained spiking network: declare it, compile it, solve for its weights, see what it is worth beside a
# baseline, look at its spikes, keep it in a file.
#
#     .venv/bin/python tutorials/01_first_network.py picture.png      a few seconds; needs matplotlib, scikit-learn
#
# The words, for those who know one of the two fields:
#
# - A *spiking neuron* holds a number, its *membrane potential* v. At each *time step* t it keeps the share beta of it (beta is
#   the *decay*), adds its *input current*, and where v is above a *threshold* theta it sends a *spike*, a 1 instead of a 0, and
#   loses theta at the next step. This is a *LIF* neuron (leaky integrate-and-fire):
#   v[t] = beta v[t-1] + W input[t] + b - theta s[t-1],  s[t] = H(v[t] - theta),  H the step function, W and b the *weights* and
#   *biases*. A *LI* neuron (leaky integrator) has neither threshold nor spikes, only the first line.
# - To *train* is to find the W and b that make an *objective* small: a *loss*, which says how wrong the network's answers
#   are, and a *penalty*, which says what else one would rather not have. H is flat but for one jump, so its derivative is 0
#   and gradient descent, as it is used elsewhere in machine learning, has nothing to follow. (The usual way out is a *surrogate
#   gradient*, a made-up slope in place of H's.) snnopt makes many small problems of the large one instead, each of which is
#   solved by a formula; tutorial 02 shows them.

# %%
import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import snnopt as so
from snnopt.report.baseline import random_hidden_baseline

parser = argparse.ArgumentParser(description="Declare, train, score, look at and keep a first spiking network.")
parser.add_argument("output", nargs="?", default="tutorial_01.png", help="the picture (default: tutorial_01.png)")
parser.add_argument("--samples", type=int, default=1437, help="digits for training (default: 1437, all there are)")
parser.add_argument("--seed", type=int, default=0, help="of the split and of the weights at the start")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## The data
#
# Handwritten digits of 8 x 8 pixels, which come with scikit-learn. An image has no time. It is shown for T = 10 steps: each
# of its 64 pixels is an input current that stays the same (*direct current*). Data that do change are arrays [T, N,
# features].

# %%
TIMESTEPS = 10
d = so.data.digits(samples=args.samples, seed=args.seed)
print(f"Images to train on: {d.X_train.shape}, labels {d.y_train.shape}; to test on: {d.X_test.shape}.")
print(
    f"Pixels from {d.X_train.min():.2f} to {d.X_train.max():.2f}; labels from {d.y_train.min()} to {d.y_train.max()}.\n"
)

# %% [markdown]
# ## Declare
#
# A layer is written as a neuron, called on what feeds it: `so.Dense(100)(x)` stands for the current W x + b into 100 neurons,
# and `so.LIF(...)` of it for those neurons' spikes. Nothing is computed here; these are symbols, as in a modelling language
# for optimisation. The *read-out* is a layer of ten LI neurons, one a class. The class whose potential is largest, on average
# over the T steps, is the network's answer.
#
# The loss is the *cross-entropy* of these mean potentials m: softmax(m)_k = exp m_k / sum_j exp m_j is read as the
# probability of class k, and the loss is -log softmax(m)_label, on average over the samples. To it we add 1e-3 times L2(W) =
# sum W^2 / 2 of the hidden weights, which keeps them small. `print(problem)` shows all of it as equations.

# %%
x = so.Input(64, name="pixels")
hidden = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(100)(x))
readout = so.LI(beta=0.9, name="readout")(so.Dense(10)(hidden))
network = so.Network(x, readout)
problem = so.Problem(network, so.CrossEntropy(readout, over="mean") + 1e-3 * so.L2(hidden.weights))
print(problem, "\n")

# %% [markdown]
# ## Compile
#
# Compiling takes the problem apart into *blocks*. A block is the small problem that is left when all variables but one kind,
# such as the weights into one layer, are held as they are. Each block is given the formula that solves it. The *algorithm*
# says which blocks there are and in which order they are solved; `"online"` goes through the data in small batches.

# %%
plan = so.compile(problem, "online")
for binding in plan.bindings:
    print(f"block {binding.block.name:18} solved by {binding.title}")
print()

# %% [markdown]
# ## Solve
#
# The run starts from random weights, drawn with `seed`: the same seed on the same machine gives the same result. It ends with
# a *status*, which says why it ended, and a *history*, which has a record for each *epoch*, that is each time all data were
# used once.

# %%
result = plan.solve(d.X_train, d.y_train, timesteps=TIMESTEPS, seed=args.seed)
print(f"{result.status}: {result.message}")
for record in result.history:
    rates = ", ".join(f"{name} {rate:.1%}" for name, rate in record.firing_rate.items())
    print(
        f"epoch {record.iteration}: loss {record.loss:.3f}, accuracy {record.accuracy:.1%}, share of steps with a spike: {rates}"
    )
print("What was learnt:", ", ".join(f"{name} {list(w.shape)}" for name, w in result.weights.items()), "\n")

# %% [markdown]
# ## Score
#
# `score` is the *accuracy*, the share of images that get the right label, and comes from a *rollout*: the learnt weights are run
# forward, step by step, with spikes that are 0 or 1. Only the test images count, which the run has not seen.
#
# Is that good? Not by itself. A network whose hidden weights are *random and stay so*, and of which only the read-out is fitted,
# by ridge regression (least squares plus a small penalty on large weights), is often not bad either. It is what this training
# starts from. What does not beat it has not trained its hidden layer to any purpose.

# %%
baseline = random_hidden_baseline(
    problem, d.X_train, d.y_train, d.X_test, d.y_test, timesteps=TIMESTEPS, seed=args.seed
)
print("                                   train      test")
print(f"random hidden weights + ridge   {baseline.train:8.1%}  {baseline.test:8.1%}")
print(
    f"trained                         {result.score(d.X_train, d.y_train):8.1%}  {result.score(d.X_test, d.y_test):8.1%}\n"
)

# %% [markdown]
# ## Simulate
#
# `so.simulate` is the rollout itself, with everything kept: spikes and potentials of every layer, [T, N, neurons]. So what was
# said above can be checked by hand. The equation of the neuron holds at every step, to rounding; the spikes are where
# potentials are above the threshold; and the largest mean potential of the read-out is the label that `predict` gives.

# %%
trace = so.simulate(network, result.weights, d.X_test, timesteps=TIMESTEPS)
v, s = trace["hidden"].potentials, trace["hidden"].spikes
W, b = result.weights["hidden.weight"], result.weights["hidden.bias"]
expected = 0.9 * v[:-1] + d.X_test @ W.T + b - 1.0 * s[:-1]
answers = trace["readout"].potentials.mean(0).argmax(1)
print(f"Largest error of the equation of v: {np.abs(v[1:] - expected).max():.0e} (v is up to {np.abs(v).max():.0f}).")
print(f"Spikes are where v > 1: {np.array_equal(s > 0, v > 1.0)}.")
print(f"Answers are those of predict: {np.array_equal(answers, result.predict(d.X_test))}.")
print(f"Their share that is right: {(answers == d.y_test).mean():.1%}.\n")

# %% [markdown]
# ## Look
#
# A *raster* has a mark for every spike, time across and neurons up. Here it is for three test images side by side, and below,
# over the same time, stand the images and the potentials of the read-out's ten neurons. The one of the class that is the
# answer is drawn in colour.

# %%
shown = [int(np.flatnonzero(d.y_test == digit)[0]) for digit in (0, 1, 2)]
figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(9, 7), layout="constrained", height_ratios=(3, 2), gridspec_kw={"hspace": 0.08}
)
captions = [f"a {d.y_test[k]}, read as {answers[k]}" for k in shown]
so.plot.raster(trace["hidden"], top, samples=shown, labels=captions)
top.set(ylabel="neuron of 'hidden'", xlabel="")
for column, k in enumerate(shown):
    steps = np.arange(TIMESTEPS) + column * TIMESTEPS
    for unit in range(10):
        style = {"color": "#D55E00", "linewidth": 2} if unit == answers[k] else {"color": "#b0b0b0", "linewidth": 0.8}
        bottom.plot(steps, trace["readout"].potentials[:, k, unit], **style)
    if column:
        bottom.axvline(column * TIMESTEPS - 0.5, color="#5f5f5f", linewidth=0.6)
    picture = bottom.inset_axes((column / 3 + 0.012, 0.7, 0.07, 0.28))
    picture.imshow(d.X_test[k].reshape(8, 8), cmap="gray_r")
    picture.set(xticks=[], yticks=[])
bottom.set(xlim=top.get_xlim(), xlabel="time (steps of each image)", ylabel="potential of the read-out")
bottom.set_xticks(top.get_xticks(), [label.get_text() for label in top.get_xticklabels()])
bottom.spines[["top", "right"]].set_visible(False)
figure.savefig(args.output, dpi=110)
print(f"Figure: {args.output}")

# %% [markdown]
# ## Keep
#
# A saved result holds arrays and a description in JSON, no code, so that reading one from elsewhere runs nothing. A loaded
# result predicts at once; the network that it was is inside.

# %%
file = Path(args.output).with_suffix(".npz")
result.save(file)
loaded = so.load(file)
same = all(np.array_equal(result.weights[name], loaded.weights[name]) for name in result.weights)
print(f"File: {file}, {file.stat().st_size / 1024:.0f} KiB. The same weights, to the last bit: {same}.")
print(f"Loaded, it scores {loaded.score(d.X_test, d.y_test):.1%} on the test images.")

# %% [markdown]
# Next: what the compiler did (`tutorials/02_what_the_compiler_did.py`), how each formula is checked
# (`tutorials/03_check_an_update.py`).
