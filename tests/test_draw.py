"""Diagrams: they show exactly the network's graph or the plan's blocks, nothing on top of anything, and Mermaid reads back."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from scipy.optimize import isotonic_regression

import snnopt as so
from snnopt.report.draw.diagram import LONGEST
from snnopt.report.draw.layout import separated
from snnopt.report.draw.network import network_diagram
from snnopt.report.draw.plan import plan_diagram
from snnopt.report.draw.ranks import Item, crossings, ordered


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    """Draw without a display, and leave no figure open."""
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


# ---- networks


def chain(hidden: int) -> so.Network:
    signal: so.Input | so.Population = (x := so.Input(64, name="pixels"))
    for k in range(hidden):
        signal = so.LIF(name=f"hidden{k + 1}")(so.Dense(100)(signal))
    return so.Network(x, so.LI(name="readout")(so.Dense(10)(signal)))


def midway() -> so.Network:
    """A deep network with a read-out of long name on its way."""
    signal: so.Input | so.Population = (x := so.Input(64, name="pixels"))
    for k in range(9):
        signal = so.LIF(name=f"hidden{k + 1}")(so.Dense(100)(signal))
        if k == 2:
            aux = so.LI(name="a_read_out_on_the_way")(so.Dense(10)(signal))
    return so.Network(x, [so.LI(name="readout")(so.Dense(10)(signal)), aux])


def images() -> so.Network:
    image = so.Input((1, 28, 28), name="image")
    first = so.LIF(name="conv1")(so.AvgPool2d(2)(so.Conv2d(12, kernel=5, padding=2)(image)))
    second = so.LIF(name="conv2")(so.Conv2d(24, kernel=(3, 5), padding=1)(first))
    dense = so.LIF(name="dense")(so.Dense(100)(so.Flatten()(second)))
    return so.Network(image, so.LI(name="out")(so.Dense(10)(dense)))


def busy() -> so.Network:
    x = so.Input(64, name="pixels")
    h1 = so.LIF(name="h1")(so.Dense(50)(x))
    h2 = so.ALIF(name="h2", recurrent=so.Dense())(so.Dense(40)(h1) + so.Dense(40)(so.Delay(2)(x)))
    h3 = so.CubaLIF(name="h3")(so.Dense(30)(h2))
    y = so.LI(name="out")(so.Dense(10)(h3) + so.Dense(10)(h1))
    return so.Network(x, y, feedback={h1: so.Dense()(so.Delay(1)(h3))})


def two() -> so.Network:
    a, v = so.Input(20, name="audio"), so.Input((1, 8, 8), name="video")
    ears, eyes = so.LIF(name="ears")(so.Dense(30)(a)), so.LIF(name="eyes")(so.Conv2d(4, 3)(v))
    both = so.LIF(name="both", recurrent=so.Dense())(so.Dense(50)(ears) + so.Dense(50)(eyes))
    what = so.LI(name="what")(so.Dense(10)(both))
    return so.Network([a, v], [what, so.LI(name="where")(so.Dense(2)(both) + so.Dense(2)(eyes))])


def shared() -> so.Network:
    x, w, u = so.Input(16, name="x"), so.Dense(16, name="w"), so.Dense(16)
    h1 = so.LIF(name="h1")(w(x))
    h3 = so.LIF(name="h3")(u(so.LIF(name="h2")(w(h1))))
    g = so.LIF(name="g")(u(h1) + so.Dense(16)(x))
    y = so.LI(name="out")(so.Dense(3)(h3) + so.Dense(3)(g))
    return so.Network(x, y, feedback={g: so.Dense()(so.Delay(1)(h3))})


def siblings() -> so.Network:
    """Feedback between layers of one column, currents side by side, a source without connection, equations."""
    x = so.Input(6, name="x")
    a = so.LIF(name="a")(so.Dense(6)(x) + so.Dense(6)(so.Delay(1)(x)))
    b = so.Neuron.from_equations(v="0.9 * v + i - s", threshold=1.0, name="b")(x)
    y = so.LI(name="y")(so.Dense(2)(a) + so.Dense(2)(b))
    return so.Network(x, y, feedback={a: so.Dense()(so.Delay(2)(b)), b: so.Dense()(so.Delay(1)(a))})


def skips() -> so.Network:
    """Every layer feeds all later ones."""
    signals: list[Any] = [so.Input(8, name="x")]
    for k in range(5):
        current = so.Dense(8)(signals[0])
        for signal in signals[1:]:
            current = current + so.Dense(8)(signal)
        signals.append(so.LIF(name=f"h{k}")(current))
    return so.Network(signals[0], so.LI(name="y")(so.Dense(3)(signals[-1])))


def lonely() -> so.Network:
    x = so.Input(3, name="x")
    return so.Network(x, so.LI(name="y")(so.Dense(2)(x)))


NETWORKS: dict[str, Callable[[], so.Network]] = {
    "no hidden layer": lonely,
    "one hidden layer": lambda: chain(1),
    "four hidden layers": lambda: chain(4),
    "ten hidden layers": lambda: chain(10),
    "a read-out midway": midway,
    "images": images,
    "skip, recurrence, feedback, delay": busy,
    "two inputs and outputs": two,
    "shared weights": shared,
    "feedback between siblings": siblings,
    "all skips": skips,
}
each_network = pytest.mark.parametrize("name", NETWORKS)


def problem(network: so.Network) -> so.Problem:
    losses = [so.CrossEntropy(y) for y in network.outputs]
    return so.Problem(network, sum(losses[1:], losses[0] * 1))


# ---- looking at pictures


def six_by_four() -> Axes:
    """Axes as wide as their figure of 6 x 4 inches."""
    return Figure(figsize=(6, 4), layout="constrained").add_subplot()


def render(ax: Axes) -> None:
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO())


def boxes(ax: Axes) -> dict[str, FancyBboxPatch]:
    return {str(p.get_gid()): p for p in ax.patches if isinstance(p, FancyBboxPatch) and p.get_gid()}


def lines(ax: Axes) -> dict[str, FancyArrowPatch]:
    return {str(p.get_gid()): p for p in ax.patches if isinstance(p, FancyArrowPatch)}


def texts(ax: Axes) -> list[str]:
    return [t.get_text() for t in ax.texts]


def course(line: FancyArrowPatch) -> np.ndarray:
    """Points close together along a line, [k, 2], in units of the axes."""
    fine = 500  # curves become pieces as long as a pixel
    path: Path = line._path_original  # type: ignore[attr-defined]
    (corners,) = path.transformed(Affine2D().scale(fine)).to_polygons(closed_only=False)
    pieces = [np.linspace(a, b, max(2, int(np.hypot(*(b - a)) / 5))) for a, b in pairwise(np.asarray(corners))]
    return np.concatenate(pieces) / fine


def frame(patch: FancyBboxPatch) -> np.ndarray:
    """Left, top, right and bottom."""
    vertices = np.asarray(patch.get_path().vertices)
    return np.concatenate([vertices.min(0), vertices.max(0)])


def words(ax: Axes) -> np.ndarray:
    """Left, top, right and bottom of all texts, [k, 4]."""
    corners = [np.asarray(t.get_window_extent().transformed(ax.transData.inverted())) for t in ax.texts]
    return np.array([np.concatenate([c.min(0), c.max(0)]) for c in corners])


def overlaps(a: np.ndarray, b: np.ndarray, slack: float = 0.005) -> np.ndarray:
    """Which rectangles of ``a`` [k, 4] overlap those of ``b`` [m, 4] by more than ``slack`` inches both ways, [k, m]."""
    common = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.all(common > slack, axis=-1)


def check_clear(ax: Axes) -> None:
    """No label on another or on a box, no box on another, no line through a box or a label, everything in sight."""
    render(ax)
    frames, texts = np.array([frame(p) for p in boxes(ax).values()]), words(ax)
    for rectangles in (frames, texts):
        assert not np.any(np.triu(overlaps(rectangles, rectangles), 1))
    inside = overlaps(texts, frames)
    assert inside.sum(1).max() == 1
    for text, k in np.argwhere(inside):
        assert frames[k, 0] <= texts[text, 0] + 0.02 and texts[text, 2] <= frames[k, 2] + 0.02, ax.texts[
            text
        ].get_text()
        assert frames[k, 1] <= texts[text, 1] + 0.02 and texts[text, 3] <= frames[k, 3] + 0.02, ax.texts[
            text
        ].get_text()
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert (
        left <= texts[:, 0].min()
        and texts[:, 2].max() <= right
        and high <= texts[:, 1].min()
        and texts[:, 3].max() <= low
    )
    for gid, line in lines(ax).items():
        points = course(line)
        points = points[np.hypot(*(points - points[0]).T) > 0.02]
        points = points[np.hypot(*(points - course(line)[-1]).T) > 0.02]
        spots = np.concatenate([points - 0.001, points + 0.001], axis=1)
        assert not overlaps(spots, np.concatenate([frames, texts]), 0.001).any(), gid


# ---- pictures of networks


@each_network
def test_boxes_and_lines_are_the_nodes_and_edges_of_the_graph(name: str) -> None:
    network = NETWORKS[name]()
    ax = six_by_four()
    assert so.draw(network, ax) is ax
    assert set(boxes(ax)) == set(network.graph)
    assert sorted(lines(ax)) == sorted(f"{a} -> {b}" for a, b in network.graph.edges)
    render(ax)


@each_network
def test_nothing_stands_on_top_of_anything(name: str) -> None:
    network, ax = NETWORKS[name](), six_by_four()
    so.draw(network, ax)
    check_clear(ax)
    check_clear(so.draw(network))


@each_network
def test_lines_run_from_source_to_target(name: str) -> None:
    ax = so.draw(NETWORKS[name](), six_by_four())
    frames = {n: frame(p) for n, p in boxes(ax).items()}
    for gid, line in lines(ax).items():
        points = course(line)
        for node, (x, y) in zip(gid.split(" -> "), (points[0], points[-1]), strict=True):
            left, top, right, bottom = frames[node]
            assert left - 0.01 <= x <= right + 0.01 and top - 0.01 <= y <= bottom + 0.01
        assert line.get_arrowstyle().__class__.__name__ == "CurveFilledB"


def test_type_is_legible_at_six_by_four_inches() -> None:
    for name, least in {
        "ten hidden layers": 8.0,
        "four hidden layers": 8.0,
        "images": 7.0,
        "two inputs and outputs": 7.0,
    }.items():
        ax = so.draw(NETWORKS[name](), six_by_four())
        assert min(float(t.get_fontsize()) for t in ax.texts) >= least * 7.5 / 9, name


def test_deep_networks_run_on_from_line_to_line() -> None:
    ax = so.draw(chain(10), six_by_four())
    render(ax)
    rows = {round(frame(p)[1], 2) for p in boxes(ax).values()}
    assert 2 <= len(rows) <= 4
    assert {t.get_rotation() for t in ax.texts} == {0.0}


def test_text_runs_upwards_where_that_is_larger() -> None:
    ax = Figure(figsize=(3, 5)).add_axes((0.0, 0.0, 1.0, 1.0))
    so.draw(busy(), ax)
    assert {t.get_rotation() for t in ax.texts} == {90.0}
    check_clear(ax)


def test_columns_are_depths() -> None:
    column = {box.name: box.column for box in network_diagram(busy()).boxes}
    assert column == {"pixels": 0, "h1": 1, "h2": 2, "h3": 3, "out": 4}


def test_labels_name_neurons_shapes_connections_and_delays() -> None:
    found = texts(so.draw(images(), six_by_four()))
    assert {"image", "input 1×28×28", "conv1", "LIF 12×14×14", "dense", "LIF 100", "out", "LI 10"} <= set(found)
    assert {"Conv2d 5×5", "→ AvgPool2d 2×2", "Conv2d 3×5", "Flatten", "→ Dense"} <= set(found)
    found = texts(so.draw(busy(), six_by_four()))
    assert {"ALIF 40", "CubaLIF 30", "delay 2", "delay 1"} <= set(found) and found.count("Dense") == 8
    found = texts(so.draw(siblings(), six_by_four()))
    assert {"+ Dense, delay 1", "direct", "EquationNeuron 6"} <= set(found)


def test_inputs_hidden_layers_and_read_outs_differ_in_shape() -> None:
    ax = so.draw(chain(1), six_by_four())
    frames = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    inner = [p for p in frames if not p.get_gid()]
    rounding = {n: p.get_boxstyle().rounding_size for n, p in boxes(ax).items()}  # type: ignore[attr-defined]
    assert len(inner) == 1
    a, b = frame(inner[0]), frame(boxes(ax)["readout"])
    assert b[0] < a[0] < a[2] < b[2]
    assert rounding["pixels"] > 3 * rounding["hidden1"] and rounding["hidden1"] == rounding["readout"]


def test_feedback_is_dashed_and_loops_are_seen() -> None:
    ax = so.draw(busy(), six_by_four())
    assert {gid for gid, line in lines(ax).items() if line.get_linestyle() != "-"} == {"h3 -> h1"}
    loop = course(lines(ax)["h2 -> h2"])
    assert frame(boxes(ax)["h2"])[1] - loop[:, 1].min() > 0.15
    dashed = [gid for gid, line in lines(so.draw(siblings(), six_by_four())).items() if line.get_linestyle() != "-"]
    assert sorted(dashed) == ["a -> b", "b -> a"]


def test_shared_weights_have_one_colour_and_say_so() -> None:
    ax = so.draw(shared(), six_by_four())
    colours = {gid: line.get_edgecolor() for gid, line in lines(ax).items()}
    assert colours["x -> h1"] == colours["h1 -> h2"] != colours["h2 -> h3"] == colours["h1 -> g"]
    assert len(set(colours.values())) == 3
    found = texts(ax)
    assert [found.count(t) for t in ("Dense 'w'", "shared A", "shared B")] == [2, 2, 2]


def test_a_problem_is_drawn_as_its_network() -> None:
    network = busy()
    assert texts(so.draw(problem(network), six_by_four())) == texts(so.draw(network, six_by_four()))


def test_names_are_not_read_as_mathematics_and_long_ones_are_cut() -> None:
    x = so.Input(2, name="$x^2$ \n%_&")
    y = so.LI(name="y" * 100)(so.Dense(2, name=r"\alpha$")(x))
    ax = so.draw(so.Network(x, y), six_by_four())
    assert texts(ax) == ["$x^2$ %_&", "input 2", "y" * (LONGEST - 1) + "…", "LI 2", r"Dense '\\alpha$'"]
    assert not any(t.get_parse_math() for t in ax.texts)
    check_clear(ax)


def test_axes_are_made_where_none_are_given_and_any_layout_will_do() -> None:
    assert isinstance(so.draw(chain(1)), Axes)
    figure = Figure(figsize=(8, 6), layout="tight")
    grid = figure.subplots(2, 2)
    for ax in grid.flat:
        so.draw(chain(3), ax)
        check_clear(ax)
    inner = Figure(figsize=(8, 4)).add_subfigure(GridSpec(1, 2)[0]).add_subplot()
    so.draw(busy(), inner)


def test_the_same_network_gives_the_same_picture() -> None:
    once, again = (so.draw(shared(), six_by_four()) for _ in range(2))
    for a, b in zip(once.patches, again.patches, strict=True):
        np.testing.assert_array_equal(a.get_path().vertices, b.get_path().vertices)


# ---- pictures of plans

PLANS = [(name, algorithm) for name in NETWORKS for algorithm in ("online", "rollout")]


def plan_of(name: str, algorithm: str) -> so.Plan:
    return so.compile(problem(NETWORKS[name]()), algorithm)


@pytest.mark.parametrize(("name", "algorithm"), PLANS)
def test_a_plan_is_its_blocks_and_the_couplings_between_them(name: str, algorithm: str) -> None:
    plan = plan_of(name, algorithm)
    ax = six_by_four()
    assert so.draw(plan, ax) is ax
    drawn = boxes(ax)
    blocks = {n for n in drawn if "." in n}
    assert blocks == {b.block.name for b in plan.bindings}
    found = texts(ax)
    for binding in plan.bindings:
        assert found[found.index(binding.block.name) + 1] == binding.title
    couplings = {n for n in drawn if "." not in n}
    assert couplings <= {f"{c.name}: {kind}" for c in plan.program.couplings for kind in ("dynamics", "step")}
    tied: dict[str, set[str]] = {}
    for gid in lines(ax):
        block, coupling = gid.split(" -> ")
        tied.setdefault(coupling, set()).add(block)
    assert set(tied) == couplings and all(len(b) > 1 for b in tied.values())
    assert set().union(*tied.values()) == blocks or len(blocks) == 1
    assert all(line.get_arrowstyle().__class__.__name__ == "Curve" for line in lines(ax).values())
    check_clear(so.draw(plan))


def test_variables_that_tie_blocks() -> None:
    plan = plan_of("skip, recurrence, feedback, delay", "rollout")
    found = {f"{link.source} | {link.target}": link.label for link in plan_diagram(plan).links}
    assert found["h1.weights | h1: dynamics"] == ("W, b",)
    assert found["h1.potentials | h1: dynamics"] == ("v",)
    assert found["h1.spikes | h1: dynamics"] == found["h3.spikes | h1: dynamics"] == ("s",)
    assert found["h1.potentials | h1: step"] == ("v",) and found["h1.spikes | h1: step"] == ("s",)
    assert found["h1.spikes | out: dynamics"] == found["h3.spikes | out: dynamics"] == ("s",)
    assert "h2.spikes | out: dynamics" not in found and "out: step" not in str(found)
    online = {
        f"{link.source} | {link.target}": link.label
        for link in plan_diagram(plan_of("one hidden layer", "online")).links
    }
    assert online == {
        "hidden1.weights | hidden1: dynamics": ("W, b",),
        "hidden1.potentials | hidden1: dynamics": ("v, s",),
        "readout.readout | readout: dynamics": ("W, b",),
        "hidden1.potentials | readout: dynamics": ("s",),
    }


@pytest.mark.parametrize("algorithm", ["online", "rollout", "perin2025", "exact_block", "full_dual", "consensus"])
def test_copies_are_tied_to_their_weights(algorithm: str) -> None:
    x = so.Input(6, name="x")
    h = so.LIF(name="h1")(so.Dense(5)(x))
    g = so.LIF(name="h2")(so.Dense(5)(h))
    y = so.LI(name="out")(so.Dense(3)(g))
    network = so.Network(x, y)
    objective = so.CrossEntropy(y) + 0.1 * so.L1(g.weights) + 0.1 * so.L1(y.weights)
    plan = so.compile(so.Problem(network, objective, constraints=[so.Box(h.weights, -1, 1)]), algorithm)
    diagram = plan_diagram(plan)
    column = {box.name: box.column for box in diagram.boxes}
    found = {(link.source, link.target): link.label for link in diagram.links}
    last = "out.readout" if algorithm in ("online", "rollout") else "out.weights"
    for weights, copy in (("h1.weights", "h1.copy"), ("h2.weights", "h2.copy"), (last, "out.copy")):
        assert column[weights] == column[copy] and found[copy, f"{copy}: W = V"] == ("V",)
        assert found[weights, f"{copy}: W = V"] == ("W",)
    assert {source for source, _ in found} == {b.block.name for b in plan.bindings}
    ax = six_by_four()
    so.draw(plan, ax)
    assert texts(ax).count("W = V") == 3 and any("V their copies" in t for t in texts(ax))
    check_clear(so.draw(plan))


def test_a_last_step_with_a_block_of_its_own_is_tied_too() -> None:
    x = so.Input(6, name="x")
    y = so.LI(name="out")(so.Dense(3)(so.LIF(name="h")(so.Dense(5)(x))))
    problem = so.Problem(so.Network(x, y), so.SquaredError(y, over="last"))
    plan = so.compile(problem, so.algorithms.Perin2025(last_step="published"))
    assert {k.source for k in plan_diagram(plan).links} == {b.block.name for b in plan.bindings}
    assert not any("copies" in t for t in texts(so.draw(plan, six_by_four())))


def test_shared_weights_tie_the_layers_that_use_them() -> None:
    links = plan_diagram(plan_of("shared weights", "online")).links
    assert {link.target for link in links if link.source == "h2+h1.weights"} == {"h1: dynamics", "h2: dynamics"}


def test_blocks_of_the_same_layers_stand_apart() -> None:
    x, w, v = so.Input(5, name="x"), so.Dense(5), so.Dense(5)
    h = so.LIF(name="h")(w(x) + v(x))
    g = so.LIF(name="g")(w(h) + v(h))
    plan = so.compile(problem(so.Network(x, so.LI(name="y")(so.Dense(2)(g)))))
    ax = so.draw(plan)
    assert {n for n in boxes(ax) if "." in n} == {b.block.name for b in plan.bindings} and len(boxes(ax)) == 8
    check_clear(ax)


# ---- Mermaid

NODE = re.compile(r'    (n\d+)(\(\[|\[\[|\[)"([^"]*)"(\]\)|\]\]|\])')
EDGE = re.compile(r'    (n\d+) (-->|-\.->|---|-\.-)\|"([^"]*)"\| (n\d+)')
CLOSING = {"([": "])", "[[": "]]", "[": "]"}


def read(text: str) -> tuple[dict[str, tuple[str, str, list[str]]], list[tuple[str, str, str, list[str]]]]:
    """Nodes by id (bracket, title, further lines) and edges (source id, arrow, target id, label), by a strict grammar."""
    head, *rest = text.removesuffix("\n").split("\n")
    assert head == "flowchart LR"
    nodes: dict[str, tuple[str, str, list[str]]] = {}
    edges: list[tuple[str, str, str, list[str]]] = []
    for line in rest:
        node, edge = NODE.fullmatch(line), EDGE.fullmatch(line)
        if node:
            assert not edges and CLOSING[node[2]] == node[4] and node[1] == f"n{len(nodes)}"
            title, *more = (plain(t) for t in node[3].split("<br/>"))
            nodes[node[1]] = node[2], title, more
        else:
            assert edge, line
            assert {edge[1], edge[4]} <= set(nodes)
            edges.append((edge[1], edge[2], edge[4], [plain(t) for t in edge[3].split("<br/>")]))
    return nodes, edges


def plain(quoted: str) -> str:
    """Characters by their codes; what remains must be harmless in a label."""
    assert re.fullmatch(r"(?:#\d+;|[\w ,./×→…])*", quoted) and "_" not in quoted, quoted
    return re.sub(r"#(\d+);", lambda m: chr(int(m[1])), quoted)


@each_network
def test_mermaid_reads_back_as_the_graph(name: str) -> None:
    network = NETWORKS[name]()
    nodes, edges = read(so.mermaid(network))
    assert [title for _, title, _ in nodes.values()] == list(network.names.values())
    found = {(nodes[a][1], nodes[b][1]): label for a, _, b, label in edges}
    assert len(edges) == len(found) and set(found) == set(network.graph.edges)
    drawn = {(link.source, link.target): list(link.label) for link in network_diagram(network).links}
    assert found == drawn
    for bracket, title, (detail,) in nodes.values():
        node = network.by_name[title]
        kind = "([" if isinstance(node, so.Input) else "[[" if node in network.outputs else "["
        assert bracket == kind
        assert detail.endswith("×".join(map(str, node.shape or ())))
    dotted = {(nodes[a][1], nodes[b][1]) for a, arrow, b, _ in edges if arrow == "-.->"}
    assert dotted == {(link.source, link.target) for link in network_diagram(network).links if link.feedback}
    assert so.mermaid(problem(network)) == so.mermaid(network)


def test_mermaid_of_the_example_in_full() -> None:
    assert so.mermaid(chain(1)) == (
        "flowchart LR\n"
        '    n0(["pixels<br/>input 64"])\n'
        '    n1["hidden1<br/>LIF 100"]\n'
        '    n2[["readout<br/>LI 10"]]\n'
        '    n0 -->|"Dense"| n1\n'
        '    n1 -->|"Dense"| n2\n'
    )


@pytest.mark.parametrize(("name", "algorithm"), PLANS)
def test_mermaid_reads_back_as_the_plan(name: str, algorithm: str) -> None:
    plan = plan_of(name, algorithm)
    nodes, edges = read(so.mermaid(plan))
    diagram = plan_diagram(plan)
    assert [(t, m) for _, t, m in nodes.values()] == [(b.title, [b.detail]) for b in diagram.boxes]
    by_id = dict(zip(nodes, (b.name for b in diagram.boxes), strict=True))
    assert [(by_id[a], by_id[b], tuple(label)) for a, _, b, label in edges] == [
        (k.source, k.target, k.label) for k in diagram.links
    ]
    assert {arrow for _, arrow, _, _ in edges} <= {"---"}


HOSTILE = [
    'a"b`c#d;e|f]g)h}i',
    "<br>j&amp;k*l_m%%n\\o$p$",
    "end",
    "%%{init}%% 中 é",
    "- x",
    "1) y",
    "style n0 fill:#f00",
    "\n",
]


def test_mermaid_escapes_names() -> None:
    x = so.Input(4, name=HOSTILE[0])
    signal: Any = x
    for k, name in enumerate(HOSTILE[1:]):
        signal = so.LIF(name=name)(so.Dense(5, name=f'{k} "|`')(signal))
    nodes, edges = read(so.mermaid(so.Network(x, so.LI(name="y")(so.Dense(3)(signal)))))
    assert [title for _, title, _ in nodes.values()] == [*HOSTILE[:-1], "?", "y"]
    assert next(label for *_, label in edges) == ["Dense '0 \"|`'"]


# ---- errors


@pytest.mark.parametrize("function", [so.draw, so.mermaid])
@pytest.mark.parametrize("wrong", [None, 3, "x", so, np.eye(2), so.LIF(), so.Input(3), so.compile])
def test_what_cannot_be_drawn_says_what_can(function: Any, wrong: Any) -> None:
    with pytest.raises(so.ModelError, match=r"(draw|mermaid): .* cannot be drawn.\n  Fix: pass a network or a problem"):
        function(wrong)


@pytest.mark.parametrize("ax", [3, "axes", [None]])
@pytest.mark.parametrize("planned", [False, True])
def test_what_is_no_axes_is_refused(ax: Any, planned: bool) -> None:
    y = so.LI()(so.Dense(2)(x := so.Input(3)))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y))
    with pytest.raises(so.ModelError, match=r"ax: .* is no matplotlib axes.\n  Fix: .*subplots\(\)\[1\]"):
        so.draw(so.compile(problem) if planned else problem, ax=ax)


def test_missing_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    network = chain(1)
    plan = so.compile(problem(network))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for obj in (network, plan):
        with pytest.raises(so.MissingPackageError, match=r"pip install 'snnopt\[plot\]'"):
            so.draw(obj)
        assert so.mermaid(obj)


# ---- the layout


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 1), st.floats(0.1, 1), st.booleans()), min_size=1, max_size=8)
)
def test_separated_is_the_nearest_that_keeps_apart(given_items: list[tuple[float, float, float, bool]]) -> None:
    rank = [Item(str(k), 0.0, up, down, across) for k, (_, up, down, across) in enumerate(given_items)]
    wanted, slack = np.array([w for w, *_ in given_items]), 0.1
    least = np.array([a.down + slack + b.up for a, b in pairwise(rank)])
    offset = np.concatenate([[0.0], np.cumsum(least)])
    best = isotonic_regression(wanted - offset, weights=[1.0 if i.across else 8.0 for i in rank]).x + offset
    np.testing.assert_allclose(separated(rank, wanted, slack), best, atol=1e-9)


def test_order_undoes_crossings() -> None:
    ranks = [[Item(n, 1.0, 0.5, 0.5) for n in names] for names in ("abc", "def", "ghi")]
    chains = [("a", "f", "g"), ("b", "e", "i"), ("c", "d", "h")]
    assert crossings(ranks, chains) > 0
    assert crossings(ordered(ranks, chains), chains) == 0
