"""Model files: a Python file whose ``build()`` returns a problem."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import math
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from snnopt.data import Dataset
from snnopt.errors import ModelError, SnnoptError, unknown_name
from snnopt.model import Network, Problem
from snnopt.model.fully_connected import fully_connected, sizes_taken

SKELETON = "write  def build() -> so.Problem: ...  that returns so.Problem(so.Network(x, y), so.CrossEntropy(y))"


SIZES = ("inputs", "classes", "outputs")
"""Arguments of ``build()`` that data can give."""


@dataclass(frozen=True)
class ModelFile:
    """A model file that was run: its ``build()``, and the data, time steps and first weights it is meant for (None: silent)."""

    path: Path
    build: Callable[..., object]
    data: str | None = None
    timesteps: int | None = None
    weights: Mapping[str, Any] | None = None

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise where ``build()`` does not take the arguments that are ``given``, or needs more than they and data can give."""
        _check_signature(self.path, self.build, sizes_taken(self.build, dict.fromkeys(SIZES, 1)) | dict(given))

    def problem(self, given: Mapping[str, Any], sizes: Mapping[str, int] | None = None) -> Problem:
        """Run ``build()`` with the arguments that are ``given``, and those of the data's ``sizes`` that it takes besides.

        Raises
        ------
        ModelError
            ``build()`` fails, or returns no problem.
        UnknownNameError
            It takes no argument of this name.
        """
        arguments = dict(given) | {n: v for n, v in sizes_taken(self.build, sizes or {}).items() if n not in given}
        _check_signature(self.path, self.build, arguments)
        call = f"build({', '.join(f'{n}={v!r}' for n, v in arguments.items())})"
        with _blamed_on(self.path, f"{call} raised"):
            problem = self.build(**arguments)
        if not isinstance(problem, Problem):
            fix = "end it with  return so.Problem(network, so.CrossEntropy(y))"
            if isinstance(problem, Network):
                fix = "wrap the network:  return so.Problem(network, so.CrossEntropy(y))"
            raise ModelError(f"{self.path}, build()", f"it returns {_described(problem)}, not a problem", fix)
        return problem


BUILT_IN = ModelFile(Path("the built-in model"), fully_connected)
"""What is trained where no file is given."""


def fitted(model: ModelFile, given: Mapping[str, Any], dataset: Dataset) -> Problem:
    """The problem that a model declares for these data: its ``build()`` is given their sizes, as far as it takes them.

    Raises
    ------
    ModelError
        As :meth:`ModelFile.problem`; or it does not take the sizes, and is of others.
    """
    kind, count = ("classes", len(dataset.classes)) if dataset.classes else ("outputs", 1)
    problem = model.problem(given, {"inputs": dataset.features, kind: count})
    network = problem.network
    if len(network.inputs) == len(network.outputs) == 1:
        takes, units = (math.prod(node.shape or ()) for node in (network.inputs[0], network.outputs[0]))
        real = "" if dataset.classes else ", and the loss so.SquaredError"
        fix = f"give it the parameters that fit it to data, as in  def build(inputs={dataset.features}, {kind}={count}){real}"
        if model.weights is not None:
            fix = "give data that fit it"
        for what, has, wanted in (("inputs", takes, dataset.features), (kind, units, count)):
            if has < wanted or (has != wanted and what != "classes"):
                cause = f"its network is of {has} {what}, data {dataset.name!r} have {wanted}"
                raise ModelError(f"{model.path}, build()", cause, fix)
    return problem


def load_model(path: Path) -> ModelFile:
    """Run a model file, but not yet its ``build()``.

    Raises
    ------
    FileNotFoundError
        There is no such file; near ones are named.
    ModelError
        The file is no Python, fails, or has no ``build()``.
    """
    _check_path(path)
    module = _imported(path)
    build = _build_function(path, module)
    return ModelFile(path, build, getattr(module, "DATA", None), getattr(module, "TIMESTEPS", None))


def _check_path(path: Path) -> None:
    if path.is_file():
        if path.suffix != ".py":
            raise ModelError(str(path), "a model file is Python, this is not", "give a .py file that has a build()")
        return
    if path.is_dir():
        inside = sorted(str(p) for p in path.glob("[!_]*.py"))
        hint = f"name a file in it: {', '.join(inside)}" if inside else "there is no .py file in it"
        raise FileNotFoundError(f"model {path}: this is a folder.\n  Fix: {hint}")
    around = [p for folder in (path.parent, Path("models")) if folder.is_dir() for p in sorted(folder.glob("[!_]*.py"))]
    by_stem = {p.stem: str(p) for p in reversed(around)}
    near = difflib.get_close_matches(path.stem, by_stem, n=1, cutoff=0.4)
    hint = f"did you mean {by_stem[near[0]]}?" if near else "give the path of a .py file that has a build()"
    raise FileNotFoundError(f"model {path}: there is no such file.\n  Fix: {hint}")


def _imported(path: Path) -> ModuleType:
    """Run the file as a module of its own; its folder can be imported from meanwhile, as when Python runs a script."""
    name = f"_snnopt_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    sys.modules[name] = module
    try:
        with _blamed_on(path, "running it raised"):
            spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def _build_function(path: Path, module: ModuleType) -> Callable[..., object]:
    build = getattr(module, "build", None)
    if callable(build):
        return build
    own = [n for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__]
    near = difflib.get_close_matches("build", own, n=1, cutoff=0.3) or own[:1]
    ready = next((n for n, value in vars(module).items() if isinstance(value, Problem)), None)
    fix = SKELETON
    if ready is not None:
        fix = f"make one:  def build(): return {ready}"
    elif near:
        fix = f"rename {near[0]}() to build(), or {SKELETON}"
    raise ModelError(str(path), "it has no function build()", fix)


def _check_signature(path: Path, build: Callable[..., object], given: dict[str, Any]) -> None:
    parameters = inspect.signature(build).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    takes = [n for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for name in given:
        if name not in takes and not anything:
            where = f"arguments of build() in {path}"
            if not takes:
                raise ModelError(where, f"it takes none, so no {name!r}", f"leave it out, or add {name}=... to build()")
            raise unknown_name(where, name, takes)
    default = parameters["hidden"].default if "hidden" in parameters else None
    if isinstance(given.get("hidden"), tuple) and isinstance(default, int | float):
        fix = f"write --with hidden={given['hidden'][0]} instead of --hidden"
        raise ModelError(f"build() in {path}", "its 'hidden' is one number, not one for each layer", fix)
    needed = [
        n
        for n, p in parameters.items()
        if p.default is p.empty and n not in given and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    if needed:
        raise ModelError(
            f"{path}, build()", f"it needs a value for {', '.join(map(repr, needed))}", "give each parameter a default"
        )


@contextmanager
def _blamed_on(path: Path, what: str) -> Iterator[None]:
    """Turn what the user's code raises into an error that names the file and its line."""
    try:
        yield
    except SyntaxError as error:
        if Path(error.filename or "").name != path.name:
            raise ModelError(str(path), f"{what} {error}", "mend the module that it imports") from error
        text = (error.text or "").strip()
        raise ModelError(f"{path}, line {error.lineno}", f"{error.msg}: {text}", "mend the syntax") from error
    except SnnoptError as error:
        line = _line(path, error)
        raise type(error)(f"{path}{line}: {error.where}", error.cause, error.fix) from error
    except ModuleNotFoundError as error:
        raise ModelError(f"{path}{_line(path, error)}", str(error), f"pip install {error.name}, or mend it") from error
    except (Exception, SystemExit) as error:
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        source = _source(path, error)
        raise ModelError(
            f"{path}{_line(path, error)}", f"{what} {text}", f"mend this line: {source}" if source else "mend the file"
        ) from error


def _frames(path: Path, error: BaseException) -> list[traceback.FrameSummary]:
    return [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path.resolve())]


def _line(path: Path, error: BaseException) -> str:
    frames = _frames(path, error)
    return f", line {frames[-1].lineno}" if frames else ""


def _source(path: Path, error: BaseException) -> str:
    frames = _frames(path, error)
    return (frames[-1].line or "").strip() if frames else ""


def _described(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
