# %% [markdown]
# # A new closed form
#
# snnopt trains a network by solving small problems, the *blocks*, each by a *closed form*: a formula for the minimiser, derived
# by hand. This tutorial meets a block that has none, derives one, and gets it wrong at first. It has both held against an
# independent answer, and trains a network with the right one, without a change to snnopt itself.
#
#     .venv/bin/python tutorials/04_a_new_closed_form.py            some seconds; needs scikit-learn, for its digits
#
# The words, for those who know one of the two fields:
#
# - In a *spiking network* each *LIF neuron* adds up weighted inputs in a *membrane potential*, which decays, and sends a
#   *spike* where the potential is above a threshold. The *weights* W [neurons, inputs] into a layer are what is learnt.
# - A *penalty* on weights is a term of the objective, a *constraint* what they must obey. Neither fits into least squares,
#   which the update of the weights is. So snnopt has them act on a *copy* V of the weights, and draws W and V together. With
#   C what W asks for and m > 0 the strength of the tie, the block of the copy is
#
#       min over V   penalty(V) + m/2 ||V - C||^2     subject to the constraints,
#
#   in the language of optimisation a *proximal operator* (*prox*), or, for a constraint alone, a *projection*.

# %%
import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lu_factor, lu_solve

import snnopt as so
from snnopt.blocks import ClosedForm
from snnopt.blocks.copies import CopyForm, numbers
from snnopt.blocks.copies.elementwise import clipped
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.report.baseline import random_hidden_baseline

parser = argparse.ArgumentParser(description="Derive a closed form, have it checked, and train with it.")
parser.add_argument("--trials", type=int, default=20, help="random instances of each block to check (default: 20)")
parser.add_argument("--samples", type=int, default=1437, help="digits for training (default: 1437, all there are)")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## A block without one
#
# Digits of 8 x 8 pixels. We want to know which pixels the network can do without, and to keep every weight within [-0.4,
# 0.4], as a chip with few bits might ask. The first is the *group lasso*, lambda sum_j ||W[:, j]||: the norm of all weights
# from pixel j, not squared, has a kink at zero, so whole columns become exactly zero. The second is a *box*.

# %%
x = so.Input(64, name="pixels")
hidden = so.LIF(beta=0.9, name="hidden")(so.Dense(100)(x))
readout = so.LI(beta=0.9, name="readout")(so.Dense(10)(hidden))
network = so.Network(x, readout)
objective = so.CrossEntropy(readout) + 5e-3 * so.GroupLasso(hidden.weights)
problem = so.Problem(network, objective, constraints=[so.Box(hidden.weights, -0.05, 0.05)])
try:
    so.compile(problem, "online")
except so.CompileError as error:
    print(f"CompileError: {error}\n")

# %% [markdown]
# ## A guess
#
# Each of the two terms has a closed form. With c a column of C and g = lambda/m, the group lasso alone gives the *block soft
# threshold* v = (1 - g/||c||)_+ c, which shortens the column by g, and the box alone gives v = clip(c). So: shorten, then clip?
#
# A closed form is a class with
#
# - `formula`, a line for `plan.explain()` to show;
# - `matches(block)`, which returns None where the rule solves the block, and else the reason why not. A reason that begins with
#   "it solves" means another kind of block altogether, and is not shown;
# - `solve(...)`, the update. Its arguments go by the kind of block: those of copies are in the docstring of `CopyForm.solve`.
#   `parameters` are the terms' numbers, and `mask` says which synapses exist (None for all).


# %%
def reason_against(block) -> str | None:
    """Why a block is not a copy under a group lasso and a box around zero; None if it is."""
    if block.kind != "copy":
        return f"it solves copies, not {block.kind}"
    if {t.kind for t in block.terms} != {"group_lasso", "box"}:
        return "it solves copies under a group lasso and a box"
    _, parameters = numbers(block.terms)
    if not parameters["low"] <= 0 <= parameters["high"]:
        return "it has no closed form for boxes without zero"
    return None


class ShortenThenClip(CopyForm):
    """The guess."""

    formula = "V[:,j] = clip((1 - lam/(m ||C[:,j]||))_+ C[:,j])   (a guess)"

    @classmethod
    def matches(cls, block):
        return reason_against(block)

    @staticmethod
    def solve(center, penalty, scale, parameters, parts, mask):
        g = parameters["group_lasso"] / penalty
        c = center if mask is None else np.where(mask, center, 0.0)
        norm = np.maximum(np.linalg.norm(c, axis=0), 1e-300)
        return np.clip(np.maximum(1 - g / norm, 0) * c, parameters["low"], parameters["high"])


# %% [markdown]
# ## The guess is wrong
#
# `so.verify_rule` takes the class, finds all kinds of block that it says it solves, draws instances (on purpose also extreme
# ones), and has an *oracle* solve each: here CVXPY, a general solver for convex problems, from the block's definition,
# without ever seeing the answer of the rule. What is compared is the objective, how far constraints are broken, and, where
# there is only one minimiser, the minimiser.

# %%
wrong = so.verify_rule(ShortenThenClip, seed=0, trials=args.trials)
print(wrong, "\n")

# %% [markdown]
# The report ends with an instance on which it fails, cut down as far as it still does, to be pasted into a test. This one can
# be done by hand: a column (2, 1), bounds -1 and 1, g = 1. The guess shortens it by 1, then clips the first weight; and with
# that the column has become shorter than the penalty meant. Take the second weight alone, the first at its bound: more of it
# is better.


# %%
def cost(v: np.ndarray) -> float:
    """``g ||v|| + 1/2 ||v - c||^2`` at g = 1, c = (2, 1)."""
    return float(np.linalg.norm(v) + 0.5 * ((v - [2, 1]) ** 2).sum())


column, box = np.array([[2.0], [1.0]]), {"low": -1.0, "high": 1.0, "group_lasso": 1.0}
guess = ShortenThenClip.solve(column, 1.0, 1.0, box, [slice(0, 1)], None)[:, 0]
second = np.linspace(0, 1, 100_001)
best = second[np.argmin([cost(np.array([1.0, v])) for v in second[::100]]) * 100]
print(f"guess: v = ({guess[0]:.3f}, {guess[1]:.3f}), cost {cost(guess):.5f}")
print(f"but:   v = (1.000, {best:.3f}), cost {cost(np.array([1.0, best])):.5f}\n")

# %% [markdown]
# ## The derivation
#
# One column v, not zero, of norm r. The derivative of g ||v|| is g v / r, the same as that of the quadratic (g/r) ||v||^2/2 with
# r held. So v is a minimiser exactly if it minimises (g/r) ||v||^2/2 + ||v - c||^2/2 in the box, for r its own norm. That is
# clipping, weight by weight:
#
#     v = clip(s c),   s = r / (r + g)   between 0 and 1,   and so r = g s / (1 - s).
#
# What is left is one number s a column. It must satisfy ||clip(s c)|| = r = g s / (1 - s), or
#
#     q(s) = (1 - s) ||clip(s c)|| / s = (1 - s) ||clip(c, low/s, high/s)|| = g.
#
# q falls from s = 0 to s = 1, as both of its factors do, and q(1) = 0. So there is one solution, found by halving [0, 1]
# some 60 times; or none, if q(0) <= g already, and then s = 0: the column is zero. For an infinite box q(s) = (1 - s) ||c||, and
# s = 1 - g/||c|| is the block soft threshold. (Strictly this is a formula but for one number a column, known to the last digit.)


# %%
class BoundedGroups(CopyForm):
    """``min_V  lam sum_j ||V[:, j]|| + m/2 ||V - C||^2  s.t.  low <= V <= high``, for low <= 0 <= high."""

    formula = (
        "V[:,j] = clip(s C[:,j]),  (1 - s) ||clip(C[:,j], low/s, high/s)|| = lam/m   (bounded block soft threshold)"
    )

    @classmethod
    def matches(cls, block):
        return reason_against(block)

    @staticmethod
    def solve(center, penalty, scale, parameters, parts, mask):
        low, high = parameters["low"], parameters["high"]
        g = parameters["group_lasso"] / float(penalty)
        c = (center if mask is None else np.where(mask, center, 0)).astype(np.float64)
        least, most = np.zeros(c.shape[1]), np.ones(c.shape[1])
        for _ in range(60):
            s = (least + most) / 2
            q = (1 - s) * np.linalg.norm(np.clip(c, low / s, high / s), axis=0)
            least, most = np.where(q > g, s, least), np.where(q > g, most, s)
        return clipped((least * c).astype(center.dtype), low, high)  # bounds hold to the last bit, in float32 too


report = so.verify_rule(BoundedGroups, seed=0, trials=args.trials)
print(report, "\n")
report.raise_if_failed()
right = BoundedGroups.solve(column, 1.0, 1.0, box, [slice(0, 1)], None)[:, 0]
print(f"By hand again: v = ({right[0]:.3f}, {right[1]:.3f}), cost {cost(right):.5f}\n")

# %% [markdown]
# ## In a run
#
# `rules=[...]` are closed forms of your own for one plan, tried before snnopt's table of them. `plan.explain()` shows that
# ours was taken, and `so.verify(plan)` now checks it where it is used, with the bounds of this problem.

# %%
plan = so.compile(problem, "online", rules=[BoundedGroups])
print(next(part for part in plan.explain().split("\n\n") if "BoundedGroups" in part), "\n")
rows = so.verify(plan, seed=0, trials=1).raise_if_failed().rows
print(f"{len(rows)} blocks verified: {', '.join(row.rule for row in rows)}\n")

# %% [markdown]
# Beside it, the same without a box, then with the box applied only afterwards, by clipping what was learnt; and what any of
# this has to beat, the network's random weights at the start with only the read-out fitted, by ridge regression. Accuracy is
# that of a *rollout*: the weights run forward on data that were not trained on.

# %%
d = so.data.digits(samples=args.samples)
shown = {"timesteps": 10, "seed": 0}
bounded = plan.solve(d.X_train, d.y_train, **shown)
unbounded = so.compile(so.Problem(network, objective), "online").solve(d.X_train, d.y_train, **shown)
projected = unbounded.weights | {"hidden.weight": np.clip(unbounded.weights["hidden.weight"], -0.05, 0.05)}
trace = so.simulate(network, projected, d.X_test, timesteps=10)
clipped_after = (trace["readout"].potentials.mean(0).argmax(1) == d.y_test).mean()
baseline = random_hidden_baseline(problem, d.X_train, d.y_train, d.X_test, d.y_test, **shown)

print("                               largest |weight|   pixels not used   test accuracy")
for name, weights, accuracy in (
    ("box, by the new rule", bounded.weights, bounded.score(d.X_test, d.y_test)),
    ("no box", unbounded.weights, unbounded.score(d.X_test, d.y_test)),
    ("no box, clipped afterwards", projected, clipped_after),
):
    W = weights["hidden.weight"]
    print(f"{name:30} {np.abs(W).max():16.3f} {int((W == 0).all(0).sum()):17d} {accuracy:15.1%}")
print(f"{'random hidden + ridge':30} {'':16} {'':17} {baseline.test:15.1%}\n")

# %% [markdown]
# Learnt within the box, the weights make do with it; cut down to it afterwards, they are not what was learnt.
#
# ## A rule that prepares
#
# Some blocks are solved again and again with the same matrix. Their rules have a third method, `prepare`, for what can be
# done once. The weights into a layer are fitted by ridge regression, dW' = M^-1 (c - lam W'), M = G + diag(lam + mu), where G
# and c are sums over the data, lam the penalty of each column and mu that of any change; to prepare is to factor M. What
# `prepare` returns is yours to choose; for weights, a run calls its `.solve(cross, weights)`, cross being c, as often as it
# likes.
#
# The shipped `RidgeWeights` keeps a Cholesky factor of M. Say you would rather keep the inverse, as a solve is then one
# product of matrices; or an LU factor, which is Gauss's elimination written down. On paper all three are the same formula.


# %%
@dataclass
class Prepared:
    """``dW' = M^-1 (c - lam W')``, M^-1 as a function."""

    lam: np.ndarray
    inverse_times: Callable[[np.ndarray], np.ndarray]

    def solve(self, cross, weights):
        return self.inverse_times(cross - self.lam[:, None].astype(cross.dtype) * weights.T).T


def ridge_matrix(gram, lam, damping):
    return gram + np.diag(lam + damping).astype(gram.dtype)


class RidgeByInverse(ClosedForm):
    """Ridge regression by an explicit inverse."""

    formula = "W += M^-1 (c - lam W),  M^-1 kept   (ridge, by an inverse)"

    @classmethod
    def matches(cls, block):
        return RidgeWeights.matches(block)

    @staticmethod
    def prepare(gram, lam, damping):
        inverse = np.linalg.inv(ridge_matrix(gram, lam, damping))
        return Prepared(lam, lambda right: inverse @ right)

    @staticmethod
    def solve(gram, cross, weights, lam, damping):
        return RidgeByInverse.prepare(gram, lam, damping).solve(cross, weights)


class RidgeByElimination(ClosedForm):
    """Ridge regression by an LU factor."""

    formula = "W += M^-1 (c - lam W),  M = LU   (ridge, by elimination)"

    @classmethod
    def matches(cls, block):
        return RidgeWeights.matches(block)

    @staticmethod
    def prepare(gram, lam, damping):
        factor = lu_factor(ridge_matrix(gram, lam, damping))
        return Prepared(lam, lambda right: lu_solve(factor, right))

    @staticmethod
    def solve(gram, cross, weights, lam, damping):
        return RidgeByElimination.prepare(gram, lam, damping).solve(cross, weights)


print("                     kinds of block   failed   worst gap of the objective   on the instance")
for rule in (RidgeWeights, RidgeByElimination, RidgeByInverse):
    found = so.verify_rule(rule, seed=0, trials=min(args.trials, 2))  # and all extremes, as always
    worst = max(found.rows, key=lambda row: row.gap)
    instance = worst.failure.instance if worst.failure else "-"
    print(f"{rule.__name__:20} {len(found.rows):14d} {len(found.failures):8d} {worst.gap:28.0e}   {instance}")
print()

# %% [markdown]
# The inverse is right on paper and fails all the same: where penalties are of very different sizes, M is nearly singular, and
# its inverse has lost more digits than the answer may. That, too, is better known before than after. So we take elimination.

# %%
both = so.compile(problem, "online", rules=[BoundedGroups, RidgeByElimination])
other = both.solve(d.X_train, d.y_train, **shown)
print(", ".join(f"{binding.block.name} by {binding.title}" for binding in both.bindings))
print(f"Test accuracy with both rules: {other.score(d.X_test, d.y_test):.1%}.")

# %% [markdown]
# If that is not the same share to the digit, it is the last bit's doing: a run is in float32, two factors round differently,
# and a potential that is next to its threshold then spikes in one run and not in the other.
#
# ## Into snnopt itself
#
# A rule that others should have goes into a file of `snnopt/blocks/` and into the table `snnopt/blocks/table.py`, special
# before general: see *Adding a part* in `CONTRIBUTING.md`. A kind of block that no oracle knows fails in `so.verify_rule`,
# which says so; it needs an oracle first. How to read a verification, and the instances that it prints: tutorial 03.
