"""What is public: ``__all__`` of snnopt, and of modules that are in it or that the README or a tutorial imports."""

import ast
import functools
import importlib
import inspect
import re
from dataclasses import dataclass
from types import ModuleType

from sphinx.pycode import ModuleAnalyzer

import snnopt
from tests.tutorials import ROOT, TUTORIALS

TITLES = {
    "snnopt.model": "Networks and problems",
    "snnopt.model.connections": "Connections",
    "snnopt.model.neurons": "Neurons",
    "snnopt.model.losses": "Losses",
    "snnopt.model.penalties": "Penalties on weights and spikes",
    "snnopt.model.constraints": "Constraints",
    "snnopt.api": "Compile, solve, simulate",
    "snnopt.runtime": "Runs: stopping, history, checkpoints",
    "snnopt.algorithms": "Algorithms",
    "snnopt.penalties": "Penalty parameters and steps of ADMM",
    "snnopt.oracles": "Verification",
    "snnopt.report": "Equations and drawings",
    "snnopt.report.plots": "Plots",
    "snnopt.data": "Data",
    "snnopt.metrics": "Metrics",
    "snnopt.sklearn": "scikit-learn",
    "snnopt.interop": "Other tools",
    "snnopt.errors": "Errors",
}
"""Pages of the reference, in this order. A name is on the page of the package that it is defined in, the innermost that is here
or public; where there is none, its part of snnopt gets a page, after these."""


@dataclass(frozen=True)
class Name:
    """A public name: ``module`` is the public one that it is in, ``home`` where it is defined."""

    module: str
    name: str
    value: object
    home: str

    @property
    def full(self) -> str:
        """By which it is called and described."""
        return f"{self.module}.{self.name}"


def modules() -> dict[str, ModuleType]:
    """Return the public modules by the names under which they are called."""
    found = {"snnopt": snnopt} | {f"snnopt.{name}": getattr(snnopt, name) for name in snnopt.__all__}
    for text in (ROOT / "README.md", *TUTORIALS):
        for path in re.findall(r"^(?:from|import) (snnopt\.[\w.]+)", text.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(path, importlib.import_module(path))
    return {name: value for name, value in found.items() if inspect.ismodule(value) and hasattr(value, "__all__")}


@functools.cache
def names() -> list[Name]:
    """Return all of them in alphabetical order, each value once, under its shortest name."""
    found: list[Name] = []
    seen: set[int] = set()
    for module, contents in modules().items():
        for name in contents.__all__:
            value = getattr(contents, name)
            if id(value) not in seen and not inspect.ismodule(value):
                seen.add(id(value))
                found.append(Name(module, name, value, home(contents, name)))
    return sorted(found, key=lambda name: name.full.lower())


def home(module: ModuleType, name: str) -> str:
    """Return the module that defines a name which ``module`` imports from it or defines itself."""
    value = getattr(module, name)
    if is_data(value):
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
                return home(importlib.import_module(node.module), name)
        return module.__name__
    return str(value.__module__)


def is_data(value: object) -> bool:
    """Whether it is no class or function, and so carries no docstring itself."""
    return not (inspect.isclass(value) or inspect.isroutine(value))


def docstring(name: Name) -> str:
    """Return a public name's own docstring; of data, the one that stands below it."""
    if is_data(name.value):
        return "\n".join(ModuleAnalyzer.for_module(name.home).find_attr_docs().get(("", name.name), ()))
    own = vars(name.value).get("__doc__") if inspect.isclass(name.value) else name.value.__doc__
    return "" if own is None or own.startswith(f"{name.name}(") else own  # as dataclass writes where there is none


def page(name: Name) -> str:
    """Return the package whose page it is on."""
    packages = {*TITLES, *(module.__name__ for module in modules().values())} - {"snnopt"}
    fits = [package for package in packages if f"{name.home}.".startswith(f"{package}.")]
    return max(fits, key=len) if fits else ".".join(name.home.split(".")[:2])


def title(page: str) -> str:
    """Of a page of the reference."""
    return TITLES.get(page, page.rpartition(".")[2].replace("_", " ").capitalize())
