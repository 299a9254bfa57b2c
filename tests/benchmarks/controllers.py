"""Penalty controllers beside fixed penalties: iterations to what the best of a 3 x 3 grid reaches in 300.

Run: ``OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.controllers [--algorithm perin2025] [--iterations 300]``. The stand-in
for N-MNIST, 17 x 17, 200 samples, one hidden layer of 128, the published loss. rho in {0.1, 1, 10} times sigma in {0.01, 0.1, 1};
controllers start from rho = 1, sigma = 0.1, on all couplings that they suit. Accuracy is that of the rolled-out weights on the
training set, the best so far. Prints JSON lines; a run stops when it reaches the target.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

import snnopt as so
from models import saccades_perin2025
from snnopt.data import Dataset, saccade_digits
from snnopt.penalties import Controller

RHOS, SIGMAS = (0.1, 1.0, 10.0), (0.01, 0.1, 1.0)
CONTROLLERS: dict[str, Controller] = {
    "geometric": so.Geometric(growth=1.02, cap=100.0),
    "residual balancing": so.ResidualBalancing(),
    "relative residual balancing": so.RelativeBalancing(),
    "OSQP's rule": so.OSQPRule(),
    "spectral": so.Spectral(),
    "flip share": so.FlipShare(),
    "flip share, 0.3%": so.FlipShare(share=0.003),
}


def penalties(rho: float, sigma: float, control: Controller, steps_only: bool) -> dict[str, Any]:
    """Both kinds, controlled, or the steps alone."""
    dynamics = so.Quadratic(rho) if steps_only else so.Quadratic(rho, control=control)
    return {"dynamics": dynamics, "step": so.ExactStep(sigma, control=control)}


def run(plan: so.Plan, d: Dataset, chosen: dict[str, Any], target: float, iterations: int) -> dict[str, Any]:
    """Iterations to a training accuracy, and the best one."""

    def stop(record: so.Record) -> None:
        if record.accuracy >= target:
            raise KeyboardInterrupt

    result = plan.solve(d.X_train, d.y_train, penalties=chosen, callback=stop)
    accuracy = result.history["accuracy"]
    assert isinstance(accuracy, np.ndarray)
    first = int(np.argmax(accuracy >= accuracy.max()))
    ends = {n: float(f"{v[-1]:.3g}") for n, v in result.history["penalty"].items()}  # type: ignore[union-attr]
    reached = bool(accuracy.max() >= target)
    return {
        "best": round(100 * float(accuracy.max()), 1),
        "first at": int(result.history[first].iteration),
        "reached": reached,
        "iterations": len(accuracy),
        "seconds": round(float(result.history[-1].seconds), 1),
        "status": "" if result.status.name in ("MAX_ITER", "INTERRUPTED") else str(result.status),
        "penalties at the end": ends,
    }


def main() -> None:
    """Measure the grid, then the controllers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--algorithm", default="full_dual", choices=("perin2025", "full_dual"))
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--target", type=float, default=0.0, help="skip the grid: the accuracy to reach, as a share")
    arguments = parser.parse_args()
    d, problem = saccade_digits(), saccades_perin2025.build()
    plan = so.compile(problem, so.algorithms.ALGORITHMS[arguments.algorithm](max_iter=arguments.iterations))  # type: ignore[call-arg]
    best = arguments.target
    if not best:
        for rho in RHOS:
            for sigma in SIGMAS:
                row = run(plan, d, penalties(rho, sigma, so.Fixed(), False), 2.0, arguments.iterations)
                best = max(best, row["best"] / 100)
                print(json.dumps({"algorithm": arguments.algorithm, "fixed": [rho, sigma], **row}), flush=True)
    for name, control in CONTROLLERS.items():
        for steps_only in (False, True):
            if control.steps_only and not steps_only:
                continue
            on = "step" if steps_only else "all"
            row = run(plan, d, penalties(1.0, 0.1, control, steps_only), best, arguments.iterations)
            line = {"algorithm": arguments.algorithm, "controller": name, "on": on, "target": 100 * best, **row}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
