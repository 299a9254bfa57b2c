# %% [markdown]
# # Time series
#
# Series of unequal length as input, a layer that feeds itself, and a question that takes memory.
#
#     .venv/bin/python tutorials/07_time_series.py picture.png       some ten seconds; needs matplotlib, sktime for its data
#
# The words: a *LIF neuron* has a *potential*, of which it keeps the share beta at each time step; it adds its weighted inputs,
# and above a threshold it sends a *spike*. An *ALIF neuron* is one whose threshold rises with each of its spikes and comes back
# slowly. The *read-out* adds up without spiking; its largest potential is the answer. A *random hidden layer* is the baseline:
# its weights stay as drawn, and only a read-out is fitted, so that it shows what training the hidden layer is worth. To train is
# to minimise a *loss*, what the answers are charged for being wrong, over the weights; `compile` makes a plan for that.

# %%
import argparse
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import snnopt as so
from snnopt.report.baseline import random_hidden_baseline

parser = argparse.ArgumentParser(description="Train on series, recurrent and not.")
parser.add_argument("output", nargs="?", default="tutorial_07.png", help="the picture (default: tutorial_07.png)")
parser.add_argument("--samples", type=int, default=2000, help="pulse series for training (default: 2000)")
parser.add_argument("--epochs", type=int, default=8, help="passes over them (default: 8)")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## Series as arrays
#
# Data are time-first: [T, N, features]. Series of unequal length are padded with zeros to the longest, and their *lengths* are
# given beside them. What stands after a series' end is never read: sums over time end there. So garbage in its place changes
# nothing, to the last bit:

# %%
rng = np.random.default_rng(0)
series = [rng.normal(size=(length, 3)) for length in (5, 8, 3, 8)]
X, lengths = so.data.pad(series)
print(f"four series of {lengths.tolist()} steps: {X.shape}")

x = so.Input(3, name="x")
h = so.LIF(beta=0.9, name="h")(so.Dense(20)(x))
y = so.LI(beta=0.9, name="y")(so.Dense(2)(h))
small = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=2))
labels = np.array([0, 1, 0, 1])
garbage = X + 1e3 * (np.arange(8)[:, None, None] >= lengths[:, None])
runs = [small.solve(data, labels, lengths=lengths, seed=0).weights for data in (X, garbage)]
same = all(np.array_equal(runs[0][n], runs[1][n]) for n in runs[0])
print(f"garbage after their ends changes the trained weights: {not same}\n")

# %% [markdown]
# ## A file of your own
#
# `so.data.read` reads series from a `.ts` file, the text format of the archives that BasicMotions and JapaneseVowels come from: a
# few header lines, then one series a line, its channels parted by colons, and its label last. Lengths may differ. (Series of an
# `.npz` file too; a CSV file is a table, one sample a row and no time, which a network gets as constant currents by
# `timesteps=`.) Every fifth series is held out for testing, and channels are standardised by the others.
#
# Here the file is made on the spot: two sensors see something pass, and which saw it first tells the direction.

# %%
lines = [
    "@problemName Passing",
    "@timeStamps false",
    "@dimensions 2",
    "@equalLength false",
    "@classLabel true left right",
]
lines.append("@data")
for k in range(200):
    length = int(rng.integers(15, 31))
    centres = np.array([0.35, 0.65] if k % 2 else [0.65, 0.35]) * length
    bumps = np.exp(-0.5 * ((np.arange(length)[:, None] - centres) / 2) ** 2) + 0.1 * rng.normal(size=(length, 2))
    channels = [",".join(f"{v:.4f}" for v in channel) for channel in bumps.T]
    lines.append(":".join([*channels, "right" if k % 2 else "left"]))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "passing.ts"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    own = so.data.read(path)
print(own)
print(f"lengths {own.lengths_train.min()} to {own.lengths_train.max()}, classes {', '.join(own.classes)}")

sensors = so.Input(2, name="sensors")
passing = so.LIF(beta=0.9, recurrent=so.Dense(), name="hidden")(so.Dense(40)(sensors))
side = so.LI(beta=0.9, name="readout")(so.Dense(2)(passing))
problem = so.Problem(so.Network(sensors, side), so.CrossEntropy(side))
result = so.compile(problem).solve(own.X_train, own.y_train, lengths=own.lengths_train, seed=0)
own_test = {"test_data": own.X_test, "test_labels": own.y_test, "test_lengths": own.lengths_test}
own_base = random_hidden_baseline(problem, own.X_train, own.y_train, lengths=own.lengths_train, **own_test)
own_score = result.score(own.X_test, own.y_test, lengths=own.lengths_test)
print(f"own file: trained {own_score:.1%}, random hidden layer {own_base.test:.1%}\n")

# %% [markdown]
# A random hidden layer finds this as easy: the file shows how data get in, and nothing of what training is worth.

# %% [markdown]
# ## Speakers
#
# JapaneseVowels: nine speakers say two vowels, recorded as 12 coefficients over 7 to 29 steps. A *recurrent* layer also sees its
# own spikes of the step before, i[t] = W x[t] + b + V s[t-1]; V is trained like any other weight. It is one argument,
# `recurrent=so.Dense()`.


# %%
def speakers(recurrent):
    channels = so.Input(12, name="coefficients")
    hidden = so.LIF(beta=0.6, recurrent=so.Dense() if recurrent else None, name="hidden")(so.Dense(100)(channels))
    out = so.LI(beta=0.5, name="readout")(so.Dense(9)(hidden))
    return so.Problem(so.Network(channels, out), so.CrossEntropy(out) + 0.03 * so.L2(hidden.weights))


d = so.data.japanese_vowels()
print(d)
for name, recurrent in (("recurrent", True), ("without", False)):
    problem = speakers(recurrent)
    result = so.compile(problem).solve(d.X_train, d.y_train, lengths=d.lengths_train, seed=0)
    score = result.score(d.X_test, d.y_test, lengths=d.lengths_test)
    base = random_hidden_baseline(
        problem,
        d.X_train,
        d.y_train,
        d.X_test,
        d.y_test,
        lengths=d.lengths_train,
        test_lengths=d.lengths_test,
    )
    print(f"{name:10} trained {score:.1%}, random hidden layer {base.test:.1%}")
print()

# %% [markdown]
# The random layer is as good, give or take a few of the 370 test series, and recurrence makes little difference: these data
# are easy, and say nothing of whether training works. A task that does is needed.
#
# ## A question that takes memory
#
# `so.data.pulse_order`: two pulses, each of one of two kinds, among noise; at the end, when nothing of them is left, a cue
# asks which came first and which second (four answers; guessing has a quarter right). The loss sees the last
# 8 steps only (`over=so.Window(8)`), and the read-out forgets fast (beta = 0.2), so the hidden layer must remember. It can in
# three ways:
#
# - *plain*: by its potentials, of which 0.9^t is left after t steps;
# - *adaptive* (ALIF): each spike raises the neuron's threshold a little, and that fades slowly, as 0.99^t;
# - *recurrent*: by spikes that keep each other going.


# %%
def pulses(neuron):
    trains = so.Input(12, name="trains")
    hidden = neuron(so.Dense(100)(trains))
    out = so.LI(beta=0.2, name="readout")(so.Dense(4)(hidden))
    return so.Problem(so.Network(trains, out), so.CrossEntropy(out, over=so.Window(8)))


kinds = {
    "plain": so.LIF(beta=0.9, name="hidden"),
    "adaptive": so.ALIF(beta=0.95, beta_adaptation=0.99, gamma=0.05, name="hidden"),
    "recurrent": so.LIF(beta=0.9, recurrent=so.Dense(), name="hidden"),
}
d = so.data.pulse_order(samples=args.samples)
print(d)
problems, results = {name: pulses(neuron) for name, neuron in kinds.items()}, {}
print("memory      trained   random hidden layer   spikes a neuron and step")
for name, problem in problems.items():
    plan = so.compile(problem, so.Online(batch_size=100, epochs=args.epochs))
    result = plan.solve(d.X_train, d.y_train, seed=0, validation=(d.X_test, d.y_test))
    base = random_hidden_baseline(problem, d.X_train, d.y_train, d.X_test, d.y_test)
    rate = so.simulate(problem.network, result.weights, d.X_test)["hidden"].spikes.mean()
    print(f"{name:10} {result.score(d.X_test, d.y_test):8.1%} {base.test:21.1%} {rate:26.1%}")
    results[name] = result
print()

# %% [markdown]
# ## Where is it remembered?
#
# The hidden spikes of each step, asked by themselves: from the spikes at step t alone, how often can one tell the right answer?
# (A linear fit at every step, on training series, scored on test series.) What a layer forgets, it can no longer tell.


# %%
def readable(problem, weights):
    """Share of test series whose answer the spikes of each single step tell, [T]."""
    told = []
    train, test = (so.simulate(problem.network, weights, X)["hidden"].spikes for X in (d.X_train, d.X_test))
    onehot = np.eye(4)[d.y_train]
    for a, b in zip(train, test, strict=True):
        a, b = (np.column_stack([s, np.ones(len(s))]) for s in (a, b))
        w = np.linalg.solve(a.T @ a + 1e-1 * np.eye(a.shape[1]), a.T @ onehot)
        told.append(float(np.mean((b @ w).argmax(1) == d.y_test)))
    return np.array(told)


traces = {name: readable(problem, results[name].weights) for name, problem in problems.items()}
for name, told in traces.items():
    print(f"{name:10} from the spikes of the last step alone: {told[-1]:.1%}")

# %%
COLOURS = {"plain": "#5f5f5f", "adaptive": "#009E73", "recurrent": "#D55E00"}
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4), layout="constrained")
steps, channels = np.nonzero(d.X_train[:, 0])
left.scatter(steps + 1, channels, s=12, color="black", marker="|")
left.set(title=f"a series, answer {d.classes[d.y_train[0]]}", xlabel="step", ylabel="spike train")
for name, result in results.items():
    middle.plot(result.history["iteration"], 100 * result.history["validation"], color=COLOURS[name], label=name)
    right.plot(np.arange(1, len(traces[name]) + 1), 100 * traces[name], color=COLOURS[name], label=name)
middle.set(title="test accuracy", xlabel="pass over the data", ylabel="%", ylim=(0, 103))
middle.xaxis.get_major_locator().set_params(integer=True)
right.set(title="what the spikes of one step tell", xlabel="step", ylabel="% right", ylim=(0, 103))
right.axvspan(len(traces["plain"]) - 7.5, len(traces["plain"]) + 0.5, color="#eeeeee", label="asked for here")
right.legend(frameon=False, loc="upper left")
for ax in (left, middle, right):
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig(args.output, dpi=110)
print(f"\nFigure: {args.output}")
