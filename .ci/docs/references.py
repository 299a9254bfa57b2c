"""References: to public names by whatever path, to what exists but is not described here as plain text, to nothing else."""

import builtins
import importlib

import public
from sphinx.errors import ExtensionError
from sphinx.util.nodes import make_refnode

ALIASES = {"Array", "ArrayLike", "NDArray"}
"""Aliases of types that signatures show by name."""


def resolve(app, env, node, contnode):
    """Called by Sphinx for a reference that it has no description of; None leaves it to fail."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].removeprefix(".")
    if target in ALIASES or hasattr(builtins, target):
        return contnode
    try:
        value = importable(target)
    except AttributeError:
        return None
    for name in public.names():
        if name.value is value:
            page = env.domains["py"].objects[name.full].docname
            return make_refnode(app.builder, node["refdoc"], page, name.full, contnode)
    return contnode


def importable(path):
    """Return what a dotted path leads to."""
    parts = path.split(".")
    for k in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:k]))
        except ImportError:
            continue
        for name in parts[k:]:
            value = getattr(value, name)
        return value
    raise AttributeError(path)


def check_all_described(app, env):
    """Called by Sphinx when all pages have been read."""
    described = env.domains["py"].objects
    if lacking := [name.full for name in public.names() if name.full not in described]:
        raise ExtensionError(f"public, but on no page of the reference: {', '.join(lacking)}")
