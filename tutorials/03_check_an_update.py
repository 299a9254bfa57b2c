# %% [markdown]
# # Checking an update against CVXPY
#
# snnopt trains a spiking network by solving many small problems, one after the other, each by a formula that someone
# derived by hand. Derivations go wrong, and a wrong update rarely crashes: it trains a little worse, and one blames the
# method. So every formula can be held against an answer that owes nothing to it. This tutorial does that for a small
# network, then for a formula of your own that is wrong by a factor of 2, then leaves a block without a formula to CVXPY.
#
#     .venv/bin/python tutorials/03_check_an_update.py                 some twenty seconds, nothing to install beyond snnopt
#
# The words, for those who know one of the two fields:
#
# - A *LIF neuron* has a *membrane potential* v. At each step t it keeps the share beta of it, adds its weighted input, and
#   where v is above the *threshold* theta the neuron sends a *spike* (1 instead of 0) and loses theta at the next step:
#   v[t] = beta v[t-1] + W input[t] + b - theta s[t-1], s[t] = H(v[t] - theta), H the step function. An *LI neuron* only
#   integrates; the network's answer is read from its potential.
# - *ADMM* takes a problem apart. Instead of computing v and s from W, it makes all of them variables, turns the two equations
#   into penalties with weights rho and sigma (and, for some, *multipliers* u), and minimises over one *block* of variables
#   at a time with the others held. A block is a small problem: a least squares problem, or one with a step in it. If it has a
#   *closed form*, an iteration costs a few matrix products.

# %%
import argparse
import sys

import cvxpy as cp
import numpy as np

import snnopt as so
from snnopt.blocks.one_step import OneStep
from snnopt.oracles import judge
from snnopt.oracles.one_step import OneStepCase

parser = argparse.ArgumentParser(description="Check closed-form updates against an independent oracle.")
parser.add_argument("--trials", type=int, default=20, help="random instances of each block (default: 20)")
parser.add_argument("--seed", type=int, default=0, help="of the instances")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## A network, and the problem that it is
#
# Three inputs, four LIF neurons, two LI neurons. `print(problem)` shows what is minimised, and over what.

# %%
x = so.Input(3, name="input")
h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(4)(x))
y = so.LI(beta=0.9, name="readout")(so.Dense(2)(h))
problem = so.Problem(so.Network(x, y), so.SquaredError(y, over="last") + 1e-3 * so.L2(h.weights))
print(problem, "\n")

# %% [markdown]
# ## What the compiler makes of it
#
# `"perin2025"` is the ADMM of Perin, Bidini, Mazzieri and Rossi (arXiv 2505.05527). For each layer, `explain` says which
# block is minimised over which variables, what exactly it minimises, and by which formula: the `update`. Kept spikes are called
# a, to tell them from the step H(v - theta) that they should equal; `tried` lists formulas that did not fit, and why.
# (u is the multiplier, divided by rho; mu keeps the new weights a little near the old ones W_0.)

# %%
plan = so.compile(problem, "perin2025")
print(plan.explain(), "\n")

# %% [markdown]
# ## Every formula against its oracle
#
# `so.verify` takes each block in turn. It draws numbers for everything that is held, on purpose also awkward ones (ties between
# two branches, penalties of 1e6 and 1e-6, a single step of time, one sample), and hands them to the formula and to an
# *oracle*. The oracle builds the block's problem from its definition and never sees the formula's answer: convex problems are
# solved by CVXPY or, where that is not precise enough, sharpened and certified; where a step is in the way, both sides of
# it are tried, in exact fractions. What must agree is the *objective*; the minimiser too, where there is only one.
#
# In the table: `objective gap`, how far the formula's objective is from the oracle's, relative (it fails above 1e-8);
# `violation`, by how much it breaks a constraint; `distance`, how far its minimiser is off where that is unique ("-" where it
# never was); all of them the worst over all `instances`.

# %%
report = so.verify(plan, seed=args.seed, trials=args.trials)
print(report, "\n")
report.raise_if_failed()  # so.verify(plan).raise_if_failed() is all that a test of your own needs

# %% [markdown]
# ## One formula, wherever it may be used
#
# `verify` checked what this plan uses. `so.verify_rule` takes a formula, that is a class, and checks it on every kind of block
# that it says it can solve, whatever the problem: other losses, masks, shared weights. `OneStep` is the update of one potential
# v[t], its neighbours in time held. Written out, it minimises
#
#     c/2 (v - q)^2  +  sigma/2 (a - H(v - theta))^2
#
# where q is what the dynamics ask for and c their weight (a, plus the multiplier of the step where an algorithm has one, is
# called b in the table of `explain`). There are two candidates, and no third: stay at q, or go just to the other side of the
# threshold. That costs c/2 (q - theta)^2, and where a prefers the other side it gains sigma/2 |1 - 2a|.

# %%
print(so.verify_rule(OneStep, seed=args.seed, trials=args.trials), "\n")

# %% [markdown]
# ## A formula of your own, wrong by a factor of 2
#
# Say you derive this update yourself, and on the way lose the 1/2 of the gain: you move where sigma |1 - 2a| is more than
# c/2 (q - theta)^2. That is the right rule with sigma twice as large, so it is quickly written as a subclass of the shipped
# formula, whose `matches`, which says what blocks it is for, stays. It is in no table, and no training will ever use it.


# %%
class TwiceSigma(OneStep):
    """The update with a lost factor 1/2."""

    @staticmethod
    def solve(drive, later, previous, following, target, beta, rho, sigma, threshold):
        return OneStep.solve(drive, later, previous, following, target, beta, rho, 2 * sigma, threshold)


wrong = so.verify_rule(TwiceSigma, seed=args.seed, trials=args.trials)
print("block                                verdict")
for row in wrong.rows:
    print(f"{row.block:35}  {'FAILED: ' + row.failure.reason if row.failure else 'ok'}")
print()

# %% [markdown]
# A row may still say ok: the lost factor decides only where gain and cost are within a factor of 2 of each other, and with
# few trials no such instance may come up. More trials are cheap, and the default of 20 is not a bound.
#
# `print(wrong)` shows the table of before and, for each failure, the instance on which it failed, *cut down*: samples, neurons
# and steps are left out and digits rounded away for as long as the formula still fails. It comes as Python to paste into a
# test (import your class from your own module there). Here is the shortest:

# %%
failure = min((row.failure for row in wrong.failures), key=lambda each: len(each.code))
print(f"Found on the instance {failure.instance!r}:\n\n{failure.code}\n")

# %% [markdown]
# An instance so small can be done by hand. Here is one with rounder numbers: one step of time, one sample, one neuron,
# theta = 1. Nothing came before, so q is the drive, 0.5, and c is rho = 1. The spike variable a is 1: it wants the neuron to
# fire.
#
# - Stay at 0.5: the step costs sigma/2 (1 - 0)^2 = 0.1.
# - Go to the threshold: the dynamics cost 1/2 (1 - 0.5)^2 = 0.125. So staying is right.
# - With sigma doubled, staying seems to cost 0.2, and the wrong formula moves.
#
# `judge` compares one formula with the oracle on one instance.

# %%
case = OneStepCase(
    drive=np.array([[[0.5]]]),  # [T, N, n]: steps, samples, neurons
    target=np.array([[[1.0]]]),  # a, plus the multiplier of the step where there is one
    beta=np.array([0.9]),
    threshold=np.array([1.0]),
    rho=1.0,
    sigma=0.2,
    potentials=np.array([[[0.0]]]),  # the present v; only neighbours in time matter, and there are none
    step=0,
)
for rule in (OneStep, TwiceSigma):
    verdict = judge(case, rule)
    print(f"{rule.__name__:10} v = {case.candidate(rule).item():.3f}: {verdict.fault or 'agrees with the oracle'}")
print(f"{'oracle':10} v = {case.solution().item():.3f}\n")

# %% [markdown]
# Formulas in print can fail, too. The published rules clip spikes to [0, 1] after solving for them without bounds, which is
# not the minimiser within the bounds, and leave rho out of one place, which is right only for rho = 1. snnopt's default
# corrects both; asked for as published, `verify` shows them.

# %%
published = so.algorithms.Perin2025(clip="published", last_step="published")
for row in so.verify(so.compile(problem, published), seed=args.seed, trials=args.trials).rows:
    print(f"{row.block:20} {row.rule:20} {'FAILED: ' + row.failure.reason if row.failure else 'ok'}")
print()

# %% [markdown]
# ## No formula at all: let CVXPY solve the block
#
# A constraint that snnopt has no closed form for can be written in CVXPY's own language. Say the weights into each hidden
# neuron are to sum to zero, so that excitation and inhibition are in balance: `w` is the weight matrix, [4 neurons, 3 inputs].
# Nothing is silent: without a closed form, compiling is an error that says where and what.

# %%
balanced = so.cvx(h.weights, lambda w: cp.sum(w, axis=1) == 0)
constrained = so.Problem(problem.network, problem.objective, constraints=[balanced])
try:
    so.compile(constrained, "perin2025")
except so.CompileError as error:
    print(f"CompileError: {error}\n")

# %% [markdown]
# With `on_missing="cvxpy"` CVXPY solves that block, and only that one, in every sweep. It is the projection of the weights
# onto the constraint: a *copy* V of them obeys it, and a multiplier draws W and V together. `explain` says so in capitals, for it
# costs a CVXPY solve in every iteration; `verify` has nothing to check there and says so. This is how to try an idea in a line
# and write its closed form later, if it is worth it.

# %%
fallback = so.compile(constrained, "perin2025", on_missing="cvxpy")
print(next(part for part in fallback.explain().split("\n\n") if "CVXPY FALLBACK" in part), "\n")
print(so.verify(fallback, seed=args.seed, trials=args.trials), "\n")

# %% [markdown]
# The weights that a run returns are the copy, so they obey, to CVXPY's precision. (The data are noise: this shows that the
# constraint is kept, not that anything is learnt.)

# %%
rng = np.random.default_rng(args.seed)
events = (rng.random((8, 16, 3)) < 0.5).astype(float)  # [T, N, inputs]
labels = rng.integers(0, 2, 16)
for name, each in (("balanced", fallback), ("free", plan)):
    result = each.solve(events, labels, seed=args.seed)
    sums = result.weights["hidden.weight"].sum(axis=1)
    print(f"{name:8}  largest |sum of the weights into a hidden neuron|: {np.abs(sums).max():.1e}")

# %% [markdown]
# To write the closed form after all, see *Adding a part* in `CONTRIBUTING.md`. For a model in a file of its own,
# `snnopt verify models/digits_mlp.py` does from the shell what `so.verify` does here.
