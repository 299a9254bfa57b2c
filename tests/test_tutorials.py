"""Every tutorial runs as a script, from any folder and without a screen or a warning, and what it tells and draws holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import snnopt as so
from snnopt.oracles import Verdict
from tests.tutorials import QUICK, RUNS, TUTORIALS, cells, run, run_quickly


def number(pattern: str, told: str) -> float:
    """The one number that a pattern finds in the words."""
    (found,) = re.findall(pattern, told, re.MULTILINE)
    return float(found)


def coloured(path: Path, rows: int, columns: int) -> None:
    """No panel of a picture is without a curve."""
    for row in np.array_split(picture(path), rows, axis=0):
        for panel in np.array_split(row, columns, axis=1):
            assert (panel < 0.7).any(2).sum() > 100, "a panel without a curve"


def first_network(told: str, folder: Path) -> None:
    """Training beats its baseline on test data, what is checked by hand agrees, the file gives back what was learnt."""
    scores = re.findall(r"^(?:random hidden weights \+ ridge|trained) +(\d+\.\d)% +(\d+\.\d)%$", told, re.MULTILINE)
    (_, baseline), (_, trained) = scores
    assert float(trained) > float(baseline)
    errors = re.search(r"^Largest error of the equation of v: (\S+) ", told, re.MULTILINE)
    assert errors and float(errors[1]) < 1e-12
    assert told.count(": True.") == 3 and ": False" not in told
    assert re.search(rf"^Their share that is right: {trained}%", told, re.MULTILINE)
    assert f"Loaded, it scores {trained}%" in told
    assert so.load(folder / "picture.npz").weights["hidden.weight"].shape == (100, 64)
    raster, potentials = np.array_split(picture(folder / "picture.png"), [430], axis=0)
    for panel in (raster, potentials):
        assert (np.ptp(panel, axis=2) > 0.3).sum() > 500, "a panel without spikes or curves"


def what_the_compiler_did(told: str, folder: Path) -> None:
    """Forms agree, the closed form is a minimiser, every error and fallback is shown, the constraint is kept by one run only."""
    assert "\nsubject to, for t = 1 .. T\n" in told and r"\begin{aligned}" in told
    kernels = re.findall(r"^(?:kappa|eta): +(\S+) +(\S+) +(\S+)", told, re.MULTILINE)
    assert kernels == [("1.000", "0.900", "0.810"), ("0.000", "-1.000", "-0.900")]
    same = re.search(r"trace form against the rollout: (\S+)$", told, re.MULTILINE)
    assert same and float(same[1]) < 1e-12
    found = re.search(r"closed form (\d\.\d+), at dW = 0 (\d\.\d+);\nthe least of 60 points nearby (\d\.\d+)", told)
    assert found and float(found[1]) < min(float(found[2]), float(found[3]))
    flat = re.search(r"^Largest derivative at the closed form (\S+), at dW = 0 (\S+)\.$", told, re.MULTILINE)
    assert flat and float(flat[1]) < 1e-12 < 1e-3 < float(flat[2])
    assert "4 blocks, all with closed forms; no CVXPY fallback." in told
    for name, rule in (
        ("online", "DitheredStep"),
        ("rollout", "ExactStep"),
        ("perin2025", "OneStep"),
        ("full_dual", "ChainStep"),
    ):
        part = told.partition(f"\n{name}, ")[2].partition(" form\n")[2].split("\n\n")[0]
        assert re.search(r"hidden\.potentials +(\w+)", part)[1] == rule  # type: ignore[index]
    assert "CompileError: layer 'hidden', block 'hidden.copy': no closed form" in told
    assert "CompileError: layer 'loop'" in told
    assert re.search(r"hidden: copy +-> +CVXPY FALLBACK", told) and "CVXPY FALLBACK FOR hidden.copy, all others" in told
    limited, free = (float(x) for x in re.findall(r"largest sum of \|weights\| into a neuron: (\d+\.\d+)", told))
    assert limited < 3.0001 < 3.5 < free


def weights_for_a_chip(told: str, folder: Path) -> None:
    """Projections are nearest points; training under limits beats moving to them; limits hold; what they save is counted."""
    assert number(r"its square is larger by at most (\S+)$", told) < 1e-12
    assert "hidden: copy" in told and "CombinedCopy" in told
    rows = re.findall(r"^ +(\d) +(\d+\.\d)% +(\d+\.\d)% +(\d+\.\d)%$", told, re.MULTILINE)
    assert [bits for bits, *_ in rows] == ["4", "3", "2"]
    trained, cut, again = (np.array([float(row[k]) for row in rows]) for k in (1, 2, 3))
    assert (trained > cut).all() and (trained > again - 0.3).all()  # one of 360 images more or less
    assert trained.mean() > again.mean() + 0.5 and again.mean() > cut.mean()
    kept = re.findall(
        r"^(\d) bits: hidden weights (-\d+)\.\.(\d+) times .* at most (\d+) a neuron$", told, re.MULTILINE
    )
    assert len(kept) == 3
    for bits, low, high, most in kept:
        assert -(2 ** (int(bits) - 1) - 1) <= int(low) < 0 < int(high) < 2 ** (int(bits) - 1) and int(most) <= 8
    assert number(r"weights, 4 bits: (\S+)%", told) < 0.1
    found = re.findall(r"^(free|4 bits|Card|Spike).*? +(\d+\.\d)% +(\S+)((?: +[\d,.%]+){5})$", told, re.MULTILINE)
    table = {
        name: (float(a), after, *(float(x.strip("%").replace(",", "")) for x in rest.split()))
        for name, a, after, rest in found
    }
    assert list(table) == ["free", "4 bits", "Card", "Spike"]
    random, budget = number(r"^random hidden layer +(\S+)%; ", told), number(r"; budget: (\S+)%$", told)
    _, _, acs, macs, rate, synapses, size = table.pop("free")
    assert all(row[0] > max(float(row[1].strip("%")), random) for row in table.values())
    assert synapses == 6400 and abs(2 * budget - rate) < 0.02 and table["Spike"][4] <= budget
    assert (
        table["Card"][5] == 640 and table["4 bits"][5] <= 800 and max(table["Card"][3], table["4 bits"][3]) < macs / 4
    )
    assert table["Spike"][2] < 0.6 * acs and table["Spike"][3] == macs  # the budget is about spikes, not pixels
    # 7400 weights of 32 bits, or of 4 and two scales of 4 bytes; all else is the same
    assert table["Card"][6] == table["Spike"][6] == size == table["4 bits"][6] + 7400 * 3.5 - 8
    coloured(folder / "picture.png", 1, 3)


def time_series(told: str, folder: Path) -> None:
    """Nothing after an end counts; memory helps in the order that is told, and training beats the random layers."""
    assert "garbage after their ends changes the trained weights: False" in told
    assert "lengths 15 to 30, classes left, right" in told and "160 train, 40 test" in told
    own, own_base = (number(rf"^own file: .*{name} (\d+\.\d)%", told) for name in ("trained", "layer"))
    assert own > 90 and own_base > 90  # as easy for both, as is told
    assert (
        len(re.findall(r"^(recurrent|without) +trained \d+\.\d%, random hidden layer \d+\.\d%$", told, re.MULTILINE))
        == 2
    )
    rows = re.findall(r"^(plain|adaptive|recurrent) +(\d+\.\d)% +(\d+\.\d)% +\d+\.\d%$", told, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["plain", "adaptive", "recurrent"]
    trained = [float(x) for _, x, _ in rows]
    assert trained == sorted(trained) and all(float(x) > float(base) for _, x, base in rows[1:])
    last = [float(x) for x in re.findall(r"last step alone: (\S+)%", told)]
    assert last == sorted(last) and last[-1] > 60
    coloured(folder / "picture.png", 1, 3)


def check_an_update(told: str, folder: Path) -> None:
    """What is right passes, what is wrong fails, and the smallest instance shows the planted error when it is run."""
    agreeing = re.findall(r"^(\d+) of (\d+) closed forms agree", told, re.MULTILINE)
    assert len(agreeing) == 3 and all(passed == held for passed, held in agreeing)
    assert re.search(r"hidden\.copy +CVXPY FALLBACK .*solved by CVXPY itself", told)
    assert "CompileError: layer 'hidden'" in told
    planted = told.partition("verdict\nerror, ")[2].partition("\n\n")[0].splitlines()
    assert len(planted) == int(agreeing[1][0])
    assert sum("FAILED: its objective is" in row for row in planted) > len(planted) / 2
    code = told[told.index("import numpy as np\nfrom snnopt.oracles") : told.index("print(judge(case, TwiceSigma))")]
    code = code.replace("# TwiceSigma as you defined it", "from snnopt.blocks.one_step import OneStep")
    found: dict[str, object] = {}
    exec(code + "verdict = judge(case, OneStep)", found)
    verdict = found["verdict"]
    assert isinstance(verdict, Verdict) and verdict.passed, "the shipped formula is right on the instance that is shown"
    assert "OneStep    v = 0.500: agrees with the oracle" in told and "oracle     v = 0.500" in told
    assert "TwiceSigma v = 1.000: its objective is" in told
    published = dict(re.findall(r"^[\w.\[\]]+ +(PublishedOutputStep|ClippedSpikes) +(ok|FAILED)", told, re.MULTILINE))
    assert published == {"PublishedOutputStep": "FAILED", "ClippedSpikes": "FAILED"}
    sums = {name: float(x) for name, x in re.findall(r"^(balanced|free) .*: (\S+)$", told, re.MULTILINE)}
    assert sums["balanced"] < 1e-5 < 1e-3 < sums["free"]


def a_new_closed_form(told: str, folder: Path) -> None:
    """The guess fails and what it misses costs less; the rule agrees and is bound; its box holds; the inverse fails, alone."""
    assert "CompileError: layer 'hidden', block 'hidden.copy': no closed form" in told
    verdicts = re.findall(r"h\.copy +(\w+) .* (ok|FAILED: its objective is \S+ \(relative\) above)", told)
    assert verdicts[0][0] == "ShortenThenClip" and verdicts[0][1].startswith("FAILED: its objective")
    assert verdicts[1] == ("BoundedGroups", "ok") and len(verdicts) == 2
    by_hand = re.findall(r"v = \((\S+), (\S+)\), cost (\d+\.\d+)", told)
    guess, scanned, right = (np.array(row, float) for row in by_hand)
    assert right[2] <= scanned[2] < guess[2] and np.abs(right - scanned).max() < 2e-3
    assert "hidden: copy        ->  BoundedGroups" in told
    assert "4 blocks verified: DitheredStep, MajorisedReadout, RidgeWeights, BoundedGroups" in told
    table = dict(re.findall(r"^(box|no box, clipped|no box).*? +(0\.\d{3}) +\d+ +\d+\.\d%$", told, re.MULTILINE))
    assert float(table["box"]) <= 0.05 < float(table["no box"])
    score = {
        n: float(x) for n, x in re.findall(r"^(box, by|no box, clipped|random) .* (\d+\.\d)%$", told, re.MULTILINE)
    }
    assert score["box, by"] > max(score["no box, clipped"], score["random"])
    failed = {n: int(k) for n, k in re.findall(r"^(Ridge\w+) +13 +(\d+) ", told, re.MULTILINE)}
    assert failed["RidgeWeights"] == failed["RidgeByElimination"] == 0 < failed["RidgeByInverse"]
    assert "hidden.weights by RidgeByElimination, hidden.copy by BoundedGroups" in told


def your_own_variant(told: str, folder: Path) -> None:
    """The variant is explained, verified and trained; the hasty one is refused; both halves of the picture have curves."""
    assert "algorithm  two_passes: Every mini-batch is taken twice" in told
    agreeing = re.search(r"^(\d+) of (\d+) closed forms agree", told, re.MULTILINE)
    assert agreeing and agreeing[1] == agreeing[2]
    assert "CompileError: algorithm 'hasty'" in told and "before net.demands" in told
    scores = dict(re.findall(r"^(two_passes|online|rollout) +\S+ +(\d+\.\d)%", told, re.MULTILINE))
    assert len(scores) == 3 and float(scores["two_passes"]) > 85
    assert "algorithm  inner_passes: " in told and "MAX_ITER: ran 3 iterations" in told
    for panel in np.array_split(picture(folder / "picture.png"), 2, axis=1):
        assert (np.ptp(panel, axis=2) > 0.3).sum() > 100, "a panel without a curve"


def to_other_frameworks(told: str, folder: Path) -> None:
    """A reader written from the file's equations counts what the replay counts; both ways back keep every bit; refusals show."""
    assert "CompileError: layer 'hidden'" in told and "ModelError: LIF node 'l1'" in told
    replay = re.search(
        r"^  hidden: (\d+) of (\d+) \((\S+%)\); (\d+) spikes with its own reset, (\d+) with", told, re.MULTILINE
    )
    counted = re.search(r"^Spikes: (\d+) here, (\d+) there; changed (\d+) of (\d+), (\S+%)\.$", told, re.MULTILINE)
    assert replay and counted
    assert replay.groups() == tuple(counted[k] for k in (3, 4, 5, 1, 2)) and int(replay[1]) > 0
    assert "tau = 1 ms, v_threshold = 1, v_reset = 0, r = 1." in told and "1 - dt/tau = 0.9 = 0.9." in told
    assert re.search(
        r"^Weights in the file over ours: (9\.9999\d\d|10\.0000\d\d) to 10\.0000\d\d\.$", told, re.MULTILINE
    )
    scored = re.search(r"^Test accuracy (\S+%) \(random hidden \+ ridge: (\S+%)\)\.$", told, re.MULTILINE)
    assert scored and f"with the spikes here {scored[1]}," in told and float(scored[1][:-1]) > float(scored[2][:-1])
    assert "Without read-out: pixels (Input), hidden (LIF), hidden.weight (Affine), hidden.output (Output)" in told
    assert "hidden.membrane -> hidden, hidden -> hidden.reset, hidden.reset -> hidden.membrane" in told
    same = "the same weights: True, spikes: True, potentials of the read-out: True"
    assert len(re.findall(rf"^(LIF nodes|exact) +{same}$", told, re.MULTILINE)) == 2
    trained = re.search(
        r"random weights: (\S+)% of the test digits; trained on from there: (\S+)%\.$", told, re.MULTILINE
    )
    assert trained and float(trained[1]) < 60 < 90 < float(trained[2])
    assert so.from_nir(folder / "network.nir").weights["hidden.weight"].shape == (100, 64)


def the_published_experiment(told: str, folder: Path) -> None:
    """It says what its data are; residuals fall; every algorithm has a row of shares; no part of the picture is blank."""
    assert "stand-in for N-MNIST" in told
    residuals = re.findall(r"^(hidden1|readout|hidden1\.step) +(\d\.\d+) +(\d\.\d+)$", told, re.MULTILINE)
    assert len(residuals) == 3 and all(0 < float(last) < float(first) for _, first, last in residuals)
    for name in ("perin2025, as published", "perin2025, exact updates", "exact_block", "consensus", "online"):
        row = re.search(rf"^{name} +\d+ +\d+\.\d((?: +\d+\.\d%){{4}})$", told, re.MULTILINE)
        assert row, name
        assert all(0 <= float(x) <= 100 for x in row[1].replace("%", "").split())
    assert re.search(r"^random hidden \+ ridge +\d+\.\d% +\d+\.\d%$", told, re.MULTILINE)
    for row_of_panels in np.array_split(picture(folder / "picture.png"), 2, axis=0):
        for panel in np.array_split(row_of_panels, 3, axis=1):
            coloured = np.ptp(panel, axis=2) > 0.3
            assert coloured.sum() > 100, "a panel without a curve"


def picture(path: Path) -> np.ndarray:
    """Red, green and blue [rows, columns, 3] in [0, 1]."""
    return np.asarray(matplotlib.image.imread(path))[:, :, :3]


def beyond_one_machine(told: str, folder: Path) -> None:
    """The same loss on all three ways, and bytes as the formulas have them (the tutorial asserts both)."""
    losses = re.findall(r"^(?:in memory|streamed from disk|on two workers): +loss (\d\.\d+)", told, re.MULTILINE)
    assert len(losses) == 3 and len(set(losses)) == 1
    counted, expected = re.findall(r"(\d+) down, (\d+) up$", told, re.MULTILINE)
    assert counted == expected and "The scheduler breaks first" in told


def two_sites(told: str, folder: Path) -> None:
    """Agreed is better than alone, than the mean without duals, and than random layers."""
    found = re.findall(r"^([\w ]+?) +(\d+\.\d)%  \(", told, re.MULTILINE)
    rows = {name: float(mean) for name, mean in found}
    assert len(rows) == 6 and rows["agreed"] > 94 > 60 > max(rows["site A alone"], rows["site B alone"])
    assert rows["random hidden layer"] < rows["agreed"] <= rows["together"] + 0.5


HOLDS: dict[str, Callable[[str, Path], None]] = {
    "01_first_network": first_network,
    "02_what_the_compiler_did": what_the_compiler_did,
    "03_check_an_update": check_an_update,
    "04_a_new_closed_form": a_new_closed_form,
    "05_your_own_variant": your_own_variant,
    "06_weights_for_a_chip": weights_for_a_chip,
    "07_time_series": time_series,
    "08_to_other_frameworks": to_other_frameworks,
    "09_the_published_experiment": the_published_experiment,
    "10_beyond_one_machine": beyond_one_machine,
    "11_two_sites": two_sites,
}
"""What must hold of a tutorial's words and files, beside what must hold of all."""


def test_there_are_tutorials_and_tables_name_no_other() -> None:
    names = {t.stem for t in TUTORIALS}
    assert names and set(QUICK) | set(HOLDS) <= names


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda t: t.stem)
def test_a_tutorial_runs_and_what_it_tells_holds(tutorial: Path) -> None:
    told, folder = run_quickly(tutorial).told, RUNS / tutorial.stem
    assert told.strip() and "nan" not in told.lower().split()
    for path in folder.rglob("*.png"):
        share = float((picture(path) < 0.9).any(2).mean())
        assert 0.005 < share < 0.9, f"{path.name}: {share:.1%} of it is drawn on"
    if tutorial.stem in HOLDS:
        HOLDS[tutorial.stem](told, folder)


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda t: t.stem)
def test_a_tutorial_begins_with_its_title(tutorial: Path) -> None:
    first = cells(tutorial)[0]
    assert first.prose and first.text.startswith("# ")


def test_the_published_experiment_reads_n_mnist(tmp_path: Path) -> None:
    """Two events a recording, as a file of N-MNIST has them: x, y, polarity and microseconds in 5 bytes."""
    for part in ("Train", "Test"):
        for digit in range(10):
            folder = tmp_path / part / str(digit)
            folder.mkdir(parents=True)
            for k in range(20 if part == "Test" else 1):
                (folder / f"{k:05}.bin").write_bytes(bytes([digit, k, 0x80, 0, 100, digit + 1, k, 0, 10, 0]))
    tutorial = next(t for t in TUTORIALS if t.stem == "09_the_published_experiment")
    told = run(tutorial, tmp_path, "--nmnist . --iterations 2 --samples 10 --steps 4 --hidden 3 2").told
    assert "nmnist" in told and "stand-in" not in told and "events[2312] -> hidden1: LIF[3], hidden2: LIF[2]" in told
    assert (tmp_path / "tutorial_09.png").is_file()
