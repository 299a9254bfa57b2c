# %% [markdown]
# # What the compiler did
#
# `so.compile` takes a network and an objective and returns a plan: small problems, and for each the formula that solves it. This
# tutorial follows one network through it, stage by stage, and prints what each stage made: the problem as equations, the
# *program* of couplings, the *blocks*, the closed forms. Then it asks for something that no closed form is known for.
#
#     .venv/bin/python tutorials/02_what_the_compiler_did.py         some seconds; needs scikit-learn, for its digits
#
# The words, for those who know one of the two fields:
#
# - A *LIF neuron* has a *membrane potential* v that decays by a factor beta a step, adds up its input current, and where it
#   is above a *threshold* theta the neuron sends a *spike* s = 1 and loses theta: v[t] = beta v[t-1] + W input[t] + b - theta
#   s[t-1], s[t] = H(v[t] - theta), H the step function. A *LI neuron* only integrates; the network's answer is read from its
#   potential. (Tutorial 01 goes slower.)
# - *Block-coordinate minimisation* makes an objective small in some of its variables, the *block*, while all others are held;
#   then in others; and so on. It pays where each of these small problems has a *closed form*: a formula for its minimiser, no
#   iteration needed. *ADMM* (alternating direction method of multipliers) does so for problems with equations, which it turns
#   into penalties, and for some of them *multipliers*, running sums of what is still wrong.

# %%
import argparse
import sys

import cvxpy as cp
import numpy as np

import snnopt as so
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.split.kernels import kernel, reset_kernel

parser = argparse.ArgumentParser(description="Follow a network through the compiler, stage by stage.")
parser.add_argument("--epochs", type=int, default=3, help="of the run with CVXPY in it (default: 3)")
args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # cell by cell in an editor: the defaults

# %% [markdown]
# ## The problem
#
# What you declared, as equations. `over the weights` says what is looked for; v and s are not: they follow from the weights,
# by the equations under `subject to`. One of these has the step function H in it, and that is all that makes the problem
# hard. H is 0 or 1, so the loss as a function of the hidden weights is made of flat pieces and jumps.

# %%
x = so.Input(64, name="pixels")
hidden = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(20)(x))
readout = so.LI(beta=0.9, name="readout")(so.Dense(10)(hidden))
network = so.Network(x, readout)
problem = so.Problem(network, so.CrossEntropy(readout, over="mean") + 1e-3 * so.L1(hidden.weights))
print(problem, "\n")

# %% [markdown]
# The same for a paper, in LaTeX (`aligned`, of the package amsmath). `so.latex(plan)` adds a line for each block below.

# %%
print(so.latex(problem), "\n")

# %% [markdown]
# ## The program: couplings
#
# The first stage forgets layers and keeps *couplings*, the equations that tie variables together. There are two kinds.
#
# - An *affine* coupling is a layer's dynamics. Whatever the neuron is, they have one form, a *state space*, with a state x[t] of
#   one or more numbers a neuron:
#
#       x[t] = A x[t-1] + B i[t] + R s[t-1],    v[t] = C x[t],
#
#   i the current W input + b, and R what a spike does at the next step (the reset). A LIF neuron has the state v alone.
# - A *step* coupling is s[t] = H(v[t] - theta).

# %%
plan = so.compile(problem, "online")
for coupling in plan.program.couplings:
    A, B, R, C = (
        np.squeeze(m) for m in (coupling.dynamics.A, coupling.dynamics.B, coupling.dynamics.R, coupling.dynamics.C)
    )
    sources = ", ".join(f"{m.name} of {m.source!r} by {m.weight!r}" for m in coupling.maps)
    print(
        f"affine  {coupling.name!r}: {coupling.size} neurons, A = {A:g}, B = {B:g}, R = {R:g}, C = {C:g}; fed by {sources}"
    )
for step in plan.program.steps:
    print(f"step    {step.name!r}: ties {step.spike!r} to {step.potential!r}")
for term in plan.program.terms:
    print(f"{term.role:7} {term.name}, times {term.scale:g}, on {', '.join(term.variables)}")
print()

# %% [markdown]
# ## Trace form
#
# Solved for v, an affine coupling is a *convolution* (written *), a sum over the past in which what was k steps ago has
# weight k:
#
#     v = kappa * (W input + b) + eta * s,     kappa[k] = C A^k B,     eta[0] = 0,  eta[k] = C A^(k-1) R.
#
# For this LIF neuron kappa[k] = beta^k and eta[k] = -theta beta^(k-1). kappa * input is the *trace* of the input, hence *trace
# form*; the other one, step after step, is called *difference form*. With s held, v is linear in W, and with W held it is
# linear in s. Both solve the same equation, as a rollout (the network run forward, here with random weights) shows.

# %%
T = 10
d = so.data.digits(samples=200)
dynamics = plan.program.by_name["hidden"].dynamics
kappa, eta = kernel(dynamics, T)[:, 0], reset_kernel(dynamics, T)[:, 0]
print("kappa:", " ".join(f"{k:6.3f}" for k in kappa[:5]), "...")
print("eta:  ", " ".join(f"{e:6.3f}" for e in eta[:5]), "...")

rng = np.random.default_rng(0)
W, b = rng.normal(size=(20, 64)) / 4, rng.normal(size=20) / 4
weights = {"hidden.weight": W, "hidden.bias": b}
weights |= {"readout.weight": rng.normal(size=(10, 20)), "readout.bias": np.zeros(10)}
trace = so.simulate(network, weights, d.X_train, timesteps=T)["hidden"]


def convolve(k: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """``(k * signal)[t] = sum_j k[j] signal[t - j]`` along the first axis."""
    return np.stack([sum(k[j] * signal[t - j] for j in range(t + 1)) for t in range(len(signal))])


current = np.broadcast_to(d.X_train @ W.T + b, (T, len(d.X_train), 20))
difference = np.abs(convolve(kappa, current) + convolve(eta, trace.spikes) - trace.potentials).max()
print(f"Largest difference of v, trace form against the rollout: {difference:.0e}\n")

# %% [markdown]
# ## Blocks
#
# The second stage turns the dynamics into *penalties*: rho/2 ||v - kappa * (W input + b) - eta * s||^2, so that v may be
# asked to be something else than what the present weights make of it, at a price rho. It then says which variables are moved
# together. That is a *block*: with all else held, it is a quadratic, perhaps with a step, a loss or a penalty in it.
#
# `plan.explain()` goes from the network's end to its beginning. For each block it shows `over` what is minimised, what it
# `minimises`, the `update` that solves it, and the formulas that were `tried` and why they did not fit. W_0 is the weight
# before the update, mu and m are weights of penalties that keep an update near something.

# %%
print(plan.explain(), "\n")

# %% [markdown]
# In words, from the last layer to the first, for one batch of data that has just been rolled out:
#
# 1. *The read-out.* Its neurons do not spike, so the loss is a convex function of its weights. One step of Newton's method,
#    with a curvature that is never too small (*majorised*), makes it smaller.
# 2. *The potentials of the hidden layer.* The `demand` is minus the derivative of the loss by each hidden spike, a wish:
#    more, or fewer. A potential can answer only near its threshold. With a random offset xi of the threshold (*dither*), the
#    expected spike E H(v - theta - xi) has a slope p(v - theta), which is not made up: it is the density of xi. v moves by
#    demand times p / rho.
# 3. *The weights of the hidden layer.* They are fitted to the wanted potentials: least squares.
# 4. *Their copy.* L1, the sum of |W|, has a kink at 0, and least squares cannot hold it. So it acts on a *copy* V, with U as the
#    multiplier of W = V; its closed form makes small weights exactly 0, and V is what the network is run with.
#
# ## One closed form by hand
#
# A closed form can be called alone. Here is block 3: features phi = kappa * pixels (and kappa * 1, for the bias), wanted
# changes dv of the potentials, made up here. The minimiser of
#
#     mean over samples of  sum_t  rho/2 ||dW phi[t] - dv[t]||^2   +   mu/2 ||dW||^2
#
# satisfies (G + mu I) dW' = c, where G = rho sum phi phi', c = rho sum phi dv'. G and c are sums over samples, as many numbers
# as there are weights, whatever the number of samples: that is why large data cost no memory.

# %%
rho, mu, N = 0.7, 0.1, len(d.X_train)
ones = np.ones((T, N, 1))
phi = convolve(kappa, np.concatenate([np.broadcast_to(d.X_train, (T, N, 64)), ones], axis=2))  # [T, N, 65]
dv = 0.1 * rng.normal(size=(T, N, 20))
G, c = rho * np.einsum("tnj,tnk->jk", phi, phi) / N, rho * np.einsum("tnj,tnc->jc", phi, dv) / N
start = np.concatenate([W, b[:, None]], axis=1)
dW = RidgeWeights.solve(G, c, start, np.zeros(65), mu)


def objective(change: np.ndarray) -> float:
    """The block's objective, as written above."""
    return float(rho / 2 * ((phi @ change.T - dv) ** 2).sum() / N + mu / 2 * (change**2).sum())


slope = dW @ G + mu * dW - c.T  # its derivative
others = min(objective(dW + size * rng.normal(size=dW.shape)) for size in (1e-4, 1e-3, 1e-2) for _ in range(20))
print(f"Objective at the closed form {objective(dW):.6f}, at dW = 0 {objective(0 * dW):.6f};")
print(f"the least of 60 points nearby {others:.6f}.")
print(f"Largest derivative at the closed form {np.abs(slope).max():.0e}, at dW = 0 {np.abs(c).max():.0e}.\n")

# %% [markdown]
# ## Another algorithm, other blocks
#
# The blocks are the algorithm's choice. `online` and `rollout` begin every sweep at a rollout, where all equations hold. The
# others are ADMMs that keep v and s as variables of their own, which need not agree with each other until the end.

# %%
for name in ("online", "rollout", "perin2025", "full_dual"):
    other = so.compile(problem, name)
    print(f"{name}, {other.algorithm.form} form")
    for binding in other.bindings:
        print(f"    {binding.block.name:20} {binding.title}")
print()

# %% [markdown]
# Every one of these formulas can be held against an independent answer: `so.verify(plan)`, tutorial 03.
#
# ## Where no closed form exists
#
# Then compiling is an error. It names the layer, the block, and what is in the way. Here, two terms that have a closed form
# each, and none together (tutorial 04 derives one): the *group lasso*, sum over pixels j of the norm of all weights from j,
# which switches whole pixels off, and bounds on each weight.

# %%
groups = so.CrossEntropy(readout) + 1e-2 * so.GroupLasso(hidden.weights)
try:
    so.compile(so.Problem(network, groups, [so.Box(hidden.weights, -0.5, 0.5)]), "online")
except so.CompileError as error:
    print(f"CompileError: {error}\n")

# %% [markdown]
# It is also an error where an algorithm's own splitting has none. `full_dual` solves for all spikes of a layer at once; where
# a layer reads its own spikes (a *recurrent* layer), they stand in its residual twice.

# %%
loop = so.LIF(beta=0.9, name="loop", recurrent=so.Dense())(so.Dense(20)(x))
out = so.LI(beta=0.9, name="out")(so.Dense(10)(loop))
try:
    so.compile(so.Problem(so.Network(x, out), so.CrossEntropy(out)), "full_dual")
except so.CompileError as error:
    print(f"CompileError: {error}\n")

# %% [markdown]
# ## Or let CVXPY solve the block
#
# Anything convex can be said in the words of CVXPY, a general modelling language: here, that the absolute weights into a
# neuron add up to at most 3. `on_missing="cvxpy"` lets its solvers do the block that has no closed form, in every sweep. That
# is slow, and `explain` says so in capitals, with the time that it measured; all other blocks keep their formulas.

# %%
budget = so.cvx(hidden.weights, lambda w: cp.norm(w, 1, axis=1) <= 3)
limited = so.compile(
    so.Problem(network, so.CrossEntropy(readout), [budget]),
    so.algorithms.Online(epochs=args.epochs),
    on_missing="cvxpy",
)
print(next(part for part in limited.explain().split("\n\n") if "CVXPY FALLBACK" in part))
print(limited.explain().splitlines()[-1], "\n")

free = so.compile(so.Problem(network, so.CrossEntropy(readout)), so.algorithms.Online(epochs=args.epochs))
for name, each in (("with CVXPY", limited), ("without the constraint", free)):
    result = each.solve(d.X_train, d.y_train, timesteps=T, seed=0)
    most = np.abs(result.weights["hidden.weight"]).sum(axis=1).max()
    print(
        f"{name:22}  largest sum of |weights| into a neuron: {most:.5f}; training loss {result.history['loss'][-1]:.3f}"
    )
