"""A result as one page of HTML that needs nothing else."""

from snnopt.report.html.document import html_report

__all__ = ["html_report"]
