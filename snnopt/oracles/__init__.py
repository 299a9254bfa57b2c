"""Independent answers to hold closed forms against, and the reports of doing so."""

from snnopt.oracles.case import Case
from snnopt.oracles.judge import Verdict, judge
from snnopt.oracles.oracle import Extreme, Oracle
from snnopt.oracles.report import Report, Row, VerificationError
from snnopt.oracles.table import ORACLES
from snnopt.oracles.verification import verify, verify_rule

__all__ = [
    "ORACLES",
    "Case",
    "Extreme",
    "Oracle",
    "Report",
    "Row",
    "Verdict",
    "VerificationError",
    "judge",
    "verify",
    "verify_rule",
]
