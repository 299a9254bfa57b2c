"""Writes the sources of the pages: the README and its neighbours, the tutorials with what they tell, the reference."""

import inspect
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent

import public
from sphinx.errors import SphinxError

import snnopt
from tests.tutorials import ROOT, RUNS, TUTORIALS, Run, cells, last_run

INDEX = """
{readme}

```{{toctree}}
:hidden:
:caption: Tutorials

{tutorials}
```

```{{toctree}}
:hidden:
:caption: Reference

reference/index
{reference}
```

```{{toctree}}
:hidden:
:caption: Project

CONTRIBUTING
CHANGELOG
```
"""
QUICK = """
*The output on this page is that of `{arguments}`, with which the tutorial takes least; without arguments it does more, and what
the text says of results is about that.*
"""


def write(folder: Path) -> None:
    """Write all that Sphinx reads, into an empty folder."""
    names = public.names()
    reference = [*dict.fromkeys([*public.TITLES, *(public.page(name) for name in names)])]
    pages = {
        "index.md": INDEX.format(
            readme=linked((ROOT / "README.md").read_text(encoding="utf-8")),
            tutorials="\n".join(f"tutorials/{path.stem}" for path in TUTORIALS),
            reference="\n".join(f"reference/{page}" for page in reference),
        ),
        "reference/index.rst": overview(reference, names),
    }
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        pages[name] = linked((ROOT / name).read_text(encoding="utf-8"))
    pages |= {f"reference/{page}.rst": described(page, names) for page in reference}
    for path, run in zip(TUTORIALS, last_runs(), strict=True):
        pages[f"tutorials/{path.stem}.md"] = told(path, run)
    for name, text in pages.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for path in TUTORIALS:
        shutil.copy(path, folder / "tutorials")
        shutil.copytree(RUNS / path.stem, folder / "tutorials" / path.stem)


def last_runs() -> list[Run]:
    """What every tutorial tells; one that fails ends the build."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            return list(pool.map(last_run, TUTORIALS))
        except AssertionError as error:
            raise SphinxError(str(error)) from error


def told(tutorial: Path, run: Run) -> str:
    """A tutorial as a page: prose, code, what each cell printed, and the pictures that it made."""
    page, told = [], iter(zip(run.printed, run.pictures, strict=True))
    for cell in cells(tutorial):
        if cell.prose:
            page.append(linked(cell.text))
        else:
            page.append(fenced("python", cell.text))
            printed, pictures = next(told)
            if printed.strip():
                page.append(fenced("{code-block} text\n:class: printed", printed.strip("\n")))
            page += [f"![{name}, drawn by this tutorial]({tutorial.stem}/{name})" for name in pictures]
    title, _, text = page[0].partition("\n")
    note = QUICK.format(arguments=f"{tutorial.name} {run.arguments}") if run.arguments else ""
    script = f"{{download}}`{tutorial.name} <{tutorial.name}>` is this page as a script."
    return "\n\n".join([title, script, note, text, *page[1:]])


def fenced(kind: str, text: str) -> str:
    """In more backticks than it has."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 3)
    return f"{fence}{kind}\n{text}\n{fence}"


def linked(text: str) -> str:
    """Prose in which the names of tutorials and of what is public are references."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    for k in range(0, len(parts), 2):
        parts[k] = re.sub(r"`tutorials/(\w+)\.py`", r"[`tutorials/\1.py`](/tutorials/\1.md)", parts[k])
        parts[k] = re.sub(r"`so\.([\w.]+)`", r"{py:obj}`so.\1 <snnopt.\1>`", parts[k])
    return "".join(parts)


def headed(title: str) -> str:
    """As reStructuredText has it."""
    return f"{title}\n{'=' * len(title)}\n"


def overview(reference: list[str], names: list[public.Name]) -> str:
    """All public names, a line each, by page."""
    page = [headed("All public names"), f"``import snnopt as so``. {inspect.getdoc(snnopt)}\n"]
    for package in reference:
        own = [name for name in names if public.page(name) == package]
        here = [f"   {name.full}" for name in own if not public.is_data(name.value)]
        page += [f":doc:`{public.title(package)} <{package}>`\n", ".. autosummary::\n   :nosignatures:\n", *here, ""]
        tables = [f":py:data:`{name.full}`" for name in own if public.is_data(name.value)]
        page += [f"Tables and constants: {', '.join(tables)}.\n"] if tables else []
    return "\n".join([*page, ".. py:module:: snnopt"])  # last, as it would shorten names above


def described(package: str, names: list[public.Name]) -> str:
    """What is defined in a package, by its docstrings."""
    page = [headed(public.title(package))]
    for called, module in public.modules().items():
        if module.__name__ == package:
            page += [f".. py:module:: {called}\n", f"``{called}``: {inspect.getdoc(module)}\n"]
    classes = {name.value: name.full for name in names if inspect.isclass(name.value)}
    for name in names:
        if public.page(name) != package:
            continue
        if public.is_data(name.value):
            page += [f".. py:data:: {name.name}", f"   :module: {name.module}\n", indent(public.docstring(name), "   ")]
        elif inspect.isclass(name.value):
            bases = name.value.__mro__[1:]
            described = [base.__name__ for base in bases if base in classes or not base.__module__.startswith("snnopt")]
            page += [f".. autoclass:: {name.full}", f"   :inherited-members: {', '.join(described)}\n"]
            if base := next((base for base in bases if base in classes), None):
                page += [f"   Has all that :class:`{classes[base]}` has.\n"]
        else:
            page += [f".. autofunction:: {name.full}\n"]
    return "\n".join(page)
