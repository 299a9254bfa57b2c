"""References: links to what is public, by whatever path; plain text for what exists but has no page here; nothing else."""

import ast
import builtins
import functools
import importlib
from pathlib import Path

import public
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.inspect import TypeAliasForwardRef
from sphinx.util.nodes import make_refnode

import snnopt

logger = logging.getLogger(__name__)
ALIASES = {"Array", "ArrayLike", "NDArray"}
"""Types that signatures show by these names."""


TypeAliasForwardRef.__repr__ = lambda self: self.name  # Sphinx writes the repr of an alias in a union


def readable(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Called by Sphinx for a signature, of which it cannot read a dataclass's word for a default that is made anew."""
    return signature and signature.replace("<factory>", "..."), returned


def foreign(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Called by Sphinx for a member of a class: one that another package made, such as scikit-learn's requests, is left out."""
    return None if str(getattr(obj, "__module__", "snnopt")).startswith("snnopt") else True


def resolve(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, contnode: nodes.TextElement
) -> nodes.Element | None:
    """Called by Sphinx for a reference that it cannot follow itself; None is a warning."""
    target = node["reftarget"].removeprefix(".")
    if node.get("refdomain") != "py":
        return None
    if hasattr(builtins, target):
        return contnode
    head, *rest = target.split(".")
    path = ".".join([names_in_the_package().get(head, head), *rest])
    try:
        importable(path)
    except AttributeError:
        return None
    described = env.domains["py"].objects
    parts = path.split(".")
    for k in range(len(parts), 0, -1):
        value = importable(".".join(parts[:k]))
        for name in public.names():
            full = ".".join([name.full, *parts[k:]])
            if name.value is value and full in described:
                return make_refnode(app.builder, node["refdoc"], described[full].docname, full, contnode)
    return contnode


def importable(path: str) -> object:
    """Return what a dotted path leads to, or raise AttributeError."""
    parts = path.split(".")
    for k in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:k]))
        except ImportError:
            continue
        return functools.reduce(getattr, parts[k:], value)
    raise AttributeError(path)


@functools.cache
def names_in_the_package() -> dict[str, str]:
    """Return names that modules of the package define or import, for type checkers too, and the paths that they stand for."""
    found: dict[str, str] = {}
    root = Path(snnopt.__file__).parents[1]
    for file in sorted((root / "snnopt").rglob("*.py")):
        module = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(file.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                found |= {a.asname: a.name for a in node.names if a.asname}
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found[node.name] = f"{module}.{node.name}"
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {t.id: f"{module}.{t.id}" for t in targets if isinstance(t, ast.Name)}
    return found


def check_all_described(app: Sphinx, env: BuildEnvironment) -> None:
    """Called by Sphinx when all pages have been read: every public name is on one, and has a docstring of its own."""
    domain = env.domains["py"]
    for name in public.names():
        if name.full not in domain.objects:
            logger.warning("%s is public, but on no page of the reference", name.full)
        if not public.docstring(name):
            logger.warning("%s is public, but has no docstring", name.full)
    for module in public.modules():
        if module not in domain.modules:
            logger.warning("module %s is public, but on no page of the reference", module)
