"""Models and plans as mathematics in LaTeX."""

from snnopt.report.latex.document import latex, lines

__all__ = ["latex", "lines"]
