# %% [markdown]
# # Two sites that may not share data
#
# Two sites have samples of the same kind that may not leave them, say for law. Here one has the handwritten digits 0 to 4, the
# other 5 to 9, so that neither can learn all ten alone. `federated` has them agree on one network:
#
#     w_i <- a pass of online over the site's samples, held near z - u_i
#     z   <- mean of w_i + u_i over all samples        u_i <- u_i + dual_step (w_i - z)
#
# This is consensus ADMM (Boyd et al. 2011, section 7.1): each site minimises its own loss under the constraint that its weights
# are everyone's, and the scaled duals u_i add up, over the rounds, what a site wants to be different. What travels are weights
# and duals, and for the history each site's number of samples, loss, hits and number of spikes, the largest value of its inputs
# and a checksum. No sample does. Weights do tell something of the data that they were trained on, and nothing here hides that.
#
#     .venv/bin/python tutorials/11_two_sites.py         some ten seconds; needs scikit-learn
#
# Each shard of `so.Shards` is a site. Here both are in this process; with `executor=so.DaskExecutor(client)` and a function or a
# file for each shard, a site's samples are read by one of the workers, and by no other while that one lives. (Dask may move a
# shard to another worker where one dies. Where that must not be, give each site's file a path that only its own worker has.)

# %%
import numpy as np

import snnopt as so
from snnopt.data import digits
from snnopt.report.baseline import random_hidden_baseline

SEEDS, ROUNDS = 3, 20


def problem():
    """64-60-10."""
    x = so.Input(64, name="pixels")
    h = so.LIF(beta=0.9, name="hidden")(so.Dense(60)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean"))


# %% [markdown]
# ## Alone, together, and agreed
#
# Test accuracies on all ten digits. The *random hidden layer*, with a read-out solved on all samples, is what no training of the
# hidden layer gives. *Together* is what sites that may share data would get. *Without duals* is the same exchange
# of weights with `dual_step` next to nothing: their mean, which forgets from round to round what each site wanted.

# %%
rows = {
    name: [] for name in ("random hidden layer", "site A alone", "site B alone", "without duals", "agreed", "together")
}
for seed in range(SEEDS):
    d = digits(seed=seed)
    low = d.y_train < 5
    parts = [(d.X_train[some], d.y_train[some]) for some in (low, ~low)]
    online = so.compile(problem(), "online")
    random = random_hidden_baseline(problem(), d.X_train, d.y_train, d.X_test, d.y_test, timesteps=10, seed=seed)
    rows["random hidden layer"].append(random.test)
    for name, (X, y) in zip(("site A alone", "site B alone"), parts, strict=True):
        rows[name].append(online.solve(X, y, timesteps=10, seed=seed).score(d.X_test, d.y_test))
    for name, dual_step in (("without duals", 1e-9), ("agreed", 0.3)):
        plan = so.compile(problem(), so.Federated(rounds=ROUNDS, dual_step=dual_step))
        result = plan.solve(so.Shards(parts), timesteps=10, seed=seed)
        rows[name].append(result.score(d.X_test, d.y_test))
    rows["together"].append(online.solve(d.X_train, d.y_train, timesteps=10, seed=seed).score(d.X_test, d.y_test))

print(f"test accuracy, mean of {SEEDS} seeds (lowest to highest)")
for name, found in rows.items():
    print(f"{name:20} {100 * np.mean(found):6.1f}%  ({100 * min(found):.1f} to {100 * max(found):.1f})")

# %% [markdown]
# ## How far apart they are
#
# The history's `primal` is how far the sites' weights are from the agreed ones, root mean square; its `dual` is how far those
# moved in the round, times the pull. The second falls with the step; the first does not reach zero, as a round ends with each
# site's own passes.

# %%
print(result.history.table(last=5))
numbers = sum(w.size for w in result.weights.values())
print(
    f"\na round sends each site weights and duals, {2 * 4 * numbers / 1e3:.0f} kB, and gets back {4 * numbers / 1e3:.0f} kB"
)
