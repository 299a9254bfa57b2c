"""Diagrams of networks and plans: pictures, and text for Mermaid."""

from snnopt.report.draw.mermaid import mermaid
from snnopt.report.draw.picture import draw

__all__ = ["draw", "mermaid"]
