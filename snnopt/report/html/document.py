"""The page itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from snnopt.errors import FileError, ModelError, shown
from snnopt.report.html import figures, tables, told
from snnopt.report.html.facts import Facts, gathered
from snnopt.report.html.markup import Html, joined, tag
from snnopt.report.html.style import STYLE
from snnopt.report.plots.canvas import require_matplotlib
from snnopt.runtime.storage import written_beside

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do for the page: show the images that are in it, and nothing more."""
WITHOUT = "No data were given, so nothing is told here of spikes, scores and operations."


def html_report(
    result: object,
    data: object = None,
    targets: object = None,
    *,
    file: str | os.PathLike[str] = "report.html",
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
    train: tuple[object, ...] | None = None,
    classes: Sequence[str] | None = None,
    shape: tuple[int, int] | None = None,
    title: str | None = None,
) -> Path:
    """Write a result as one HTML page that needs no network, no script and no other file, and return its path.

    It shows the learning curve, spikes, membrane potentials with their thresholds, weights, rates, dead and saturated neurons,
    margins, synaptic operations, an energy estimate, confusion matrices, accuracy beside the random-hidden-layer baseline, the
    problem as mathematics, and where the result comes from (``result.origin``, which holds the command that was run).

    Parameters
    ----------
    result : what ``plan.solve`` or ``so.load`` returns.
    data, targets, timesteps, lengths : samples to judge it on, as in :meth:`snnopt.Result.score`; without data, what needs none
        is told. One rollout of all of them is held in memory.
    file : where the page goes; ``.html`` is added where there is no suffix. Written beside and renamed.
    train : ``(data, targets)`` or ``(data, targets, lengths)`` that the result was trained on: for the baseline.
    classes : the name of each label.
    shape : rows and columns of a sample as an image, where it is one; weights are then drawn as images.
    title : of the page.

    Raises
    ------
    DataError, ModelError, UnknownNameError
        Data do not fit the network, or an argument is not what it should be.
    FileError, FileNotFoundError
        The page cannot be written where it shall go.
    MissingPackageError
        matplotlib is not installed.
    """
    path = page_path("html_report", file)
    if title is not None and not isinstance(title, str):
        raise ModelError("html_report", f"title={shown(title)}", "give text, or leave it out")
    require_matplotlib()
    given = {"timesteps": timesteps, "lengths": lengths, "classes": classes, "shape": shape}
    facts = gathered(result, data, targets, train, **given)  # type: ignore[arg-type]
    page = _page(facts, title or f"A spiking network trained by {facts.result.algorithm or 'snnopt'}")
    with written_beside(path) as beside:
        beside.write(page.encode())
    return path


def page_path(where: str, file: str | os.PathLike[str]) -> Path:
    """Check where a page shall go before work is put into it.

    Raises
    ------
    FileError, FileNotFoundError, ModelError
        It is a folder, there is no such folder, or it is no path or no name of a page.
    """
    if not isinstance(file, str | os.PathLike) or not str(file):
        raise ModelError(where, f"file={shown(file)}", "give the name of a file, e.g. 'report.html'")
    path = Path(file)
    if path.is_dir():
        raise FileError(str(path), "it is a folder", f"give a file in it, e.g. {str(path / 'report.html')!r}")
    path = path if path.suffix else path.with_suffix(".html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ModelError(where, f"{str(path)!r} is no name of a page", f"use {str(path.with_suffix('.html'))!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    return path


def _page(facts: Facts, title: str) -> Html:
    sections = _sections(facts)
    links = (tag("a", name, href=f"#s{k}") for k, (name, _) in enumerate(sections))
    r = facts.result
    shapes = [*(v.shape for v in r.program.inputs), *(c.shape for c in r.program.couplings)]
    sizes = " - ".join(["x".join(map(str, shape)) for shape in shapes])
    said = [f"Layers {sizes}."]
    if facts.run is not None:
        said.append(f"Judged on {facts.run.samples.count} samples of {facts.run.lengths.mean():.4g} steps.")
    head = tag(
        "head",
        Html('<meta charset="utf-8">'),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", title),
            tag("p", " ".join(said), class_="lead"),
            tables.headline(facts),
            tag("nav", *links),
        ),
        tag(
            "main", *(tag("section", tag("h2", name, id=f"s{k}"), inside) for k, (name, inside) in enumerate(sections))
        ),
        tag("footer", tag("p", "Written by snnopt.")),
    )
    return joined(Html("<!doctype html>\n"), tag("html", head, "\n", body, lang="en"), Html("\n"))


def _sections(facts: Facts) -> list[tuple[str, Html]]:
    """Their headings and what stands under them, those without anything to tell left out."""
    found, spiking = facts.measured, bool(facts.measured and facts.measured.firing)
    scores = tables.score_table(facts) if found is not None and found.score else None
    out: list[tuple[str, Html | None]] = [
        ("The run", told.run_table(facts.result)),
        ("Scores", scores),
        ("Learning", figures.learning(facts) if len(facts.result.history) else None),
        ("Confusion", figures.confusions(facts) if facts.labels else None),
        ("Spikes", figures.spikes(facts) if spiking else None),
        ("Neurons", tables.firing_table(facts) if spiking else None),
        ("Membrane potentials", figures.potentials(facts) if found is not None else tag("p", WITHOUT)),
        ("Weights", figures.matrices(facts)),
        ("Operations, energy, memory", tables.cost_table(facts)),
        ("The network", told.network_table(facts.result)),
        ("The problem", told.mathematics(facts.result)),
        ("Environment", told.environment(facts.result)),
    ]
    return [(name, inside) for name, inside in out if inside is not None]
