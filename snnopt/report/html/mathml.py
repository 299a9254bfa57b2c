"""The LaTeX that this package writes, as MathML, which browsers set without a script."""

from __future__ import annotations

from collections.abc import Iterator

from snnopt.report.html.markup import Html, tag
from snnopt.report.html.signs import (
    ADDITIONS,
    BELOW,
    HUNG,
    MARK_SIGNS,
    MARKS,
    OPERATORS,
    RELATIONS,
    SIMPLE,
    TOKEN,
    plain,
)


class NotRead(ValueError):
    """The LaTeX is none that this package writes."""


def pieces(latex: str) -> list[Html]:
    """One equation as ``<math>`` elements, broken where a line may break: before relations, additions, and after wide spaces.

    Raises
    ------
    NotRead
        It is none that this package writes.
    """
    try:
        return [tag("math", *piece, displaystyle="true") for piece in _Reader(latex).broken()]
    except RecursionError:
        raise NotRead("its brackets are nested too deeply") from None


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
                return tag("mtext", plain(raw))
            raw += token


def _row(parts: list[Html]) -> Html:
    return parts[0] if len(parts) == 1 else tag("mrow", *parts)
