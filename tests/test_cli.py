"""The command line: what it prints, writes and returns, and how it meets mistakes."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.cli import main
from snnopt.cli.options import configured
from snnopt.cli.termination import termination
from snnopt.data import digits
from snnopt.lower import lower
from snnopt.report.baseline import random_hidden_baseline
from snnopt.report.progress import progress_display, progress_line, progress_table
from snnopt.runtime import Engine, Record, Wiring, check_inputs, check_targets
from snnopt.runtime.initial import starting_weights
from snnopt.runtime.loops.loop import Rollouts

MODEL = Path(__file__).parent.parent / "models" / "digits_mlp.py"
FAST = ["--samples", "60", "--epochs", "1", "--timesteps", "3"]
SMALL = """
import snnopt as so

def build(hidden=(5,)):
    x = so.Input(64)
    h = so.LIF()(so.Dense(hidden[0])(x))
    y = so.LI()(so.Dense(10)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))
"""


def lines(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.splitlines())


def written(folder: Path, text: str, name: str = "model.py") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


class TestTrain:
    def test_prints_parsable_lines_and_writes_what_was_asked_for(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        run, picture = tmp_path / "run.npz", tmp_path / "run.svg"
        assert main(["train", str(MODEL), *FAST, "--save", str(run), "--plot", str(picture)]) == 0
        out, err = capsys.readouterr()
        found = lines(out)
        assert found["network"] == "64-100-10"
        assert (found["train_samples"], found["test_samples"], found["timesteps"]) == ("60", "360", "3")
        assert found["status"] == "COMPLETED"
        d, result = digits(samples=60), so.load(run)
        assert float(found["test_accuracy"]) == pytest.approx(result.score(d.X_test, d.y_test), abs=5e-5)
        assert float(found["train_accuracy"]) == pytest.approx(result.score(d.X_train, d.y_train), abs=5e-5)
        assert 0 < float(found["firing_rate.hidden"]) < 1
        assert float(found["training_seconds"]) > 0
        assert (found["saved"], found["picture"]) == (str(run), str(picture))
        assert "<svg" in picture.read_text()
        assert not err

    def test_same_seed_same_result_as_from_python(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        path = written(tmp_path, SMALL)
        run = tmp_path / "run.npz"
        assert main(["train", path, *FAST, "--seed", "4", "--hidden", "7", "--set", "step=2", "--save", str(run)]) == 0
        d = digits(seed=4, samples=60)
        x = so.Input(64)
        h = so.LIF()(so.Dense(7)(x))
        y = so.LI()(so.Dense(10)(h))
        plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=1, step=2.0))
        wanted = plan.solve(d.X_train, d.y_train, timesteps=3, seed=4).weights
        found = so.load(run).weights
        assert found.keys() == wanted.keys()
        for name, w in wanted.items():
            np.testing.assert_array_equal(found[name], w)

    def test_progress_and_a_terminal_change_nothing(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        quiet, drawn = tmp_path / "quiet.npz", tmp_path / "drawn.npz"
        assert main(["train", str(MODEL), *FAST, "--epochs", "5", "--save", str(quiet)]) == 0
        capsys.readouterr()
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        assert main(["train", str(MODEL), *FAST, "--epochs", "5", "--save", str(drawn)]) == 0
        out, err = capsys.readouterr()
        assert "random hidden layer" in out
        assert "spikes flipped" in err
        for name, w in so.load(quiet).weights.items():
            np.testing.assert_array_equal(so.load(drawn).weights[name], w)

    def test_timed_data_count_samples_and_steps(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        model, picture = str(MODEL.with_name("pulse_order.py")), tmp_path / "p.png"
        small = ["--samples", "70", "--epochs", "1", "--with", "units=12", "--with", "memory=adaptive"]
        assert main(["train", model, *small, "--plot", str(picture)]) == 0
        found = lines(capsys.readouterr().out)
        assert (found["train_samples"], found["test_samples"], found["timesteps"]) == ("70", "1000", "40")
        assert found["network"] == "12-12-4" and picture.exists()

    def test_firing_rates_count_only_steps_that_count(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        model, run = str(MODEL.with_name("vowels_recurrent.py")), tmp_path / "run.npz"
        assert main(["train", model, "--epochs", "1", "--with", "units=12", "--save", str(run)]) == 0
        found, d = lines(capsys.readouterr().out), so.data.japanese_vowels()
        assert (found["train_samples"], found["test_samples"]) == ("270", "370")
        result = so.load(run)
        assert result.unequal
        a = so.simulate(result, result.weights, d.X_test.astype(np.float32), lengths=d.lengths_test)["hidden"]
        assert float(found["firing_rate.hidden"]) == pytest.approx(a.firing_rate, abs=5e-5)

    def test_with_passes_any_argument_of_build(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        path = written(
            tmp_path,
            SMALL.replace("hidden=(5,)", "hidden=(5,), beta=0.9, word='a', flag=True, none=3").replace(
                "    x =", "    print(repr((hidden, beta, word, flag, none)))\n    x ="
            ),
        )
        given = ["hidden=(7, 8)", "beta=0.5", "word=b=c d", "flag=False", "none=None"]
        assert main(["explain", path, *(part for text in given for part in ("--with", text))]) == 0
        assert capsys.readouterr().out.splitlines()[0] == "((7, 8), 0.5, 'b=c d', False, None)"

    def test_rollout_counts_iterations(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["train", str(MODEL), *FAST, "--algorithm", "rollout"]) == 0
        assert lines(capsys.readouterr().out)["message"] == "ran 1 iterations"

    def test_input_of_several_axes(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        picture = tmp_path / "p.png"
        path = written(tmp_path, SMALL.replace("so.Input(64)", "so.Input((8, 8))").replace("Dense(10)", "Dense(12)"))
        assert main(["train", path, *FAST, "--plot", str(picture)]) == 0
        assert lines(capsys.readouterr().out)["network"] == "8x8-5-12"
        assert picture.exists()

    def test_interrupted_run_keeps_what_it_has(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def interrupt(rollouts: Rollouts, *_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Rollouts, "sweep", interrupt)
        run = tmp_path / "run.npz"
        assert main(["train", str(MODEL), *FAST, "--save", str(run)]) == 130
        assert lines(capsys.readouterr().out)["status"] == "INTERRUPTED"
        assert so.load(run).status is so.Status.INTERRUPTED

    def test_interrupt_elsewhere_is_no_traceback(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setitem(so.data.DATASETS, "digits", interrupt)
        assert main(["train", str(MODEL)]) == 130
        assert capsys.readouterr().err == "snnopt: interrupted\n"


def same_weights(a: Path, b: Path) -> bool:
    one, other = so.load(a), so.load(b)
    pairs = ((one.weights, other.weights), (one.last_weights, other.last_weights))
    return all(np.array_equal(w, y[n]) for x, y in pairs for n, w in x.items())


LONG = ["--samples", "60", "--epochs", "400", "--timesteps", "3"]


@contextlib.contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[str]]:
    """``snnopt train`` in a process of its own, once it has told its third epoch."""
    command = [sys.executable, "-m", "snnopt", "train", str(MODEL), *LONG, "--watch", *argv]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            while "iteration 3/" not in (line := process.stderr.readline()):
                assert line, "it ended too soon"
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of the long run that nothing stops."""
    path = tmp_path_factory.mktemp("whole") / "whole.npz"
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["train", str(MODEL), *LONG, "--save", str(path)]) == 0
    return path


class TestLongRuns:
    """Checkpoints, signals, patience, and what is told meanwhile."""

    @pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
    def test_a_signal_keeps_the_best_iterate_and_a_checkpoint_to_go_on_from(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, whole: Path, sent: signal.Signals, code: int
    ) -> None:
        state, saved, resumed = (tmp_path / f"{n}.npz" for n in ("state", "saved", "resumed"))
        with running("--checkpoint", str(state), "--save", str(saved)) as process:
            process.send_signal(sent)
            out, err = process.communicate(timeout=60)
        assert process.returncode == code
        found = lines(out)
        assert found["status"] == "INTERRUPTED" and found["checkpoint"] == str(state)
        assert "Traceback" not in err
        stopped = so.load(saved)
        assert stopped.status is so.Status.INTERRUPTED and 3 <= len(stopped.history) < 400
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
        assert main(["train", str(MODEL), *LONG, "--resume", str(state), "--every", "99", "--save", str(resumed)]) == 0
        assert lines(capsys.readouterr().out)["message"] == "ran the 400 epochs asked for"
        assert same_weights(resumed, whole)

    def test_a_signal_while_the_checkpoint_is_written_is_one_too(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        savez, calls = np.savez, iter(range(100))

        def signalled(file: Any, **arrays: Any) -> None:
            savez(file, **arrays)
            if next(calls) == 1:
                os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(np, "savez", signalled)
        state, run = tmp_path / "run.npz", ["train", str(MODEL), *FAST[:2], "--epochs", "5"]
        assert main([*run, "--checkpoint", str(state)]) == 143
        assert lines(capsys.readouterr().out)["message"] == "stopped by the user after 2 records"
        assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
        assert main([*run, "--resume", str(state)]) == 0
        assert lines(capsys.readouterr().out)["status"] == "COMPLETED"

    def test_repeated_signals_are_one(self, tmp_path: Path) -> None:
        """As from a scheduler that signals a process and its group."""
        with running("--save", str(tmp_path / "run.npz")) as process:
            for _ in range(20):
                process.terminate()
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 143
        assert lines(out)["status"] == "INTERRUPTED" and (tmp_path / "run.npz").exists()

    def test_a_signal_before_training_is_no_traceback(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = signal.getsignal(signal.SIGTERM)
        monkeypatch.setitem(so.data.DATASETS, "digits", lambda **_: os.kill(os.getpid(), signal.SIGTERM))
        assert main(["train", str(MODEL)]) == 143
        assert capsys.readouterr().err == "snnopt: interrupted\n"
        assert signal.getsignal(signal.SIGTERM) is before

    def test_a_signal_that_a_destructor_swallows_ends_the_run_at_the_next_record(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweep = Rollouts.sweep

        def signalled(rollouts: Rollouts, batch: Any) -> None:
            with contextlib.suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
            sweep(rollouts, batch)

        monkeypatch.setattr(Rollouts, "sweep", signalled)
        assert main(["train", str(MODEL), *FAST[:2], "--epochs", "5"]) == 143
        assert lines(capsys.readouterr().out)["message"] == "stopped by the user after 1 records"

    def test_the_signal_is_left_alone_where_it_cannot_or_must_not_be_taken(self) -> None:
        before, codes = signal.getsignal(signal.SIGTERM), list[int]()
        thread = threading.Thread(target=lambda: codes.append(main(["explain", str(MODEL)])))
        thread.start()
        thread.join()
        assert codes == [0]
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            with termination() as taken:
                os.kill(os.getpid(), signal.SIGTERM)
            assert not taken.came
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_the_library_leaves_signals_alone(self, mlp: Any, clusters: Any) -> None:
        seen = list[Any]()
        so.compile(mlp()).solve(
            *clusters, timesteps=3, callback=lambda _: seen.append(signal.getsignal(signal.SIGTERM))
        )
        assert set(seen) == {signal.getsignal(signal.SIGTERM)} == {signal.SIG_DFL}

    def test_every_is_kept_and_the_resumed_file_goes_on(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        from snnopt.runtime import CheckpointWriter

        writes, write = list[int](), CheckpointWriter.write

        def counted(self: CheckpointWriter, tree: Any) -> str | None:
            writes.append(tree["loop"]["epoch"])
            return write(self, tree)

        monkeypatch.setattr(CheckpointWriter, "write", counted)
        state = tmp_path / "state"
        run = ["train", str(MODEL), "--samples", "60", "--timesteps", "3", "--epochs", "7"]
        assert main([*run, "--checkpoint", str(state), "--every", "3"]) == 0
        assert writes == [3, 6, 7]
        assert lines(capsys.readouterr().out)["checkpoint"] == f"{state}.npz"
        writes.clear()
        assert main([*run, "--resume", str(state)]) == 0
        assert lines(capsys.readouterr().out)["checkpoint"] == f"{state}.npz"
        assert main([*run, "--resume", str(state), "--checkpoint", str(tmp_path / "other.npz")]) == 0
        capsys.readouterr()

    def test_patience_and_keep(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        run = ["train", str(MODEL), "--samples", "60", "--epochs", "300", "--timesteps", "3"]
        saved = tmp_path / "run.npz"
        assert main([*run, "--patience", "2", "--keep", "accuracy", "--save", str(saved)]) == 0
        found, history = lines(capsys.readouterr().out), so.load(saved).history
        assert found["status"] == "STALLED" and "accuracy has not risen for 2 records" in found["message"]
        rank = [(-r.accuracy, r.loss) for r in history]
        assert min(range(len(rank)), key=rank.__getitem__) == len(rank) - 3

    def test_test_samples_cannot_choose_the_iterate(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["train", str(MODEL), "--keep", "validation"])
        assert "--keep" in capsys.readouterr().err

    def test_watch_writes_a_line_a_record_where_there_is_no_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        run = ["train", str(MODEL), "--samples", "60", "--timesteps", "3", "--epochs", "2"]
        assert main([*run, "--watch"]) == 0
        out, err = capsys.readouterr()
        line = r"snnopt online: iteration {}/2, loss \S+, accuracy \S+%, validation \S+%, firing rates \S+,"
        line += r"( spikes flipped \S+%,)? time \S+ s"
        for text, k in zip(err.splitlines(), (1, 2), strict=True):
            assert re.fullmatch(line.format(k), text)
        assert lines(out)["status"] == "COMPLETED"

    def test_the_log_goes_to_the_error_stream(self, capsys: pytest.CaptureFixture[str]) -> None:
        run = ["train", str(MODEL), "--samples", "60", "--timesteps", "3", "--epochs", "2"]
        said = {}
        for level in ("error", "info", "debug"):
            assert main([*run, "--log-level", level]) == 0
            said[level] = capsys.readouterr().err.splitlines()
        assert said["error"] == [] and len(said["debug"]) > len(said["info"]) == 2
        assert "snnopt INFO online begins: layers 64-100-10, 60 samples, 3 steps" in said["info"][0]
        assert "snnopt INFO COMPLETED: ran the 2 epochs asked for; " in said["info"][1]
        assert any("snnopt DEBUG iteration 1: loss" in line for line in said["debug"])
        log = logging.getLogger("snnopt")
        assert not log.handlers and log.level == logging.NOTSET

    def test_notes_are_told_once(self, tmp_path: Path) -> None:
        """By the summary, and not by logging's last resort too."""
        fail = "np.savez = lambda *_, **__: open('/')"
        code = f"import sys, numpy as np; {fail}; from snnopt.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "train", str(MODEL), *FAST, "--checkpoint", str(tmp_path / "run.npz")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr.count("could not be written") == 1
        assert "checkpoint" not in lines(done.stdout) and not list(tmp_path.iterdir())


class TestMistakes:
    """Each is a message on the error stream and exit code 2."""

    @pytest.fixture
    def fails(self, capsys: pytest.CaptureFixture[str]) -> Any:
        def check(*argv: str) -> str:
            assert main(list(argv)) == 2
            out, err = capsys.readouterr()
            assert not out
            assert err.startswith("snnopt: error: ")
            assert "Traceback" not in err
            return err

        return check

    def test_missing_file_names_the_nearest(self, fails: Any, tmp_path: Path) -> None:
        path = written(tmp_path, SMALL, "digits_mlp.py")
        assert f"did you mean {path}?" in fails("train", str(tmp_path / "digit_mpl.py"))
        assert f"name a file in it: {path}" in fails("explain", str(tmp_path))
        assert "give the path of a .py file" in fails("train", str(tmp_path / "zzz.py"))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("x = 1\n", ["has no function build()", "so.Problem"]),
            ("def biuld(): pass\n", ["rename biuld() to build()"]),
            (SMALL.replace("def build", "def make") + "\nproblem = make()\n", ["def build(): return problem"]),
            ("def build(:\n", ["model.py, line 1", "def build(:"]),
            ("import no_such_package\n", ["model.py, line 1", "pip install no_such_package"]),
            ("def build():\n    return 1 / 0\n", ["model.py, line 2", "ZeroDivisionError", "return 1 / 0"]),
            ("raise SystemExit(3)\n", ["model.py, line 1", "running it raised SystemExit"]),
            ("def build(): pass\n", ["returns nothing, not a problem"]),
            ("def build(n): pass\n", ["needs a value for 'n'", "default"]),
            (SMALL.replace("Dense(10)", "Dense(-1)"), ["model.py, line 7", "units"]),
            (
                SMALL.replace("so.Problem(so.Network(x, y), so.CrossEntropy(y))", "so.Network(x, y)"),
                ["returns a Network, not a problem", "so.Problem(network"],
            ),
            (SMALL.replace("64", "65"), ["model.py, build()", "65 inputs", "have 64", "build(inputs=64, classes=10)"]),
            ("DATA = 'digitz'\n" + SMALL, ["did you mean 'digits'?"]),
        ],
    )
    def test_model_file(self, fails: Any, tmp_path: Path, text: str, expected: list[str]) -> None:
        message = fails("train", written(tmp_path, text), *FAST)
        for part in expected:
            assert part in message

    def test_file_that_is_not_python(self, fails: Any, tmp_path: Path) -> None:
        assert "a model file is Python" in fails("train", written(tmp_path, "", "run.npz"))

    def test_hidden_that_build_does_not_take(self, fails: Any, tmp_path: Path) -> None:
        path = written(tmp_path, SMALL.replace("hidden=(5,)", "width=5").replace("hidden[0]", "width"))
        message = fails("train", path, "--hidden", "5")
        assert f"arguments of build() in {path}: there is none called 'hidden'" in message
        assert "use one of 'width'" in message

    def test_hidden_where_build_takes_one_number(self, fails: Any, tmp_path: Path) -> None:
        path = written(tmp_path, SMALL.replace("hidden=(5,)", "hidden=5").replace("hidden[0]", "hidden"))
        message = fails("explain", path, "--hidden", "6", "7")
        assert "its 'hidden' is one number" in message and "--with hidden=6" in message
        path = written(tmp_path, SMALL.replace("hidden=(5,)", "").replace("hidden[0]", "5"), "none.py")
        assert "it takes none, so no 'hidden'" in fails("explain", path, "--hidden", "6")

    @pytest.mark.parametrize(
        ("model", "options", "expected"),
        [
            ("pulse_order", ["--with", "memry=plain"], ["did you mean 'memory'?", "'classes', 'memory', 'units'"]),
            ("pulse_order", ["--with", "memory=adaptiv"], ["memory: there is none called 'adaptiv'", "'adaptive'"]),
            ("pulse_order", ["--with", "units"], ["'units' is not of the form key=value", "--with units=50"]),
            ("pulse_order", ["--with", "units=3", "--with", "units=4"], ["given twice, as 3 and as 4"]),
            ("digits_mlp", ["--hidden", "3", "--with", "hidden=(4,)"], ["given twice, as (3,) and as (4,)"]),
            ("digits_mlp", ["--with", "hidden=4"], ["build(hidden=4", ") raised TypeError"]),
            ("digits_conv", ["--hidden", "3"], ["none called 'hidden'", "'beta', 'channels', 'units'"]),
        ],
    )
    def test_arguments_of_build(self, fails: Any, model: str, options: list[str], expected: list[str]) -> None:
        for command in ("train", "explain"):
            message = fails(command, str(MODEL.with_name(f"{model}.py")), *options)
            for part in expected:
                assert part in message

    def test_timesteps_of_timed_data(self, fails: Any) -> None:
        message = fails("train", str(MODEL.with_name("pulse_order.py")), "--samples", "5", "--timesteps", "7")
        assert "--timesteps 7: data 'pulse_order' have a time axis of 40 steps already" in message

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (["--epochs", "3", "--set", "epochs=4"], "--epochs and --set epochs: it is given twice, as 3 and as 4"),
            (["--algorithm", "rollout", "--epochs", "3", "--set", "max_iter=4"], "--epochs and --set max_iter"),
            (["--set", "step=2", "--set", "step=3"], "--set step: it is given twice"),
            (["--algorithm", "onlin"], "did you mean 'online'?"),
            (["--set", "ridg=1"], "did you mean 'ridge'?"),
            (["--set", "ridge"], "key=value"),
            (["--set", "ridge=much"], "ridge = 'much' is no number"),
            (["--set", "refresh=1.5"], "is no whole number"),
            (["--set", "ridge=-1"], "give a positive number"),
            (["--set", "dtype=float16"], "use 'float32' or 'float64'"),
            (["--data", "digit"], "did you mean 'digits'?"),
            (["--samples", "9999"], "1 to 1437"),
            (["--save", "no/such/folder/run.npz"], "make it first"),
            (["--plot", "."], "this is a folder"),
            (["--checkpoint", "no/such/folder/run.npz"], "make it first"),
            (["--checkpoint", "."], "this is a folder"),
            (["--every", "3"], "--every 3: there is no checkpoint to write"),
            (["--resume", "no-such-run.npz"], "there is no file no-such-run.npz"),
            (["--checkpoint", "run", "--save", "./run.npz"], "--save run.npz: the run's state is kept in this file"),
        ],
    )
    def test_options(self, fails: Any, options: list[str], expected: str) -> None:
        assert expected in fails("train", str(MODEL), *options)

    @pytest.mark.parametrize(
        "options",
        [
            ["--seed", "-1"],
            ["--epochs", "0"],
            ["--time-limit", "nan"],
            ["--nonsense"],
            ["--patience", "0"],
            ["--every", "0"],
            ["--keep", "best"],
            ["--log-level", "loud"],
        ],
    )
    def test_options_that_do_not_parse(self, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["train", str(MODEL), *options])
        assert caught.value.code == 2
        assert "usage: snnopt" in capsys.readouterr().err

    def test_a_bad_picture_is_refused_before_any_work(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        assert main(["train", str(MODEL), *FAST, "--plot", str(tmp_path / "run.txt")]) == 2
        out, err = capsys.readouterr()
        assert not out and "no kind of picture" in err


class TestDemo:
    def test_prints_the_result_beside_the_baseline_and_draws(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main(["demo"]) == 0
        found = lines(capsys.readouterr().out)
        assert float(found["test_accuracy"]) >= 0.97
        assert float(found["test_accuracy"]) > float(found["baseline_test_accuracy"]) > 0.85
        assert Path(found["picture"]) == tmp_path / "snnopt-demo.png"
        assert Path(found["picture"]).read_bytes().startswith(b"\x89PNG")

    def test_goes_on_without_matplotlib_and_over_splits(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.chdir(tmp_path)
        assert main(["demo", "--splits", "2"]) == 0
        out, err = capsys.readouterr()
        assert "picture" not in lines(out)
        assert float(lines(out)["mean_test_accuracy"]) >= 0.97
        assert "pip install 'snnopt[plot]'" in err
        assert not list(tmp_path.iterdir())

    def test_needs_scikit_learn(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
        assert main(["demo"]) == 2
        assert "pip install 'snnopt[data]'" in capsys.readouterr().err


class TestExplain:
    def test_prints_problem_and_plan(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["explain", str(MODEL), "--hidden", "9", "8", "--algorithm", "rollout"]) == 0
        out = capsys.readouterr().out
        for part in ("minimise", "LIF[9]", "LIF[8]", "algorithm", "rollout", "RidgeWeights"):
            assert part in out


def test_help_and_version_of_an_installed_command() -> None:
    asked = [["--version"], ["--help"]]
    version, text = (
        subprocess.run([sys.executable, "-m", "snnopt", *a], capture_output=True, text=True, check=True).stdout
        for a in asked
    )
    assert version == f"snnopt {so.__version__}\n"
    for command in ("demo", "train", "explain"):
        assert f"snnopt {command}" in text


def test_settings_take_the_type_of_their_field() -> None:
    a = configured("online", 3, ["batch_size=none", "step=2", "dtype=float64"])
    assert a == so.Online(epochs=3, batch_size=None, step=2.0, dtype="float64")
    assert configured("online", None, ["batch_size=16"]) == so.Online(batch_size=16)
    assert configured("online", 3, ["epochs=3", "step=2", "step=2.0"]) == so.Online(epochs=3, step=2.0)


class TestBaseline:
    def test_starts_where_training_starts(self, mlp: Any, clusters: Any) -> None:
        plan = so.compile(mlp(), "online")
        samples = check_inputs(plan.program, 40 * clusters[0], 4)
        targets = check_targets(plan.program, clusters[1], samples.count, clusters[0].shape)
        more: dict[str, Any] = {"time_limit": None, "validation": None, "start": None, "watch": lambda *_: None}
        engine = Engine(plan.program, plan.bindings, plan.algorithm, samples, targets, seed=5, **more)
        found = starting_weights(Wiring(plan.program, np.dtype(np.float32)), samples, 5)
        for name, w in engine.loop.weights.items():
            np.testing.assert_array_equal(found[name], w)

    def test_is_the_ridge_fit_of_the_random_networks_readout(self, mlp: Any, clusters: Any) -> None:
        X, y = clusters
        problem, T = mlp(), 5
        found = random_hidden_baseline(problem, X[:120], y[:120], X[120:], y[120:], timesteps=T, seed=2)
        program = lower(problem)
        start = starting_weights(Wiring(program, np.dtype(np.float32)), check_inputs(program, X[:120], T), 2)
        zero = {"readout.weight": np.zeros((3, 20)), "readout.bias": np.zeros(3)}
        spikes = so.simulate(problem.network, start | zero, X.astype(np.float32), timesteps=T)["hidden"].spikes
        assert spikes is not None
        # mean over t of the membrane sum_{k <= t} 0.9^(t-k) s[k], and the same of a constant 1 for the bias
        mean = np.array([sum(0.9 ** (t - k) for t in range(k, T)) / T for k in range(T)])
        x = np.concatenate([np.einsum("t,tni->ni", mean, spikes), np.full((180, 1), mean.sum())], 1)
        gram = x[:120].T @ x[:120]
        gram += 1e-2 * np.trace(gram) / 21 * np.eye(21)
        w = np.linalg.solve(gram, x[:120].T @ np.eye(3)[y[:120]])
        hits = (x @ w).argmax(1) == y
        assert found.train == pytest.approx(hits[:120].mean(), abs=1 / 60)
        assert found.test == pytest.approx(hits[120:].mean(), abs=1 / 60)

    def test_recurrent_and_time_varying(self) -> None:
        x = so.Input(3)
        h = so.LIF(recurrent=so.Dense())(so.Dense(20)(x))
        y = so.LI()(so.Dense(2)(h))
        problem = so.Problem(so.Network(x, y), so.CrossEntropy(y))
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 2, 80)
        X = rng.random((6, 80, 3)) + labels[None, :, None]
        found = random_hidden_baseline(problem, X, labels)
        assert found.train > 0.8
        assert np.isnan(found.test)

    def test_real_targets_are_scored_by_r_squared(self) -> None:
        x = so.Input(3)
        h = so.LIF(name="hidden")(so.Dense(20)(x))
        y = so.LI(beta=0.5, name="readout")(so.Dense(2)(h))
        problem = so.Problem(so.Network(x, y), so.SquaredError(y))
        X = np.random.default_rng(0).standard_normal((90, 3))
        wanted = X[:, :2] ** 2 - 1
        found = random_hidden_baseline(problem, X[:60], wanted[:60], X[60:], wanted[60:], timesteps=2, seed=1)
        program = lower(problem)
        start = starting_weights(Wiring(program, np.dtype(np.float32)), check_inputs(program, X[:60], 2), 1)
        zero = {"readout.weight": np.zeros((2, 20)), "readout.bias": np.zeros(2)}
        spikes = so.simulate(problem.network, start | zero, X.astype(np.float32), timesteps=2)["hidden"].spikes
        assert spikes is not None
        features = np.concatenate([0.75 * spikes[0] + 0.5 * spikes[1], np.full((90, 1), 1.25)], 1)
        gram = features[:60].T @ features[:60]
        m = features @ np.linalg.solve(gram + 1e-2 * np.trace(gram) / 21 * np.eye(21), features[:60].T @ wanted[:60])
        for part, score in ((slice(60), found.train), (slice(60, None), found.test)):
            t = wanted[part]
            assert score == pytest.approx(1 - ((t - m[part]) ** 2).sum() / ((t - t.mean(0)) ** 2).sum(), abs=1e-4)


class TestProgress:
    @staticmethod
    def text(records: list[tuple[Record, int]]) -> str:
        from rich.console import Console

        console = Console(width=80)
        with console.capture() as capture:
            console.print(progress_table("online", records))
        return capture.get()

    def test_shows_every_column(self) -> None:
        r = Record(2, 0.25, 0.875, {"a": 0.1, "b": 0.25}, {"a": 0.05, "b": float("nan")}, seconds=1.5, validation=0.5)
        text = self.text([(r, 3)])
        for part in ("2/5", "0.25", "87.5%", "50.0%", "0.10 0.25", "5.0% -", "1.50 s"):
            assert part in text

    def test_r_squared_is_no_percentage(self) -> None:
        text = self.text(
            [(Record(1, 0.25, float("nan"), validation=-1.5), 0), (Record(2, 0.1, 0.5, validation=0.75), 0)]
        )
        assert "-1.500" in text and "75.0%" in text

    def test_many_layers_and_records_stay_on_the_screen(self) -> None:
        rates = {str(k): 0.01 * k for k in range(1, 9)}
        records = [(Record(k, 1e6, float("nan"), rates, rates, seconds=1000.0), 300 - k) for k in range(300)]
        text = self.text(records)
        assert "0.01 to 0.08" in text
        assert "1.0 to 8.0%" in text
        assert "0/300" in text
        assert "299/300" in text
        assert "100/300" not in text
        assert max(map(len, text.splitlines())) <= 80
        assert len(text.splitlines()) < 20

    def test_residuals_stand_in_the_place_of_flips(self) -> None:
        r = Record(
            2, 0.25, 0.5, {"h": 0.1}, {"h": 0.5}, primal={"h": 1e-3, "h.step": 0.02}, dual={"h": 3e-4}, seconds=1.5
        )
        text = self.text([(r, 3)])
        assert "2.0e-02" in text and "3.0e-04" in text and "spikes flipped" not in text
        assert progress_line("consensus", r, 3) == (
            "snnopt consensus: iteration 2/5, loss 0.25, accuracy 50.0%, firing rates 0.10, "
            "primal 2.0e-02, dual 3.0e-04, time 1.50 s"
        )

    @pytest.mark.parametrize("wanted", [True, False, None])
    def test_where_there_is_no_terminal(self, capsys: pytest.CaptureFixture[str], wanted: bool | None) -> None:
        with progress_display("online", wanted) as draw:
            draw(Record(1, 0.5, 0.5), 1)
            assert capsys.readouterr().err == (
                "snnopt online: iteration 1/2, loss 0.5, accuracy 50.0%, time 0.00 s\n" if wanted else ""
            )

    def test_nothing_yet(self) -> None:
        assert "iteration" in self.text([])


class TestNir:
    """Export, import, and training on from a file."""

    @pytest.fixture
    def run(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
        pytest.importorskip("nir")
        assert main(["train", str(MODEL), *FAST, "--save", str(tmp_path / "run.npz")]) == 0
        capsys.readouterr()
        return tmp_path / "run.npz"

    def test_export_import_and_train(self, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        net = str(tmp_path / "net.nir")
        assert (
            main(["export", str(run), net, "--on-reset-mismatch", "warn", "--data", "digits", "--samples", "20"]) == 0
        )
        told = capsys.readouterr()
        assert told.out == f"written: {net}\n" and "note: With a reset to zero" in told.err
        assert main(["import", net]) == 0
        told = capsys.readouterr()
        assert "v[hidden,t] = 0.9 v[hidden,t-1] + W[hidden] pixels[t]" in told.out and not told.err
        result, found = so.load(run), so.from_nir(net)
        for name, w in result.weights.items():
            np.testing.assert_array_equal(found.weights[name], w)
        assert main(["train", net, "--data", "digits", *FAST]) == 0
        assert "baseline_test_accuracy" in lines(capsys.readouterr().out)

    def test_a_file_of_one_s_own_is_found_again(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What was trained on a table is told and exported with it, read as it was then, until it is gone."""
        rng = np.random.default_rng(0)
        rows = [f"{label};{a:.3f};{b:.3f}" for label, a, b in zip("ab" * 30, *rng.random((2, 60)), strict=True)]
        (tmp_path / "own.csv").write_text("\n".join(["kind;x;y", *rows]))
        saved, net = str(tmp_path / "run.npz"), str(tmp_path / "net.nir")
        data = ["--data", str(tmp_path / "own.csv"), "--target", "kind", "--test-size", "0.5", "--seed", "3"]
        assert main(["train", *data, "--hidden", "9", "--epochs", "1", "--save", saved]) == 0
        assert main(["export", saved, net, "--on-reset-mismatch", "warn"]) == 0
        assert "With a reset to zero" in capsys.readouterr().err
        assert main(["report", saved]) == 0 and "30 samples" in (tmp_path / "run.html").read_text()
        (tmp_path / "moved").mkdir()
        (tmp_path / "own.csv").rename(tmp_path / "moved" / "own.csv")
        assert main(["report", saved]) == 0 and "no longer at" in capsys.readouterr().err
        assert "No data were given" in (tmp_path / "run.html").read_text()
        assert main(["report", saved, "--data", str(tmp_path / "moved" / "own.csv")]) == 0
        assert "30 samples" in (tmp_path / "run.html").read_text()

    def test_refusals(self, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        net = str(tmp_path / "net.nir")
        for arguments, message in (
            (["export", str(run), net], "layer 'hidden': its membrane is not reset"),
            (["export", str(run), net, "--on-reset-mismatch", "warn", "--data", "digitz"], "did you mean 'digits'"),
            (["export", str(run), str(tmp_path)], "this is a folder"),
            (["export", str(run), str(tmp_path / "no" / "net.nir")], "does not exist"),
            (["export", str(MODEL), net], "damaged"),
            (["import", net], "there is no file"),
            (["import", str(run)], "no NIR file"),
            (["train", net, "--with", "foo=1"], "arguments of"),
        ):
            assert main(arguments) == 2
            assert message in capsys.readouterr().err
        assert not list(tmp_path.glob("*.nir")) and not list(tmp_path.glob("*.tmp"))

    def test_another_tool_s_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        nir = pytest.importorskip("nir")
        zero = np.zeros(3)
        nodes = {
            "in": nir.Input(input_type=np.array([64])),
            "w": nir.Affine(weight=np.ones((3, 64)), bias=zero),
            "a": nir.LIF(tau=zero + 1e-2, r=zero + 1, v_leak=zero, v_threshold=zero + 1, v_reset=zero),
            "out": nir.Output(output_type=np.array([3])),
        }
        path = tmp_path / "net.nir"
        nir.write(path, nir.NIRGraph(nodes=nodes, edges=[("in", "w"), ("w", "a"), ("a", "out")]))
        assert main(["import", str(path)]) == 2
        assert "does not say what its time step is" in capsys.readouterr().err
        assert main(["import", str(path), "--dt", "1e-3"]) == 0
        told = capsys.readouterr()
        assert "note: LIF node 'a': it resets to a fixed potential" in told.err and "0.9 v[a,t-1]" in told.out
        assert main(["explain", str(path), "--with", "dt=1e-3"]) == 0
