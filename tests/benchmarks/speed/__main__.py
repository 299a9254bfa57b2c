"""Time to a stated test accuracy: ours beside tuned competitors, on the same arrays, network, machine and threads.

Run: ``python -m tests.benchmarks.speed [--quick] [--suite NAME ...] [--peer NAME ...] [--seeds 3] [--threads N] [--json PATH]
[--plot PATH]``; without ``--suite`` it runs all, with ``--quick`` the small ones over a smaller grid. It prints Markdown.

Rules. The clock counts training alone: it starts with the arrays in memory, runs while a side declares, compiles and trains, and
stands still during evaluations on the test data, which follow every epoch of ours and every quarter of an epoch of a peer. Both
sides may use the same number of threads; a peer takes one where that is faster for it, and our engine where products are small.
Run lengths are each side's own choice, and with them our step's fall and a peer's cosine. All choices are made by mean time to
the target on tuning seeds, which are not timed, then by accuracy: ours among a few numbers of epochs, on three seeds everywhere,
as its shortest runs end near the target; a peer's among learning rates {1e-3, 2e-3, 5e-3, 1e-2} x slopes {5, 25} x {constant,
cosine at several lengths}, at the batch size found before that, on one seed with ``--quick`` and on the large suites, on three
else. Settings that never reach the target count as infinite; a run that is already slower than the best is stopped, which changes
no winner. On the large suites the worse half of a peer's settings leaves again and again, and its cosine's length is chosen last.
Each side is warmed up, then timed on every seed in turn, the order changing from seed to seed. A peer's first product is taken
out of its loop over time, and its layers may run one after the other.

Peak memory is the growth of the resident set in a process of its own; the share of products is torch's profiler's for a peer, and
for ours an estimate from every product and solve timed alone at its shape.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tests.benchmarks.speed import machine, report
from tests.benchmarks.speed.measure import Row, measure, say
from tests.benchmarks.speed.sides import OURS, PEERS
from tests.benchmarks.speed.suites import SUITES

ALL = "all"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--suite", nargs="+", choices=(*SUITES, ALL), help="what to measure; all by default")
    parser.add_argument(
        "--peer",
        nargs="*",
        choices=tuple(PEERS),
        help="against whom; all that are installed by default, snnTorch alone with --quick",
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=machine.cores(), help="for both sides; all cores by default")
    parser.add_argument(
        "--quick", action="store_true", help="a smaller grid, and the small suites unless some are named"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every number there")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw accuracy against time there")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and write."""
    args = arguments()
    named = args.suite or [n for n, s in SUITES.items() if s.quick or not args.quick]
    names = list(SUITES) if ALL in named else named
    peers = []
    usual = list(PEERS)[:1] if args.quick else list(PEERS)
    for short in usual if args.peer is None else args.peer:
        if lacking := PEERS[short].missing():
            say(f"without {PEERS[short].name}: not installed: {', '.join(lacking)}")
        else:
            peers.append(PEERS[short])
    sides = [OURS, *peers]
    about: dict[str, Any] = machine.machine(args.threads)
    about["versions"] = {k: v for side in sides for k, v in side.versions().items()}
    print("\n".join(f"- {k}: {v}" for k, v in about.items()) + f"\n\n{report.heading()}", flush=True)
    rows: list[Row] = []
    with machine.limited_to(args.threads):
        for name in names:
            rows.append(measure(name, SUITES[name], sides, args.seeds, args.threads, args.quick))
            print(report.lines(rows[-1]), flush=True)
            if args.json:
                written = about | {"load after": machine.load(), "rows": [row.as_dict() for row in rows]}
                args.json.write_text(json.dumps(written, indent=1))
    if args.plot:
        from tests.benchmarks.speed.plot import draw

        draw(rows, args.plot)
    print("\n" + "\n".join(report.lost(rows) or ["ours is the faster one wherever both or either reach the target"]))
    if args.quick:
        print("\nThis was a part, on a small grid. All of it, for hours: make bench ARGS='--suite all'")


if __name__ == "__main__":
    main()
