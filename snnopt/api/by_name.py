"""Values by the user's own names; one that is not there is refused with the nearest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, TypeVar

from snnopt.errors import unknown_name

T = TypeVar("T")


class ByName(dict[str, T]):
    """A dict that says what it knows where it is asked for another name.

    Raises
    ------
    UnknownNameError
        There is no value of that name; ``kind`` says of what.
    """

    def __init__(self, kind: str, values: Mapping[str, T]) -> None:
        super().__init__(values)
        self.kind = kind

    def __missing__(self, name: str) -> NoReturn:
        raise unknown_name(self.kind, name, self)
