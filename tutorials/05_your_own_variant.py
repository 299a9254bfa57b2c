# %% [markdown]
# # Your own variant in ten lines
#
# An algorithm in snnopt is a *sweep*: an order in which the blocks of a problem are updated. A sweep is a Python generator
# that yields words such as `layer.weights`, and a decorator makes an algorithm of it. The closed forms, residuals,
# multipliers, penalties, stopping and history are the engine's. This tutorial writes one, has every formula that it uses
# checked, trains with it, and compares it with two algorithms that snnopt ships.
#
#     .venv/bin/python tutorials/05_your_own_variant.py picture.png          some ten seconds; needs matplotlib, scikit-learn
#
# You need to know that a *LIF neuron* has a membrane potential v that decays, adds up its weighted input, and sends a
# spike where v is above a threshold; that a *rollout* runs the network forward on data; and that `print(plan.explain())` shows
# what is solved for, and how (`tutorials/03_check_an_update.py` goes through such a print).

# %%
import argparse
import sys

import matplotlib.pyplot as plt
import numpy as np

import snnopt as so

parser = argparse.ArgumentParser(description="Write a training algorithm as a sweep, check it, and compare it.")
parser.add_argument("output", nargs="?", default="tutorial_05.png", help="the picture (default: tutorial_05.png)")
parser.add_argument("--samples", type=int, default=400, help="for training (default: 400)")
parser.add_argument(
    "--passes", type=int, default=20, help="rollouts of all training data that a run takes (default: 20)"
)
parser.add_argument("--seeds", type=int, default=3, help="runs of each algorithm (default: 3)")
parser.add_argument("--trials", type=int, default=3, help="random instances of each block to check (default: 3)")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## A problem
#
# Handwritten digits, each shown for 10 steps, two hidden layers.

# %%
d = so.data.digits(samples=args.samples)
x = so.Input(64, name="pixels")
h1 = so.LIF(beta=0.9, name="h1")(so.Dense(64)(x))
h2 = so.LIF(beta=0.9, name="h2")(so.Dense(64)(h1))
y = so.LI(beta=0.9, name="readout")(so.Dense(10)(h2))
problem = so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean") + 1e-4 * so.L2(h1.weights))
print(problem, "\n")

# %% [markdown]
# ## The idea, as a sweep
#
# `online`, the default, takes each mini-batch once: roll it out, solve for the read-out, pass back what the loss demands of
# every layer, and from the last layer to the first turn demands into wanted potentials, and these into weights. What is
# wanted is a linear guess at the point of the rollout, so it is wrong once weights have moved far. The idea: *take every batch
# twice, and each time go only half of the way.* `damped(0.5)` is that half: `x <- x_old + 0.5 (x_new - x_old)`, x the variables
# of any block.


# %%
@so.algorithm(form="trace", epochs=args.passes // 2)
def two_passes(net):
    """Every mini-batch is taken twice, each time half of the way."""
    for _ in range(2):
        yield net.rollout
        yield net.readout
        yield net.demands
        for layer in reversed(net.hidden):
            yield layer.potentials.damped(0.5)
            yield layer.weights


# %% [markdown]
# That is the whole algorithm. Its words are tried out on a small net there and then: since it passes demands back, it starts
# every sweep from a rollout and keeps nothing but weights, and its settings are those of `online`. `form` and `epochs` are
# given above; all others, as printed here, are the defaults. Calling it makes a copy with other settings.

# %%
print(two_passes)
print(two_passes(epochs=3, ridge=1.0).schedule, "\n")

# %% [markdown]
# ## Compiled, explained, verified
#
# The compiler binds each block to its closed form, or says by name which has none. `so.verify` then holds each of them against
# an independent oracle (CVXPY, or all branches enumerated).

# %%
plan = so.compile(problem, two_passes)
print(plan.explain(), "\n")
report = so.verify(plan, seed=0, trials=args.trials)
print(report, "\n")
report.raise_if_failed()

# %% [markdown]
# A sweep that cannot work is refused before anything runs, with what to write instead.

# %%


@so.algorithm(form="trace")
def hasty(net):
    yield net.rollout
    yield net.readout
    for layer in reversed(net.hidden):
        yield layer.potentials
        yield layer.weights
    yield net.demands


try:
    so.compile(problem, hasty)
except so.CompileError as error:
    print(f"CompileError: {error}\n")

# %% [markdown]
# ## Is it any good?
#
# Against `online` and `rollout` (which takes all samples at once, and the step of a neuron exactly), at an equal number of
# rollouts of the training data: those are most of the cost, and `two_passes` needs two of them where `online` needs one.
# Several seeds, because with so few samples one run says little.

# %%
rivals = {
    "two_passes": (two_passes, 2),  # and how many rollouts of the data make a record of its history
    "online": (so.Online(epochs=args.passes), 1),
    "rollout": (so.Rollout(max_iter=args.passes, patience=args.passes), 1),
}
runs = {
    name: [
        so.compile(problem, algorithm).solve(
            d.X_train, d.y_train, timesteps=10, seed=seed, validation=(d.X_test, d.y_test)
        )
        for seed in range(args.seeds)
    ]
    for name, (algorithm, _) in rivals.items()
}
print(
    f"                 loss at the end   accuracy on {len(d.y_test)} test samples (mean, least and most of {args.seeds} seeds)"
)
for name, results in runs.items():
    loss = np.mean([r.history["loss"][-1] for r in results])
    scores = np.array([r.score(d.X_test, d.y_test) for r in results])
    print(f"{name:15} {loss:16.2g}   {scores.mean():.1%}  ({scores.min():.1%} to {scores.max():.1%})")

# %% [markdown]
# With the defaults its training loss ends below that of `online`, and its accuracy on test data about where that of `online` is.
# (The loss of a batch is taken at its last rollout, which for `two_passes` comes after a first pass on the same batch: a part of
# its lead is in the measure.) So the idea does no harm and wins little. To learn that took ten lines. From here, change the
# words: other orders (`net.shuffled(net.hidden)`), three passes, no damping, `two_passes(step_rule="exact")`.
#
# ## Without demands: the other kind
#
# A sweep without `net.demands` is an ADMM that keeps potentials, spikes and multipliers (`net.duals`) from sweep to sweep; then
# `layer.spikes` is a block of its own, and the settings are those of `full_dual` (or, in difference form, `exact_block`).
# Inner passes are again just a loop.


# %%
@so.algorithm(form="trace", duals="step", max_iter=3)
def inner_passes(net):
    """Spikes and potentials of a layer are made to agree before its weights move."""
    yield net.readout
    for layer in reversed(net.hidden):
        for _ in range(3):
            yield layer.spikes
            yield layer.potentials
        yield layer.weights
    yield net.duals


kept = so.compile(problem, inner_passes)
print("\n" + "\n".join(kept.explain().splitlines()[:3]))
for binding in kept.bindings:
    print(f"  {binding.block.name:20} {binding.title}")
result = kept.solve(d.X_train, d.y_train, timesteps=10, seed=0)
print(f"{result.status}: {result.message}; it keeps a Lagrangian, too: {result.history['lagrangian'][-1]:.3g}")

# %% [markdown]
# ## The figure

# %%
COLOURS = {"two_passes": "#D55E00", "online": "#0072B2", "rollout": "#009E73"}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name, results in runs.items():
    for k, r in enumerate(results):
        passes = rivals[name][1] * np.arange(1, len(r.history) + 1)
        style = {"color": COLOURS[name], "label": name if k == 0 else None, "linewidth": 1.2}
        left.plot(passes, r.history["loss"], **style)
        right.plot(passes, 100 * r.history["validation"], **style)
left.set(title="training loss", ylabel="cross-entropy", yscale="log")
right.set(title="test accuracy", ylabel="%")
for ax in (left, right):
    ax.set(xlabel="rollouts of the training data", xlim=(0, args.passes))
    ax.spines[["top", "right"]].set_visible(False)
right.legend(frameon=False, loc="lower right")
figure.suptitle(f"64-64-64-10, {len(d.y_train)} digits, {args.seeds} seeds each")
figure.savefig(args.output, dpi=110)
print(f"\nFigure: {args.output}")
