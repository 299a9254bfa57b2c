"""What a verification found: a row for each block, and for each failure an instance to paste into a test."""

from __future__ import annotations

from dataclasses import dataclass

HEADINGS = ("block", "rule", "objective gap", "violation", "distance", "instances", "seconds", "verdict")


class VerificationError(AssertionError):
    """A closed form failed its oracle, or has none. The message is the report."""


@dataclass(frozen=True)
class Failure:
    """What went wrong, on which kind of instance, and Python that shows it (empty where there is no oracle)."""

    reason: str
    instance: str = ""
    code: str = ""


@dataclass(frozen=True)
class Row:
    """One block and the rule bound to it.

    ``gap``, ``violation`` and ``distance`` are the worst over all instances (relative; distance None where no
    minimiser was unique); ``instances`` counts extremes and random ones.
    """

    block: str
    rule: str
    gap: float
    violation: float
    distance: float | None
    instances: int
    seconds: float
    failure: Failure | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        numbers = [f"{x:.1e}" if x is not None and x == x else "-" for x in (self.gap, self.violation, self.distance)]
        verdict = "ok" if self.instances else "solved by CVXPY itself"
        verdict = verdict if self.failure is None else f"FAILED: {self.failure.reason}"
        return (self.block, self.rule, *numbers, str(self.instances), f"{self.seconds:.2f}", verdict)


@dataclass(frozen=True)
class Report:
    """Rows in the order of the plan; ``passed`` only if every one is ok."""

    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every closed form agrees with its oracle."""
        return not self.failures

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows that failed."""
        return tuple(r for r in self.rows if r.failure is not None)

    def raise_if_failed(self) -> Report:
        """Return the report itself if all passed.

        Raises
        ------
        VerificationError
            Some closed form failed, or has no oracle.
        """
        if not self.passed:
            raise VerificationError(f"{len(self.failures)} of {len(self.rows)} closed forms failed\n\n{self}")
        return self

    def __str__(self) -> str:
        table = [HEADINGS, *(r.cells for r in self.rows)]
        widths = [max(len(line[k]) for line in table) for k in range(len(HEADINGS) - 1)]
        table.insert(1, (*("-" * w for w in widths), "-" * len(HEADINGS[-1])))
        lines = ["  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip() for line in table]
        by_rule: dict[str, list[tuple[Row, Failure]]] = {}
        for row in self.failures:
            if row.failure is not None and row.failure.code:
                by_rule.setdefault(row.rule, []).append((row, row.failure))
        for rule, found in by_rule.items():
            row, failure = min(found, key=lambda pair: len(pair[1].code))
            several = f", the shortest of {len(found)} (all: report.failures)" if len(found) > 1 else ""
            head = f"{rule} on {row.block}, instance {failure.instance!r}, cut down as far as it still fails{several}:"
            lines += ["", head, "", failure.code]
        held = [r for r in self.rows if r.instances or r.failure is not None]
        passed = len(held) - len(self.failures)
        return "\n".join([*lines, "", f"{passed} of {len(held)} closed forms agree with their oracles."])
