"""Writes the sources of the pages: the README and its neighbours, the tutorials with what they tell, the reference."""

import inspect
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from textwrap import indent

import public

import snnopt
from tests.tutorials import ROOT, RUNS, TUTORIALS, cells, last_run

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


def write(folder):
    """Write all that Sphinx reads, into an empty folder."""
    names = public.names()
    reference = [*dict.fromkeys([*public.TITLES, *(name.page for name in names)])]
    pages = {
        "index.md": INDEX.format(
            readme=linked((ROOT / "README.md").read_text(encoding="utf-8")),
            tutorials="\n".join(f"tutorials/{path.stem}" for path in TUTORIALS),
            reference="\n".join(f"reference/{page}" for page in reference),
        ),
        "reference/index.rst": overview(reference, names),
    }
    pages |= {f"{name}.md": linked((ROOT / f"{name}.md").read_text(encoding="utf-8")) for name in ("CONTRIBUTING", "CHANGELOG")}
    pages |= {f"reference/{page}.rst": described(page, names) for page in reference}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(last_run, TUTORIALS)
        pages |= {f"tutorials/{path.stem}.md": told(path, run) for path, run in zip(TUTORIALS, runs, strict=True)}
    for path, text in pages.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for path in TUTORIALS:
        shutil.copy(path, folder / "tutorials")
        shutil.copytree(RUNS / path.stem, folder / "tutorials" / path.stem)


def told(tutorial, run):
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


def fenced(kind, text):
    """In more backticks than it has."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 3)
    return f"{fence}{kind}\n{text}\n{fence}"


def linked(text):
    """Prose in which the names of tutorials and of what is public are references."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    for k in range(0, len(parts), 2):
        parts[k] = re.sub(r"`tutorials/(\w+)\.py`", r"[`tutorials/\1.py`](/tutorials/\1.md)", parts[k])
        parts[k] = re.sub(r"`so\.([\w.]+)`", r"{py:obj}`so.\1 <snnopt.\1>`", parts[k])
    return "".join(parts)


def headed(title):
    """As reStructuredText has it."""
    return f"{title}\n{'=' * len(title)}\n"


def overview(reference, names):
    """All public names, a line each, by page."""
    page = [headed("All public names"), f"``import snnopt as so``. {inspect.getdoc(snnopt)}\n"]
    for package in reference:
        here = [f"   {name.full}" for name in names if name.page == package]
        page += [f":doc:`{public.title(package)} <{package}>`\n", ".. autosummary::\n   :nosignatures:\n", *here, ""]
    return "\n".join([*page, ".. py:module:: snnopt"])  # last, as it would shorten names above


def described(package, names):
    """What is defined in a package, by its docstrings."""
    page = [headed(public.title(package))]
    for name, module in public.modules().items():
        if module.__name__ == package:
            page += [f".. py:module:: {name}\n", f"``{name.replace('snnopt', 'so')}``: {inspect.getdoc(module)}\n"]
    for name in names:
        if name.page == package:
            if public.is_data(name.value):
                page += [f".. py:data:: {name.name}\n   :module: {name.module}\n", indent(public.docstring(name), "   ")]
            else:
                page += [f".. {'autoclass' if inspect.isclass(name.value) else 'autofunction'}:: {name.full}\n"]
    return "\n".join(page)
