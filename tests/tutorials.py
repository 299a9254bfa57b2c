"""The tutorials: their cells, and what each prints and draws, cell by cell, when it is run as a script.

``tests/test_tutorials.py`` runs them and asks whether what they tell holds; the pages that ``make docs`` builds show it, of the
run that the tests left behind where nothing has changed since.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "build" / "tutorials"
"""A folder for each tutorial's last run that ended well: its pictures, and what it printed in ``run.json``."""
TUTORIALS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))
QUICK = {
    "01_first_network": "picture.png --samples 300",
    "02_what_the_compiler_did": "--epochs 1",
    "03_check_an_update": "--trials 1",
    "04_a_new_closed_form": "--trials 1 --samples 400",
    "05_your_own_variant": "picture.png --samples 200 --passes 6 --seeds 1 --trials 1",
    "06_weights_for_a_chip": "picture.png --samples 800",
    "07_time_series": "picture.png --samples 600 --epochs 3",
    "08_to_other_frameworks": "network.nir --samples 400",
    "09_the_published_experiment": "picture.png --iterations 10 --samples 50 --size 8 --steps 12 --hidden 16",
}
"""The arguments with which a tutorial takes least; none for others."""
CELL = re.compile(r"^# %%(?: \[markdown\])?$")
END_OF_CELL = "\x1e"


@dataclass(frozen=True)
class Cell:
    """Prose in Markdown, or code; ``line`` is the number of its first line, the mark, which is not in ``text``."""

    line: int
    prose: bool
    text: str


@dataclass(frozen=True)
class Run:
    """What each cell of code printed, and the pictures that it made, by name; ``source`` is the digest of what was run."""

    source: str
    arguments: str
    seconds: float
    printed: tuple[str, ...]
    pictures: tuple[tuple[str, ...], ...]

    @property
    def told(self) -> str:
        """All that it printed."""
        return "".join(self.printed)


def cells(tutorial: Path) -> list[Cell]:
    """Its cells, in order."""
    lines = tutorial.read_text(encoding="utf-8").splitlines()
    marks = [k for k, line in enumerate(lines) if CELL.match(line)]
    assert marks and marks[0] == 0, f"{tutorial.name} begins with a cell"
    found = []
    for start, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        prose, body = lines[start].endswith("]"), lines[start + 1 : end]
        if prose:
            body = [line.removeprefix("#").removeprefix(" ") for line in body]
        found.append(Cell(start + 1, prose, "\n".join(body).strip("\n")))
    return found


def run(tutorial: Path, folder: Path, arguments: str) -> Run:
    """Run it in ``folder``, in a process of its own, where a warning or a word on stderr is an error."""
    environment = os.environ | {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONPATH", None)
    source, began = digest(tutorial, arguments), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-u", __file__, str(tutorial), *arguments.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{tutorial.name}:\n{done.stdout}\n{done.stderr}"
    assert not done.stderr, f"{tutorial.name}:\n{done.stderr}"
    first, *others = done.stdout.split(END_OF_CELL)
    printed, pictures = [first], []
    for names, _, text in (part.partition("\n") for part in others):
        pictures.append(tuple(json.loads(names)))
        printed.append(text)
    assert not printed.pop(), f"{tutorial.name} prints after its last cell"
    return Run(source, arguments, time.perf_counter() - began, tuple(printed), tuple(pictures))


def run_quickly(tutorial: Path) -> Run:
    """Run it with the arguments with which it takes least, and keep what it tells and draws in ``RUNS``."""
    kept = RUNS / tutorial.stem
    fresh = kept.with_suffix(f".{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        done = run(tutorial, fresh, QUICK.get(tutorial.stem, ""))
        (fresh / "run.json").write_text(json.dumps(asdict(done)), encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
        fresh.rename(kept)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return done


def last_run(tutorial: Path) -> Run:
    """Its kept run, if that was of what stands here now; a new one otherwise."""
    try:
        kept = json.loads((RUNS / tutorial.stem / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return run_quickly(tutorial)
    if kept["source"] != digest(tutorial, QUICK.get(tutorial.stem, "")):
        return run_quickly(tutorial)
    printed, pictures = tuple(kept.pop("printed")), tuple(tuple(names) for names in kept.pop("pictures"))
    return Run(printed=printed, pictures=pictures, **kept)


def digest(tutorial: Path, arguments: str) -> str:
    """A number for all that a run depends on: the tutorial, the package, the Python and the versions it is given."""
    found = hashlib.sha256(f"{sys.version} {arguments}".encode())
    package = sorted((ROOT / "snnopt").rglob("*.py"))
    for path in (tutorial, Path(__file__), ROOT / "pyproject.toml", ROOT / ".ci" / "constraints.txt", *package):
        found.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def main() -> None:
    """What the process does: run the tutorial as a script, and mark in what it prints where each cell of code ends."""
    script = Path(sys.argv[1])
    sys.argv = sys.argv[1:]
    sys.path[0] = str(script.parent)
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = str(script)
    statements = ast.parse(script.read_bytes(), str(script)).body
    for start, end in pairwise([*(cell.line for cell in cells(script) if not cell.prose), sys.maxsize]):
        here = [s for s in statements if start < s.lineno < end]
        before = pictures()
        try:
            exec(compile(ast.Module(here, []), script, "exec"), module.__dict__)
        finally:  # the last one may exit
            print(f"{END_OF_CELL}{json.dumps([name for name in pictures() if name not in before])}")


def pictures() -> list[str]:
    """Names of the pictures in this folder."""
    return sorted(str(path) for path in Path().rglob("*.png"))


if __name__ == "__main__":
    main()
