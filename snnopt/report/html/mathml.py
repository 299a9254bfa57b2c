"""The LaTeX that this package writes, as MathML, which browsers set without a script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

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
UPRIGHT = {
    r"{\backslash}": "\\",
    r"{\uparrow}": "^",
    r"{\sim}": "~",
    r"{\wedge}": "&",
    r"{\sharp}": "#",
    r"{\prime}": "'",
    r"{\prime\prime}": '"',
}
"""What names in roman type hold for signs that LaTeX has no bare ones of, turned back."""
assert set(UPRIGHT) == {v for v in SIGNS.values() if v.startswith("{")}


class NotRead(ValueError):
    """The LaTeX is none that this package writes."""


def pieces(latex: str) -> list[Html]:
    """One equation as ``<math>`` elements, broken where a line may break: before relations, additions, and after wide spaces.

    Raises
    ------
    NotRead
        It is none that this package writes.
    """
    reader = _Reader(latex)
    return [tag("math", *piece, displaystyle="true") for piece in reader.broken()]


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, latex: str) -> None:
        self.tokens = TOKEN.findall(latex)
        self.at = 0

    def broken(self) -> Iterator[list[Html]]:
        """The addends and sides of an equation."""
        piece: list[Html] = []
        while self.at < len(self.tokens):
            token = self.peek()
            if token in RELATIONS or (token in ADDITIONS and piece):
                if piece:
                    yield piece
                piece = []
            found = self.atom()
            if token != r"\quad":
                piece += found
            elif piece:
                yield piece
                piece = []
        if piece:
            yield piece

    def peek(self) -> str:
        """The next token that is not white space; empty at the end."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        """The next token, read."""
        token = self.peek()
        if not token:
            raise NotRead("it ends too early")
        self.at += 1
        return token

    def group(self) -> Html:
        """What stands in braces, or one atom, as one element."""
        if self.peek() != "{":
            return _row(self.nucleus(self.take()))
        self.take()
        return _row(self.until("}"))

    def until(self, end: str) -> list[Html]:
        """Atoms up to a token, which is read too."""
        out: list[Html] = []
        while self.peek() != end:
            out += self.atom()
        self.take()
        return out

    def atom(self) -> list[Html]:
        """A nucleus with what hangs on it."""
        token = self.take()
        base = self.nucleus(token)
        hung: dict[str, Html] = {}
        while self.peek() in ("_", "^") and self.peek() not in hung:
            sign = self.take()
            hung[sign] = self.group()
        if not hung:
            return base
        name = HUNG[token in BELOW, "_" in hung, "^" in hung]
        parts = [hung[s] for s in ("_", "^") if s in hung]
        return [tag(name, _row(base), *parts)]

    def nucleus(self, token: str) -> list[Html]:
        """An atom without its indices."""
        if token == "{":
            return [_row(self.until("}"))]
        if token == r"\mathrm":
            return [self.upright()]
        if token == r"\frac":
            return [tag("mfrac", self.group(), self.group())]
        if token == r"\left":
            return [self.fenced()]
        if token in MARKS:
            return [tag("mover", self.group(), tag("mo", MARK_SIGNS[token], stretchy="false"), accent="true")]
        for known, make in SIMPLE:
            if token in known:
                return [make(known[token])]
        if token[0].isdigit():
            return [tag("mn", token)]
        if token == "'":
            return [tag("mo", "′")]
        if len(token) == 1 and token.isalpha():
            return [tag("mi", token)]
        raise NotRead(f"{token!r} is no symbol of ours")

    def fenced(self) -> Html:
        r"""``\left( ... \right)``."""
        left = self.delimiter()
        inside = self.until(r"\right")
        return tag("mrow", left, *inside, self.delimiter())

    def delimiter(self) -> Html:
        """A bracket that grows with what it holds."""
        token = self.take()
        if token not in OPERATORS:
            raise NotRead(f"{token!r} is no bracket")
        return tag("mo", OPERATORS[token], fence="true", stretchy="true")

    def upright(self) -> Html:
        r"""A name or a word, ``\mathrm{...}``."""
        if self.take() != "{":
            raise NotRead(r"\mathrm without braces")
        depth, raw = 1, ""
        while True:
            if self.at >= len(self.tokens):
                raise NotRead("it ends too early")
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                return tag("mtext", _plain(raw))
            raw += token


def _plain(raw: str) -> str:
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


def _row(parts: list[Html]) -> Html:
    return parts[0] if len(parts) == 1 else tag("mrow", *parts)


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
