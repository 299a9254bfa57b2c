"""The signs of the LaTeX that this package writes, and what they are in MathML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from snnopt.report.html.markup import Html, joined, tag
from snnopt.report.latex.symbols import ACCENTS, GREEK, SIGNS

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)
LETTERS = {command: c for group, commands in GREEK.items() for c, command in zip(group, commands.split(), strict=True)}
LETTERS |= {r"\ell": "ℓ", r"\infty": "∞", r"\partial": "∂", r"\nabla": "∇", r"\backslash": "\\"}
RELATIONS = {"=": "=", "<": "<", ">": ">", r"\leq": "≤", r"\geq": "≥", r"\in": "∈", r"\neq": "≠", r"\leftarrow": "←"}
ADDITIONS = {"+": "+", "-": "−"}
OPERATORS = {
    **{c: c for c in "*/,.;:!?@|()[]"},
    r"\times": "×",
    r"\odot": "⊙",
    r"\cdot": "·",
    r"\ldots": "…",
    r"\forall": "∀",
    r"\downarrow": "↓",
    r"\|": "‖",
    r"\{": "{",
    r"\}": "}",
    r"\langle": "⟨",
    r"\rangle": "⟩",
}
SPACES = {r"\,": "0.17em", r"\;": "0.28em", r"\ ": "0.25em", r"\quad": "1em"}
FUNCTIONS = {r"\log": "log", r"\min": "min", r"\max": "max"}
WIDE = {r"\sum": "∑"}
BELOW = frozenset({*WIDE, r"\min", r"\max"})
"""What has its limits above and below."""
HUNG = {
    (False, True, False): "msub",
    (False, False, True): "msup",
    (False, True, True): "msubsup",
    (True, True, False): "munder",
    (True, False, True): "mover",
    (True, True, True): "munderover",
}
"""The element by whether limits stand above and below, and which of the two there are."""
MARKS = {f"\\{command}": mark for mark, command in ACCENTS.items()}
UPRIGHT = {written: sign for sign, written in SIGNS.items() if written.startswith("{")}
"""What names in roman type hold for signs that LaTeX has no bare ones of, turned back."""


def plain(raw: str) -> str:
    """What stands in roman type, as text."""
    for written, meant in UPRIGHT.items():
        raw = raw.replace(written, "\\" + meant)
    out, tokens = "", TOKEN.findall(raw)
    while tokens:
        token = tokens.pop(0)
        if token in MARKS and len(tokens) > 2 and tokens[0] == "{":
            out += unicodedata.normalize("NFC", tokens[1] + MARKS[token])
            del tokens[:3]
        elif token == r"\ ":
            out += "\u00a0"
        elif token in LETTERS and token != r"\backslash":
            out += LETTERS[token]
        elif token not in "{}" and not token.isspace():
            out += token[1:] if len(token) == 2 and token[0] == "\\" else token
    return out


def _infix(sign: str) -> Html:
    return tag("mo", sign, form="infix")


def _operator(sign: str) -> Html:
    return tag("mo", sign, stretchy="false")


def _function(name: str) -> Html:
    return joined(tag("mi", name), tag("mspace", width="0.17em")) if name == "log" else tag("mi", name)


def _space(width: str) -> Html:
    return tag("mspace", width=width)


def _letter(sign: str) -> Html:
    return tag("mi", sign)


def _large(sign: str) -> Html:
    return tag("mo", sign, largeop="true", movablelimits="false")


SIMPLE: tuple[tuple[dict[str, str], Callable[[str], Html]], ...] = (
    (RELATIONS, _infix),
    (ADDITIONS, _infix),
    (WIDE, _large),
    (FUNCTIONS, _function),
    (SPACES, _space),
    (LETTERS, _letter),
    (OPERATORS, _operator),
)
"""Symbols of one token, and what they become."""
MARK_SIGNS = {
    command: {"hat": "^", "bar": "¯", "tilde": "~", "dot": "˙", "ddot": "¨", "check": "ˇ", "breve": "˘"}.get(
        command[1:], mark
    )
    for command, mark in MARKS.items()
}
