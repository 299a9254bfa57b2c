"""The page of a result: whole by itself, well formed, and whatever a user called things is text in it."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnopt as so
from snnopt.cli import main
from snnopt.report.baseline import random_hidden_baseline
from snnopt.report.html.markup import tag
from snnopt.report.html.mathml import NotRead, pieces
from snnopt.report.html.told import mathematics
from snnopt.report.latex import lines
from snnopt.report.latex.symbols import roman
from tests.graphs import Drawn, networks

Array = np.ndarray[Any, Any]
ALWAYS = ["The run", "Membrane potentials", "Weights", "Operations, energy, memory"]
ALWAYS += ["The network", "The problem", "Environment"]
EVIL = "<script>alert('x')</script>"


class Page(HTMLParser):
    """Reads a page and keeps its text and elements; raises where a tag is not closed, or closed twice."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({k for k, _ in attrs}) == len(attrs), f"an attribute twice in {name}"
        self.elements.append((name, dict(attrs)))
        if name not in self.VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open and self.open.pop() == name, f"</{name}> closes nothing, open: {self.open}"

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def text(self, element: str | None = None) -> str:
        return " ".join(w for where, w in self.words if where != "style" and element in (None, where))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [a for n, a in self.elements if n == name]


def checked(path: Path) -> Page:
    """A page that is well formed and asks for nothing outside itself."""
    source = path.read_text(encoding="utf-8")
    assert source.startswith("<!doctype html>\n<html lang=")
    assert len(source) < 2_000_000
    page = Page(source)
    names = Counter(name for name, _ in page.elements)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form", "svg"} & set(names)
    assert names["main"] == names["title"] == names["h1"] == 1
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(ids)) == len(ids)
    for name, attributes in page.elements:
        assert not [k for k in attributes if k.startswith("on")], name
        if name == "a":
            assert (attributes["href"] or "").removeprefix("#") in ids
        if name == "img":
            assert attributes["alt"]
            _check_image(attributes["src"] or "")
    assert not re.search(r"(?:https?:)?//[\w.]+|url\(|@import", re.sub(r"base64,[\w+/=]*", "", source))
    assert {a.get("name") for a in page.of("meta")} >= {"viewport"}
    assert "@media print" in source and "prefers-color-scheme: dark" in source and "Content-Security-Policy" in source
    return page


def _check_image(address: str) -> None:
    kind, _, data = address.partition(";base64,")
    content = base64.b64decode(data, validate=True)
    if kind == "data:image/png":
        assert content.startswith(b"\x89PNG")
        return
    assert kind == "data:image/svg+xml"
    for element in ElementTree.fromstring(content).iter():
        for key, value in element.attrib.items():
            if key.endswith("href"):
                assert value.startswith(("#", "data:image/png"))


def headings(page: Page) -> list[str]:
    return [w for where, w in page.words if where == "h2"]


@pytest.fixture(scope="module")
def problem() -> so.Problem:
    x = so.Input(8, name="pixels")
    h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(20)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-3 * so.L2(h.weights))


@pytest.fixture(scope="module")
def result(problem: so.Problem, clusters: tuple[Array, Array]) -> so.Result:
    return so.compile(problem, so.Online(epochs=2)).solve(*clusters, timesteps=5, seed=4)


HOW: dict[str, Any] = {"classes": np.array(["a<b", "two", "three"]), "shape": (2, 4)}


@pytest.fixture(scope="module")
def whole(result: so.Result, clusters: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that has everything."""
    X, y = clusters
    file = tmp_path_factory.mktemp("page") / "page"
    path = so.html_report(result, X[:90], y[:90], file=file, train=(X, y), **HOW)
    assert path == file.with_suffix(".html")
    return path


@pytest.fixture(scope="module")
def page(whole: Path) -> Page:
    return checked(whole)


class TestContents:
    def test_every_section(self, page: Page) -> None:
        assert sorted(headings(page)) == sorted([*ALWAYS, "Scores", "Learning", "Confusion", "Spikes", "Neurons"])
        captions = page.text("figcaption")
        for part in ("Training loss", "Confusion matrix of readout", "Spikes in a few samples", "Firing rates"):
            assert part in captions
        assert "potentials of the first 5 neurons of hidden in sample" in captions
        assert "hidden.weight, 20 x 8" in captions and "readout.weight, 3 x 20" in captions

    def test_its_numbers_are_those_that_are_measured(
        self, page: Page, problem: so.Problem, result: so.Result, clusters: Any
    ) -> None:
        X, y = clusters
        found = so.metrics.summary(result, X[:90], y[:90])
        base = random_hidden_baseline(problem, X, y, X[:90], y[:90], timesteps=5, seed=4)
        cells = [w for where, w in page.words if where in ("td", "th", "b")]
        assert f"{100 * result.score(X[:90], y[:90]):.1f}%" in cells
        assert f"{100 * base.test:.1f}%" in cells and f"{100 * base.train:.1f}%" in cells
        assert f"{100 * result.score(X, y):.1f}%" in cells
        assert f"{found.operations.effective_macs:,.4g}" in cells or f"{found.operations.effective_macs:,.0f}" in cells
        assert f"{found.firing['hidden'].rate:.4f}" in cells
        assert f"{found.footprint.total:,.0f} bytes" in cells

    def test_the_problem_is_mathematics(self, page: Page) -> None:
        assert {name for name, _ in page.elements} >= {"math", "mfrac", "munderover", "msubsup", "mrow"}
        maths = page.text("mtext")
        assert "hidden" in maths and "readout" in maths
        assert r"\mathrm{hidden}" in page.text("pre")

    def test_the_environment_is_told(self, page: Page, result: so.Result) -> None:
        told = page.text("td")
        assert result.origin["seed"] == 4 and result.origin["training samples"] == 180
        for value in (so.__version__, np.__version__, result.origin["machine"], result.origin["command"]):
            assert value in told

    def test_a_loaded_result_gives_the_same_page(
        self, whole: Path, result: so.Result, clusters: Any, tmp_path: Path
    ) -> None:
        X, y = clusters
        loaded = so.load(result.save(tmp_path / "run.npz"))
        again = so.html_report(loaded, X[:90], y[:90], file=str(tmp_path / "again.htm"), train=(X, y), **HOW)
        assert again.read_bytes() == whole.read_bytes()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["again.htm", "run.npz"]


def test_without_data_it_tells_what_needs_none(result: so.Result, tmp_path: Path) -> None:
    page = checked(so.html_report(result, file=tmp_path / "a.html"))
    assert sorted(headings(page)) == sorted([*ALWAYS, "Learning"])
    assert "No data were given" in page.text() and "effective accumulates" not in page.text()


def test_without_targets_it_shows_spikes(result: so.Result, clusters: Any, tmp_path: Path) -> None:
    page = checked(so.html_report(result, clusters[0], file=tmp_path / "a.html"))
    assert sorted(headings(page)) == sorted([*ALWAYS, "Learning", "Spikes", "Neurons"])


def test_files_of_before_equations_were_kept(result: so.Result, tmp_path: Path) -> None:
    saved = result.save(tmp_path / "run.npz")
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(str(arrays.pop("header")))
    assert header.pop("equations") and header.pop("origin")
    np.savez(saved, header=np.array(json.dumps(header)), **arrays)
    old = so.load(saved)
    assert old.equations == () and old.origin == {}
    text = checked(so.html_report(old, file=tmp_path / "a.html")).text()
    assert "before results kept their equations" in text and "before results kept where they come from" in text


@pytest.fixture(scope="module")
def odd() -> tuple[so.Result, dict[str, Any], dict[str, Any], Array]:
    """Several inputs and outputs, labels and real targets, series of unequal length, and names that try to be elements."""
    rng = np.random.default_rng(0)
    image, u = so.Input((1, 4, 4), name="<img src=x onerror=alert(1)>"), so.Input(3, name="u & \"v\" 'w'")
    c = so.CubaLIF(0.5, 0.8, name=EVIL)(so.AvgPool2d(2)(so.Conv2d(2, kernel=3, padding=1, name="w</td>")(image)))
    thresholds = np.linspace(0.8, 1.2, 6)
    h = so.ALIF(beta=0.9, threshold=thresholds, recurrent=so.Dense(), name="mémoire ☃ $x^2$ \\frac")(
        so.Dense(6)(c) + so.Dense(6, bias=False)(so.Delay(2)(u))
    )
    y, z = so.LI(name="class")(so.Dense(3)(h)), so.LI(name="real")(so.Dense(2)(h))
    q = so.LIF(name="count")(so.Dense(4)(h))
    objective = so.CrossEntropy(y, over=so.Window(2)) + so.SquaredError(z) + so.CrossEntropy(q, over="count")
    problem = so.Problem(so.Network([image, u], [y, z, q]), objective + 1e-3 * so.SpikeCost(h), [so.Grid(y.weights)])
    X = {str(image.name): rng.random((6, 20, 1, 4, 4)), str(u.name): rng.random((6, 20, 3))}
    targets = {"class": rng.integers(0, 3, 20), "real": rng.random((20, 2)), "count": rng.integers(0, 4, 20)}
    lengths = rng.integers(2, 7, 20)
    solved = so.compile(problem, so.Online(epochs=1, batch_size=10)).solve(X, targets, lengths=lengths)
    return solved, X, targets, lengths


def test_several_outputs_real_targets_lengths_and_odd_names(odd: Any, tmp_path: Path) -> None:
    result, X, targets, lengths = odd
    how: dict[str, Any] = {"lengths": lengths, "train": (X, targets, lengths), "title": "<i>odd</i>"}
    loaded = so.load(result.save(tmp_path / "odd.npz"))
    page = checked(so.html_report(loaded, X, targets, file=tmp_path / "a.html", classes=["<b>", "two"], **how))
    assert not {"i", "b>", "script"} & {name for name, _ in page.elements}
    assert "<i>odd</i>" in page.text("h1") and EVIL in page.text("th") and EVIL in page.text("mtext")
    captions = page.text("figcaption")
    assert EVIL in captions and "w</td>.weight" in captions
    assert "Confusion matrix of class" in captions and "Confusion matrix of count" in captions
    assert "Confusion matrix of real" not in captions
    assert "real, R squared" in page.text() and "count, by first spike" in page.text()
    assert len([a for a in page.of("img") if str(a["alt"]).startswith("Membrane potentials")]) == 5


def test_regression_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = so.Input(3, name="x")
    y = so.LI(name="y")(so.Dense(2)(so.LIF(name="h")(so.Dense(5)(x))))
    X, targets = rng.random((4, 20, 3)), rng.random((20, 2))
    result = so.compile(so.Problem(so.Network(x, y), so.SquaredError(y)), "full_dual").solve(
        X, targets, time_limit=0.05
    )
    page = checked(so.html_report(result, X, targets, file=tmp_path / "a.html", train=(X, targets)))
    assert "Confusion" not in headings(page) and "baseline" not in page.text()
    assert "R squared" in page.text("span") and "Primal residuals of every coupling" in page.text("figcaption")


def test_no_layer_spikes(tmp_path: Path) -> None:
    x = so.Input(3, name="x")
    y = so.LI(name="y")(so.Dense(2)(x))
    X, labels = np.random.default_rng(0).random((4, 20, 3)), np.arange(20) % 2
    result = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=1)).solve(X, labels)
    page = checked(so.html_report(result, X, labels, file=tmp_path / "a.html"))
    assert "Spikes" not in headings(page) and "Neurons" not in headings(page) and "Confusion" in headings(page)


class TestMathematics:
    @given(networks())
    def test_every_problem_is_read(self, drawn: Drawn) -> None:
        for line in lines(drawn.problem):
            for piece in pieces(line):
                Page(piece)
                ElementTree.fromstring(piece)

    @given(st.text(st.characters(max_codepoint=0x26FF, exclude_categories=["Cs"]), max_size=12))
    def test_names_come_through(self, name: str) -> None:
        found = pieces(roman(name))
        assert len(found) <= 1
        page = Page("".join(found))
        assert {n for n, _ in page.elements} <= {"math", "mtext"}
        if name.isascii() and name.isprintable():
            assert page.text().replace("\u00a0", " ") == name

    def test_lines_break_between_addends_only(self) -> None:
        found = [
            ElementTree.fromstring(p) for p in pieces(r"v_{t} = 0.9\,v_{t-1} + \left( a + b \right) - s_{t-1}^{(x)}")
        ]
        assert ["".join(p.itertext()) for p in found] == ["vt", "=0.9vt−1", "+(a+b)", "−st−1(x)"]
        sums = ElementTree.fromstring(pieces(r"\sum_{n=1}^{N} \frac{1}{2}")[0])
        assert [e.tag for e in sums] == ["munderover", "mfrac"]
        assert [e.tag for e in sums[0]] == ["mo", "mrow", "mi"]
        assert [e.tag for e in ElementTree.fromstring(pieces(r"\bar{\ell}_{x}^{2}")[0]).iter()][:3] == [
            "math",
            "msubsup",
            "mover",
        ]

    @pytest.mark.parametrize(
        "latex", ["{" * 5000, r"\frac{1", r"\left( a", r"\evil{x}", "}", r"a^", r"\mathrm{x", r"\left a \right)"]
    )
    def test_what_is_not_ours_is_refused(self, latex: str) -> None:
        with pytest.raises(NotRead):
            pieces(latex)

    def test_an_equation_of_a_foreign_file_is_shown_as_it_stands(self, result: so.Result) -> None:
        foreign = replace(result, equations=(r"\evil{<script>}",))
        assert Page(mathematics(foreign)).text("code") == r"\evil{<script>}"


def test_markup_escapes_what_is_no_html() -> None:
    inner = tag("b", "a < b & c")
    assert tag("p", inner, '"', class_='x" onload="y') == (
        '<p class="x&quot; onload=&quot;y"><b>a &lt; b &amp; c</b>&quot;</p>'
    )


class TestMistakes:
    @pytest.mark.parametrize("given", [None, "run.npz", np.ones(3), 5])
    def test_what_is_no_result(self, given: object, tmp_path: Path) -> None:
        with pytest.raises(so.ModelError, match="is no result"):
            so.html_report(given, file=tmp_path / "a.html")

    @pytest.mark.parametrize("file", [None, "", 3])
    def test_what_is_no_file(self, result: so.Result, file: Any) -> None:
        with pytest.raises(so.ModelError, match="give the name of a file"):
            so.html_report(result, file=file)

    def test_where_it_cannot_go(self, result: so.Result, tmp_path: Path) -> None:
        with pytest.raises(so.FileError, match="it is a folder"):
            so.html_report(result, file=tmp_path)
        with pytest.raises(FileNotFoundError, match="does not exist"):
            so.html_report(result, file=tmp_path / "no" / "a.html")
        with pytest.raises(so.ModelError, match=r"use .*page\.html"):
            so.html_report(result, file=tmp_path / "page.pdf")

    @pytest.mark.parametrize(
        ("more", "named"),
        [
            ({"targets": [0]}, "no data"),
            ({"train": (1, 2)}, "no data"),
            ({"data": np.ones((2, 8)), "train": 3}, "give a pair"),
            ({"data": np.ones((2, 8)), "classes": "abc"}, "give a list of names"),
            ({"data": np.ones((2, 8)), "shape": "2x4"}, "give rows and columns"),
            ({"data": np.ones((2, 8)), "title": 3}, "give text"),
            ({"data": np.ones((2, 7))}, "it takes 8 features"),
            ({"data": np.full((2, 8), np.nan)}, "NaN"),
            ({"data": np.ones((2, 8)), "targets": [0, 7]}, "out of range"),
        ],
    )
    def test_arguments(self, result: so.Result, tmp_path: Path, more: dict[str, Any], named: str) -> None:
        with pytest.raises(so.SnnoptError, match=named):
            so.html_report(result, file=tmp_path / "a.html", **more)
        assert not list(tmp_path.iterdir())

    def test_without_matplotlib(self, result: so.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(so.MissingPackageError, match=r"snnopt\[plot\]"):
            so.html_report(result, file=tmp_path / "a.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that the command saved."""
    out = tmp_path_factory.mktemp("runs")
    model = str(Path(__file__).parents[1] / "models" / "digits_mlp.py")
    how = ["--hidden", "20", "--epochs", "1", "--samples", "100", "--seed", "3", "--save", str(out / "run.npz")]
    assert main(["train", model, *how]) == 0
    return out


class TestCommand:
    def test_a_saved_run_knows_its_data(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["report", str(folder / "run.npz")]) == 0
        told = capsys.readouterr().out
        assert told == f"page: {folder / 'run.html'}\n"
        page = checked(folder / "run.html")
        result, d = so.load(folder / "run.npz"), so.data.digits(seed=3, samples=100)
        assert f"{100 * result.score(d.X_test, d.y_test):.1f}%" in page.text("b")
        base = random_hidden_baseline(result.program, d.X_train, d.y_train, d.X_test, d.y_test, timesteps=10, seed=3)
        assert f"{100 * base.test:.1f}%" in page.text("b")
        assert "run, on digits" in page.text("h1")

    def test_other_data_by_name_or_model_file(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = folder / "model.py"
        model.write_text("DATA = 'digits'\ndef build():\n    import snnopt as so\n    x = so.Input(64)\n"
                         "    y = so.LI()(so.Dense(10)(x))\n"
                         "    return so.Problem(so.Network(x, y), so.CrossEntropy(y))\n")  # fmt: skip
        told: list[dict[str, Any]] = []
        monkeypatch.setattr("snnopt.cli.report.html_report", lambda result, **how: told.append(how))
        for data in (str(model), "digits"):
            assert main(["report", str(folder / "run.npz"), "--data", data, "--seed", "1", "--samples", "50"]) == 0
            d = so.data.digits(seed=1, samples=50)
            np.testing.assert_array_equal(told[-1]["data"], d.X_test)
            np.testing.assert_array_equal(told[-1]["train"][0], d.X_train)
            assert told[-1]["file"] == folder / "run.html" and told[-1]["title"] == "run, on digits"

    def test_mistakes(self, folder: Path, result: so.Result, capsys: pytest.CaptureFixture[str]) -> None:
        plain, model = result.save(folder / "plain.npz"), folder / "model.py"
        for more, named in {
            ("--data", "digits"): "give --seed",
            ("--data", "digitz", "--seed", "0"): "did you mean 'digits'",
            ("--data", "digits", "--seed", "0"): "it takes 8 features",
            ("--seed", "0"): "the file names no data",
            ("--samples", "5"): "the file names no data",
            ("--output", str(folder / "a.pdf")): "is no name of a page",
            ("--output", str(folder)): "it is a folder",
            ("--data", str(folder / "no.py")): "there is no such file",
        }.items():
            capsys.readouterr()
            assert main(["report", str(plain), *more]) == 2
            assert named in capsys.readouterr().err
        for wrong in (folder, folder / "none.npz", model):
            assert main(["report", str(wrong)]) == 2
