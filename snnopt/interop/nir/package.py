"""The package nir, imported when it is first needed."""

from __future__ import annotations

from typing import Any

from snnopt.errors import missing_package


def nir_package(where: str) -> Any:
    """Return the module ``nir``.

    Raises
    ------
    MissingPackageError
        It is not installed.
    """
    try:
        import nir
    except ImportError:
        raise missing_package(where, "nir", "nir") from None
    return nir
