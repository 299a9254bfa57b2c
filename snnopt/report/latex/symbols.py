"""Symbols in LaTeX that amsmath and matplotlib's mathtext both read: plain ASCII, nothing but math commands."""

from __future__ import annotations

import unicodedata

from snnopt.model.equation import Coefficient

SAFE = "+-*/<>=:,.;!?@()[]|"
# mathtext knows no \& and no \#, and LaTeX no bare ones: signs that look or read alike stand for them.
SIGNS = {
    "_": r"\_",
    "%": r"\%",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "\\": r"{\backslash}",
    "^": r"{\uparrow}",
    "~": r"{\sim}",
    "&": r"{\wedge}",
    "#": r"{\sharp}",
    "'": r"{\prime}",
    '"': r"{\prime\prime}",
}
GREEK = {
    "αβγδεζηθικλμ": r"\alpha \beta \gamma \delta \varepsilon \zeta \eta \theta \iota \kappa \lambda \mu",
    "νξπρστυφχψω": r"\nu \xi \pi \rho \sigma \tau \upsilon \varphi \chi \psi \omega",
    "ΓΔΘΛΞΠΣΥΦΨΩ": r"\Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi \Omega",
}
LETTERS = {c: command for group, commands in GREEK.items() for c, command in zip(group, commands.split(), strict=True)}
ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030a": "mathring",
    "\u030c": "check",
}
"""Combining marks by the command that sets them in math mode."""


def roman(name: str) -> str:
    r"""A user's name upright, every character escaped, e.g. ``\mathrm{my\_layer}``."""
    return rf"\mathrm{{{''.join(map(_character, unicodedata.normalize('NFKC', name)))}}}"


def number(value: float) -> str:
    """A number as ``%g`` writes it, with its exponent as a power of ten."""
    text = f"{value:g}"
    if "inf" in text:
        return text.replace("inf", r"\infty")
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    power = f"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \times {power}")


def size(c: Coefficient) -> str:
    """A coefficient without its sign: a number, or the range of the neurons' numbers in brackets."""
    return number(c.low) if c.low == c.high else rf"({number(c.low)} \ldots {number(c.high)})"


def scaled(scale: float, text: str) -> str:
    """``scale`` times a term; a scale of 1 is not written."""
    return text if scale == 1 else rf"{number(scale)}\,{text}"


def over(scale: float, denominator: str) -> str:
    """``scale`` divided by ``denominator``, as the factor of a term."""
    return rf"\frac{{{number(scale)}}}{{{denominator}}}\,"


def signal(symbol: str, node: str, when: str = "") -> str:
    r"""A signal of a node at a step, or (``when`` empty) over all steps, e.g. ``v_{t-1}^{(\mathrm{hidden})}``."""
    letter = symbol if symbol.startswith("\\") or (len(symbol) == 1 and symbol.isascii()) else roman(symbol)
    return letter + (f"_{{{when}}}" if when else "") + rf"^{{({roman(node)})}}"


def step(lag: int) -> str:
    """The index of a step ``lag`` steps ago."""
    return f"t-{lag}" if lag else "t"


def weight(label: str, letter: str = "W") -> str:
    """A weight (or with ``letter`` b, a bias) by the stem of its name in ``result.weights``."""
    stem, dot, last = label.rpartition(".")
    if dot and last == "recurrent":
        return rf"{letter}_{{\mathrm{{rec}}}}^{{({roman(stem)})}}"
    return f"{letter}_{{{roman(label)}}}"


def stacked(symbols: tuple[str, ...]) -> str:
    """Several matrices side by side; one is left as it is."""
    return symbols[0] if len(symbols) == 1 else "[" + r",\,".join(symbols) + "]"


def squared(text: str) -> str:
    """``||text||^2``."""
    return rf"\left\| {text} \right\|^{{2}}"


def penalty(text: str) -> str:
    """A penalty of the intermediate form, e.g. ``rho[hidden]``."""
    letter, bracket, node = text.partition("[")
    return rf"\{letter}_{{{roman(node[:-1])}}}" if bracket and letter in ("rho", "sigma", "mu", "tau") else roman(text)


def _character(c: str) -> str:
    if (c.isascii() and c.isalnum()) or c in SAFE:
        return c
    if c in SIGNS:
        return SIGNS[c]
    if c in LETTERS:
        return f"{{{LETTERS[c]}}}"
    if c.isspace():
        return r"\ "
    parts = unicodedata.normalize("NFD", c)
    if len(parts) == 2 and parts[1] in ACCENTS and parts[0].isascii():
        return rf"\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"U+{ord(c):04X}"
