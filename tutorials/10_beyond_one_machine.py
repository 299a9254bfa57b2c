# %% [markdown]
# # Beyond one machine
#
# Training in snnopt needs of the samples only *sums*: Gram matrices, cross products, losses, counts, and histograms with fixed
# edges for the quantiles of the trust region. Sums add up. So the samples may be anywhere: in a file that is larger than memory,
# or on other machines. This tutorial streams a data set from disk, trains on two worker processes, counts what travels, and
# works out how far that goes.
#
#     .venv/bin/python tutorials/10_beyond_one_machine.py         some ten seconds; needs dask.distributed and scikit-learn
#
# ## Data larger than memory
#
# `so.Shards` is a data set in parts: pairs (X, y) of arrays or memory maps, `.npz` files, pairs of `.npy` files, functions that
# load a part, HDF5 data sets (`so.Shards.cut`), generators (`so.Shards.spooled` writes them to files first). Only one part is
# in memory at a time. Arrays are cut where `executor=so.LocalExecutor(samples=4096)` is given: one argument more.
#
# ## Other machines
#
# `executor=so.DaskExecutor(client)` is the same with the workers of a Dask cluster. Each iteration of `rollout` on a network of
# L hidden layers takes **2 + 2 L rounds**, in each of which numbers go out to the workers and sums come back:
#
# | round | goes out | comes back, summed over samples |
# |---|---|---|
# | 1 | all weights | loss, hits, spikes; Gram and cross products of the read-out |
# | 2 | new read-out weights | loss and hits with them; absolute demand on layer L |
# | 3 | rho of layer L | histogram of the scores of its flips |
# | 4 | sigma of layer L | flips; absolute demand on layer L - 1 |
# | 5, 6 | the same for layer L - 1, and so on to layer 1 | in the last round Gram and cross products of all hidden weights |
#
# Layers that feed themselves save two rounds from the second iteration on, budgets of spikes cost one more. The sums of a
# worker's shards are added there, those of workers in a tree. What is solved is solved once, where `solve` was called. A worker
# keeps what it found in earlier rounds while it has room; a worker that has lost it, or a new one, is told the whole iteration
# and recomputes it. Nothing else depends on a worker, and the weights are the same to rounding whatever the sharding, though
# not to the same bits.
#
# `online` takes one shard of each worker at a time, and its mini-batches are drawn from these, each worker's share of its own;
# 2 rounds a batch (3 in every eighth batch). Demands, widths of the dither, cross products and Gram sums are summed over the
# whole batch before weights move, so a batch on ten workers is one batch, not ten. What differs from data in memory: which
# samples meet in a batch (those of shards that are visited together), and the evenly spread samples that renew Gram sums.

# %%
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster

import snnopt as so


def plan(iterations):
    """64-40-30-10, in double precision, so that equal can mean equal."""
    x = so.Input(64, name="pixels")
    h1 = so.LIF(beta=0.9, name="h1")(so.Dense(40)(x))
    h2 = so.LIF(beta=0.9, name="h2")(so.Dense(30)(h1))
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(h2))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean"))
    return so.compile(problem, so.Rollout(max_iter=iterations, dtype="float64"))


def apart(a, b):
    """The largest difference of weights, relative to the largest weight."""
    return max(np.abs(a.weights[n] - w).max() / np.abs(w).max() for n, w in b.weights.items())


# %% [markdown]
# ## What travels
#
# For a chain of dense layers n_0 - n_1 - ... - n_L - C with biases, input held constant, cross-entropy, b bytes a number. To each
# worker in an iteration: all weights P, the read-out's once more, and a few numbers of 8 bytes. From each worker: the read-out's
# Gram and cross products, a cross product for every hidden weight and a Gram matrix for all but the first, whose input does not
# change (it comes once, in the first iteration), and 1538 counts a layer. Neither depends on the number of samples.


# %%
def bytes_down(layers, classes, b):
    """To each worker, in an iteration."""
    widths = [n + 1 for n in layers]  # with the bias column
    weights = sum(n * m for n, m in zip(widths, [*layers[1:], classes], strict=True))
    hidden = len(layers) - 1
    return b * (weights + classes * widths[-1]) + 8 * (1 + 6 * hidden)


def bytes_up(layers, classes, b):
    """From each worker, in an iteration but the first, which has ``b (n_0 + 1)^2 + 8`` more."""
    widths = [n + 1 for n in layers]
    hidden = len(layers) - 1
    readout = widths[-1] * classes + widths[-1] ** 2
    cross = sum(n * m for n, m in zip(widths, layers[1:], strict=False))
    grams = sum(n**2 for n in widths[1:-1])
    return b * (readout + cross + grams) + 8 * (1538 * hidden + 7 + 3 * hidden + hidden - 1)


def main():
    """Stream, distribute, count."""
    d = so.data.digits()
    iterations, layers = 6, [64, 40, 30]
    here = plan(iterations).solve(d.X_train, d.y_train, timesteps=10)
    print(f"in memory:            loss {here.history[-1].loss:.6f}")

    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "x.npy", d.X_train)
        mapped = np.load(Path(folder) / "x.npy", mmap_mode="r")
        executor = so.LocalExecutor(samples=200, memory=1)  # bytes: keep no shard, read it in every round
        streamed = plan(iterations).solve(mapped, d.y_train, timesteps=10, executor=executor)
        print(f"streamed from disk:   loss {streamed.history[-1].loss:.6f}, weights {apart(here, streamed):.0e} apart")

    quiet = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster, Client(cluster) as client:
        executor = so.DaskExecutor(client, timeout=60)
        spread = plan(iterations).solve(d.X_train, d.y_train, timesteps=10, executor=executor)
    print(f"on two workers:       loss {spread.history[-1].loss:.6f}, weights {apart(here, spread):.0e} apart")
    assert apart(here, streamed) < 1e-10 and apart(here, spread) < 1e-10

    t = executor.traffic
    down, up = bytes_down(layers, 10, 8), bytes_up(layers, 10, 8)
    print(f"rounds:               {t.rounds / iterations:g} an iteration")
    print(f"bytes an iteration:   {t.down / iterations:.0f} down, {(t.up - 8 * 65**2 - 8) / iterations:.0f} up")
    print(f"by the formulas:      {down} down, {up} up\n")
    assert t.rounds == iterations * 6
    assert t.down == iterations * down and t.up == iterations * up + 8 * 65**2 + 8

    # ## How far does it go?
    #
    # 784-1000-1000-10 in single precision, 10^9 samples of T = 10, 1000 workers. What follows is arithmetic from the formulas and
    # from stated rates, nothing that was run: 1 GB/s for each network card, 20 GFLOP/s for each worker's products, and a
    # millisecond of the scheduler's time for each task.
    layers, workers, samples, steps, rate, flops, task = [784, 1000, 1000], 1000, 10**9, 10, 1e9, 20e9, 1e-3
    down, up = bytes_down(layers, 10, 4), bytes_up(layers, 10, 4)
    rounds = 2 + 2 * 2
    own = samples / workers
    mult = 2 * (784 * 1000 + steps * (1000 * 1000 + 1000 * 10))  # forward, a sample
    work = own * (3 * mult + 2 * steps * 1000 * 1000) / flops  # forward, back, cross products; and a Gram matrix
    tree = np.ceil(np.log(workers) / np.log(4)) * up / rate
    print(f"784-1000-1000-10, {workers} workers, {samples:.0e} samples, an iteration:")
    print(f"  work of a worker                      {work:8.1f} s")
    print(f"  {up / 1e6:.1f} MB up, added in a tree of fours  {4 * tree:8.3f} s")
    print(f"  {down / 1e6:.1f} MB down, relayed by one scheduler {down * workers / rate:8.1f} s")
    print(f"  {rounds} rounds of {workers} tasks and their sums {rounds * workers * 4 / 3 * task:8.1f} s")
    print(
        "The scheduler breaks first: weights go through it to every worker one by one. With 10^6 samples instead, it takes"
    )
    print(f"{(down * workers / rate + rounds * workers * 4 / 3 * task) / (work / 1000):.0f} times as long as the work.")


if __name__ == "__main__":
    sys.exit(main())
