"""Data sets of one's own: tables, arrays and series, right and wrong, and training on them from the shell."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnopt as so
from snnopt.cli import main
from snnopt.data import read

TABLE = """length;width;kind
1.5;10;red
2.5;20;blue

3.5;30;red
4.5;40;"dark; blue"
5.5;50;red
"""


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def raw(d: so.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets of all rows, as they were in the file, in the order of the first feature."""
    X = np.concatenate([d.X_train, d.X_test])
    X = X if d.scaling is None else d.scaling.undo(X)
    y = np.concatenate([d.y_train, d.y_test])
    order = np.argsort(X[:, 0])
    return X[order], y[order]


class TestTables:
    def test_features_are_standardised_by_the_training_rows_and_labels_have_names(self, tmp_path: Path) -> None:
        d = read(written(tmp_path, TABLE), test_share=0.3, seed=3)
        assert (len(d.y_train), len(d.y_test)) == (3, 2)
        assert d.classes == ("blue", "dark; blue", "red")
        np.testing.assert_allclose(d.X_train.mean(0), 0, atol=1e-12)
        np.testing.assert_allclose(d.X_train.std(0), 1)
        X, y = raw(d)
        np.testing.assert_allclose(X, np.array([[1.5, 10], [2.5, 20], [3.5, 30], [4.5, 40], [5.5, 50]]))
        np.testing.assert_array_equal(y, [2, 0, 2, 1, 2])
        order = np.random.default_rng(3).permutation(5)
        assert d.scaling is not None
        np.testing.assert_allclose(d.scaling.undo(d.X_train)[:, 0], (1.5 + order)[:3])
        plain = read(written(tmp_path, TABLE), seed=3, standardise=False)
        assert plain.scaling is None and plain.X_train.max() > 20

    @given(
        st.lists(
            st.tuples(st.floats(-1e6, 1e6), st.integers(-99, 99), st.sampled_from(["a", "b, c", 'd"e', "é", "1x"])),
            min_size=4,
            max_size=12,
        ),
        st.sampled_from([",", ";", "\t"]),
        st.booleans(),
        st.integers(0, 2),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_what_csv_writes_is_read_back(
        self, tmp_path_factory: Any, rows: list[Any], delimiter: str, header: bool, at: int, ends: str
    ) -> None:
        names = ["first", "second"]
        names.insert(at, "third, of all")
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator=ends)
        if header:
            writer.writerow(names)
        for u, v, word in rows:
            cells = [repr(u), str(v)]
            cells.insert(at, word)
            writer.writerow(cells)
        path = tmp_path_factory.mktemp("csv") / "t.csv"
        path.write_bytes(("\ufeff" if header else "").encode() + out.getvalue().encode())
        if len({word for *_, word in rows}) < 2:
            with pytest.raises(so.DataError, match="all its labels"):
                read(path, target=at + 1)
            return
        for target in (at + 1, str(at + 1), *((names[at],) if header else ())):
            d = read(path, target=target, standardise=False)
            assert d.classes == tuple(sorted({word for *_, word in rows}))
            found = sorted(zip(*np.concatenate([d.X_train, d.X_test]).T, np.r_[d.y_train, d.y_test], strict=True))
            wanted = sorted((float(u), float(v), d.classes.index(word)) for u, v, word in rows)
            np.testing.assert_allclose(np.array(found), np.array(wanted))

    def test_numbers_as_labels_are_ordered_by_size(self, tmp_path: Path) -> None:
        d = read(written(tmp_path, "".join(f"{k},{(10, 9, -0.0)[k % 3]}\n" for k in range(9))))
        assert d.classes == ("0", "9", "10")
        np.testing.assert_array_equal(raw(d)[1], [2, 1, 0] * 3)

    def test_real_targets_are_standardised(self, tmp_path: Path) -> None:
        path = written(tmp_path, "x,y\n" + "".join(f"{k},{100 + k / 2}\n" for k in range(10)))
        d = read(path, regression=True)
        assert d.classes == () and "real targets" in repr(d)
        assert d.target_scaling is not None
        np.testing.assert_allclose((d.y_train.mean(), d.y_train.std()), (0, 1), atol=1e-12)
        X, y = raw(d)
        np.testing.assert_allclose(d.target_scaling.undo(y), 100 + X[:, 0] / 2)

    def test_test_rows_of_their_own(self, tmp_path: Path) -> None:
        train = written(tmp_path, "x,kind\n1,a\n2,b\n3,a\n")
        d = read(train, test=written(tmp_path, "x,kind\n7,b\n", "test.csv"))
        np.testing.assert_allclose(d.X_test, (7 - 2) / np.std([1, 2, 3]) * np.ones((1, 1)))
        assert list(d.y_test) == [1]
        for text, words in (
            ("x,kind\n7,c\n", "'c'.*no row to train on"),
            ("x,kind\n7,2.5\n", "real numbers"),
            ("x,z,kind\n7,8,b\n", "rows of 2 features, and those to train on are rows of 1"),
            ("z,kind\n7,b\n", "called"),
        ):
            with pytest.raises(so.DataError, match=words):
                read(train, test=written(tmp_path, text, "test.csv"))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "it is empty"),
            ("\n \n", "it is empty"),
            ("a,b\n", "no row of data"),
            ("1\n2\n", "line 1: it has one column"),
            ("1 2 a\n", "one column"),
            ("x,k\n1,a\n,b\n", r"line 3, column 1 \('x'\): the value is missing \(''\)"),
            ("x,k\n1,a\n?,b\n", "line 3, column 1.*missing"),
            ("x,k\n1,a\nNaN,b\n", "line 3, column 1.*missing"),
            ("1,a\ninf,b\n", "line 2, column 1: 'inf' is no finite number"),
            ("x,k\n1,a\n2,\n", r"line 3, column 2 \('k'\): the target is missing"),
            ("x,k\n1,a\n2,b,3\n", "line 3: it has 3 cells, and line 1 has 2"),
            ("x,colour,k\n1,red,a\n2,blue,b\n", "line 2, column 2 .*'red' is no finite number"),
            ("x;y;k\n1,5;2;a\n", "decimal points"),
            ("1,5;2,5;3\n", "decimal points"),
            ("1_0,a\n", "'1_0'|no row"),
            ("1,a\n2,a\n", "all its labels are 'a'"),
            ("1,1.5\n2,2.5\n", "real numbers, e.g. 1.5"),
            ("1,a\n", "none is left to train on"),
            ("x,k\n1,a\n2,b\x00\n", "zero bytes"),
        ],
    )
    def test_a_wrong_table_says_where(self, tmp_path: Path, text: str, words: str) -> None:
        with pytest.raises(so.SnnoptError, match=words):
            read(written(tmp_path, text))

    def test_a_header_can_be_told(self, tmp_path: Path) -> None:
        path = written(tmp_path, "2020,2021\n1,5\n2,6\n3,5\n")
        assert len(raw(read(path, header=True))[1]) == 3
        assert len(raw(read(path))[1]) == 4
        with pytest.raises(so.FileError, match="line 1, column 1"):
            read(written(tmp_path, TABLE), header=False)

    @pytest.mark.parametrize("target", [0, 4, -1, "knd", "", True, 1.5])
    def test_a_wrong_target_is_refused(self, tmp_path: Path, target: Any) -> None:
        with pytest.raises(so.SnnoptError, match="target"):
            read(written(tmp_path, TABLE), target=target)

    def test_a_name_needs_a_header_and_must_be_one_columns(self, tmp_path: Path) -> None:
        with pytest.raises(so.DataError, match="no line with names"):
            read(written(tmp_path, "1,a\n2,b\n"), target="kind")
        with pytest.raises(so.DataError, match="several columns"):
            read(written(tmp_path, "x,k,k\n1,2,a\n"), target="k")
        with pytest.raises(so.UnknownNameError, match="did you mean 'kind'"):
            read(written(tmp_path, TABLE), target="knd")

    def test_regression_needs_numbers(self, tmp_path: Path) -> None:
        with pytest.raises(so.DataError, match="its targets are names"):
            read(written(tmp_path, TABLE), regression=True)


class TestArrays:
    @staticmethod
    def saved(folder: Path, **arrays: Any) -> Path:
        path = folder / "a.npz"
        np.savez(path, **arrays)
        return path

    def test_a_table_and_its_names(self, tmp_path: Path) -> None:
        y = np.array(["b", "a"] * 5)
        d = read(self.saved(tmp_path, X=np.arange(20).reshape(10, 2), y=y))
        assert d.classes == ("a", "b") and not d.timed and len(d.y_test) == 2
        np.testing.assert_array_equal(raw(d)[1], [1, 0] * 5)

    def test_series_are_standardised_before_their_ends_only(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        X, lengths = rng.normal(5, 3, (6, 10, 2)), rng.integers(1, 7, 10)
        X[np.arange(6)[:, None] >= lengths] = np.nan
        d = read(self.saved(tmp_path, X=X, y=np.arange(10) % 2, lengths=lengths), seed=1)
        order = np.random.default_rng(1).permutation(10)[:8]
        assert d.timed and d.lengths_train is not None and d.scaling is not None
        np.testing.assert_array_equal(d.lengths_train, lengths[order])
        steps = np.concatenate([X[: lengths[i], i] for i in order])
        np.testing.assert_allclose(d.scaling.offset, steps.mean(0))
        np.testing.assert_allclose(d.scaling.scale, steps.std(0))
        for row, i in enumerate(order):
            n = lengths[i]
            np.testing.assert_allclose(d.X_train[:n, row], (X[:n, i] - steps.mean(0)) / steps.std(0))
            assert not d.X_train[n:, row].any()

    def test_spikes_are_left_as_they_are(self, tmp_path: Path) -> None:
        X = (np.random.default_rng(0).random((5, 8, 3)) < 0.3).astype(np.uint8)
        d = read(self.saved(tmp_path, X=X, y=np.arange(8) % 2))
        assert d.scaling is None
        np.testing.assert_array_equal(np.unique(d.X_train), [0, 1])

    def test_parts_of_their_own_may_differ_in_steps(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        parts = {"X_train": rng.random((4, 6, 2)), "X_test": rng.random((5, 3, 2))}
        d = read(self.saved(tmp_path, **parts, y_train=np.arange(6) % 3, y_test=np.arange(3)))
        assert d.X_train.shape == (5, 6, 2) and d.X_test.shape == (5, 3, 2)
        assert list(d.lengths_train) == [4] * 6 and list(d.lengths_test) == [5] * 3  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arrays", "words"),
        [
            ({}, "holds nothing, and no X_train"),
            ({"X": np.ones((3, 2))}, "holds X, and no"),
            ({"X_train": np.ones((3, 2)), "y_train": np.ones(3)}, "no X_test and no y_test"),
            ({"X": np.ones((3, 2)), "y": np.ones(4)}, r"shape \(3, 2\) does not go with 4"),
            ({"X": np.ones((4, 3, 2)), "y": np.arange(4)}, r"swapaxes\(0, 1\)"),
            ({"X": np.ones(3), "y": np.ones(3)}, "shape is"),
            ({"X": np.ones((0, 2)), "y": np.ones(0)}, "shape is"),
            ({"X": np.ones((3, 2)), "y": np.ones((3, 2))}, "shape is"),
            ({"X": np.full((3, 2), np.nan), "y": np.ones(3)}, "6 values from index"),
            ({"X": np.ones((3, 2)), "y": np.array([1, np.nan, 2])}, "NaN"),
            ({"X": np.ones((3, 2)) * 1j, "y": np.ones(3)}, "complex"),
            ({"X": np.ones((3, 2)), "y": np.ones(3) * 1j}, "complex128"),
            ({"X": np.array([["a"]] * 3), "y": np.ones(3)}, "not numbers"),
            ({"X": np.ones((3, 2)), "y": np.arange(3), "lengths": [1, 2, 3]}, "no time axis"),
            ({"X": np.ones((4, 3, 2)), "y": np.arange(3), "lengths": [1, 2, 5]}, "lengths"),
            ({"X": np.full((4, 3, 2), np.nan), "y": np.arange(3), "lengths": [1, 2, 3]}, "before the ends"),
            ({"X": np.array([None]), "y": np.ones(1)}, "objects instead of numbers"),
        ],
    )
    def test_arrays_that_do_not_fit(self, tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
        with pytest.raises(so.SnnoptError, match=words):
            read(self.saved(tmp_path, **arrays))

    def test_damaged_files(self, tmp_path: Path) -> None:
        path = self.saved(tmp_path, X=np.random.default_rng(0).random((200, 3)), y=np.arange(200))
        whole = path.read_bytes()
        for damaged in (b"", b"text", whole[: len(whole) // 2], whole[:300] + bytes(100) + whole[400:]):
            path.write_bytes(damaged)
            with pytest.raises(so.FileError, match=r"damaged, or no \.npz file"):
                read(path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", b"nonsense")
        with pytest.raises(so.FileError):
            read(path)
        np.save(tmp_path / "alone.npy", np.ones(3))
        (tmp_path / "alone.npy").rename(path)
        with pytest.raises(so.FileError, match=r"no \.npz file"):
            read(path)


class TestSeries:
    TS = "@classLabel true up down\n@data\n1,2,3:4,5,6:up\n3,2:6,5:down\n1,2:5,5:up\n3,1:6,6:down\n2,2:5,6:up\n"

    def test_a_ts_file_is_padded_and_keeps_its_order_of_classes(self, tmp_path: Path) -> None:
        d = read(written(tmp_path, self.TS, "g.ts"))
        assert d.classes == ("up", "down") and d.timed and d.X_train.shape[1:] == (4, 2)
        assert sorted([*d.lengths_train, *d.lengths_test]) == [2, 2, 2, 2, 3]  # type: ignore[misc]

    def test_target_is_for_tables(self, tmp_path: Path) -> None:
        with pytest.raises(so.DataError, match="for tables"):
            read(written(tmp_path, self.TS, "g.ts"), target="up")

    def test_channels_must_not_differ(self, tmp_path: Path) -> None:
        text = "@classLabel true up down\n@data\n1,2:up\n3,2:6,5:down\n"
        with pytest.raises(so.FileError, match="channels"):
            read(written(tmp_path, text, "g.ts"))


class TestFiles:
    def test_is_there_and_of_a_known_kind(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"(?s)there is no file .*nope.csv.*archive.ics.uci.edu"):
            read(tmp_path / "nope.csv")
        with pytest.raises(so.FileError, match=r"folder.*\n.*read_nmnist"):
            read(tmp_path)
        for name, words in (("a.h5", "read_shd"), ("a.gz", "unpack"), ("a.xlsx", "CSV"), ("a", "give one of")):
            with pytest.raises(so.FileError, match=words):
                read(written(tmp_path, "x", name))
        for path in (None, 3, ["a.csv"]):
            with pytest.raises(so.DataError, match="no path"):
                read(path)  # type: ignore[arg-type]
        (tmp_path / "b.csv").write_bytes(b"\xff\xfe1,2")
        with pytest.raises(so.FileError, match="UTF-8"):
            read(tmp_path / "b.csv")

    @pytest.mark.parametrize(
        "wrong",
        [{"seed": -1}, {"test_share": 0}, {"test_share": 1}, {"test_share": True}, {"samples": 0}, {"samples": 99}],
    )
    def test_numbers_in_range(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        with pytest.raises(so.DataError, match=next(iter(wrong))):
            read(written(tmp_path, TABLE), **wrong)


FLOWERS = "a,b,kind\n" + "".join(
    f"{100 * (k % 3) + k / 7:.3f},{k % 5},{('red', 'green', 'blue')[k % 3]}\n" for k in range(60)
)
OWN = """
import snnopt as so

def build(inputs, classes, units=8):
    x = so.Input(inputs)
    y = so.LI()(so.Dense(classes)(so.LIF()(so.Dense(units)(x))))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))
"""


def told(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.splitlines())


class TestShell:
    def test_a_table_by_the_built_in_model(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        path, run = written(tmp_path, FLOWERS), tmp_path / "run.npz"
        options = [
            "--hidden",
            "9",
            "--with",
            "neuron=alif",
            "--timesteps",
            "6",
            "--test-size",
            "0.25",
            "--save",
            str(run),
        ]
        assert main(["train", "--data", str(path), "--target", "kind", *options]) == 0
        found = told(capsys.readouterr().out)
        assert found["network"] == "2-9-3" and found["classes"] == "0 = blue, 1 = green, 2 = red"
        assert (found["train_samples"], found["test_samples"], found["timesteps"]) == ("45", "15", "6")
        d = read(path, test_share=0.25)
        assert float(found["test_accuracy"]) == pytest.approx(so.load(run).score(d.X_test, d.y_test), abs=5e-5)
        assert float(found["test_accuracy"]) > 0.9

    def test_a_model_of_ones_own_takes_the_sizes(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        path, model = written(tmp_path, FLOWERS), written(tmp_path, OWN, "model.py")
        assert main(["train", str(model), "--data", str(path), "--with", "units=5", "--epochs", "1"]) == 0
        assert told(capsys.readouterr().out)["network"] == "2-5-3"
        assert main(["train", str(model), "--data", str(path), "--with", "classes=4", "--epochs", "1"]) == 0
        assert told(capsys.readouterr().out)["network"] == "2-8-4"

    @pytest.mark.parametrize("name", ["digits_mlp", "digits_skip", "motions_recurrent", "vowels_recurrent"])
    def test_models_fit_other_data(self, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
        model = Path(__file__).parent.parent / "models" / f"{name}.py"
        assert main(["train", str(model), "--data", str(written(tmp_path, FLOWERS)), "--epochs", "1"]) == 0
        network = told(capsys.readouterr().out)["network"]
        assert network.startswith("2-") and network.endswith("-3")

    def test_real_targets_are_scored_by_r_squared_beside_the_baseline(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        path = written(tmp_path, FLOWERS)
        numbers = written(tmp_path, "".join(f"{k},{k % 4},{1000 + 7.5 * k}\n" for k in range(60)), "n.csv")
        assert main(["train", "--data", str(numbers), "--regression"]) == 0
        found = told(capsys.readouterr().out)
        assert found["network"] == "2-100-1" and "test_accuracy" not in found
        assert 0.8 < float(found["test_r_squared"]) <= 1
        assert -1 < float(found["baseline_test_r_squared"]) <= 1
        assert main(["train", "--data", str(path), "--regression"]) == 2
        assert "its targets are names" in capsys.readouterr().err

    def test_whole_numbers_of_many_values_are_noted(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        path = written(tmp_path, "".join(f"{k},{k // 2}\n" for k in range(60)))
        assert main(["train", "--data", str(path), "--epochs", "1"]) == 0
        out, err = capsys.readouterr()
        assert "the target takes 30 values in 60 rows" in err and "--regression" in err
        assert told(out)["network"] == "1-100-30"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ([], "neither a model nor data"),
            (["--data", "nmnist"], "so.data.read_nmnist"),
            (["--data", "digit"], "did you mean 'digits'"),
            (["--data", "digits", "--target", "3"], "--target: data 'digits' are no file"),
            (["--data", "digits", "--regression"], "--regression"),
            (["--data", "FILE", "--test", "FILE", "--test-size", "0.5"], "give one of both"),
            (["--data", "FILE", "--test", "nope.csv"], "there is no file nope.csv"),
            (["--data", "FILE", "--target", "knd"], "did you mean 'kind'"),
            (["--data", "FILE", "--with", "bta=1"], "did you mean 'beta'"),
            (["--data", "FILE", "--with", "neuron=7"], "neuron=7 is no neuron"),
            (["--data", "FILE", "--hidden", "3", "--algorithm", "onlin"], "did you mean 'online'"),
            (["MODEL", "--data", "FILE"], "its network is of 64 inputs, data 'table' have 2"),
            (["SMALL", "--data", "FILE"], "its network is of 2 classes, data 'table' have 3"),
            (["--data", "NUMBERS", "--regression", "--plot", "p.png"], "picture"),
            (["SMALL", "--data", "NUMBERS", "--regression"], "so.SquaredError"),
        ],
    )
    def test_mistakes(self, capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], words: str) -> None:
        files = {
            "FILE": written(tmp_path, FLOWERS),
            "NUMBERS": written(tmp_path, "1,2,2.5\n2,3,3.5\n3,4,4.5\n", "n.csv"),
            "MODEL": Path(__file__).parent.parent / "models" / "digits_conv.py",
            "SMALL": written(
                tmp_path, OWN.replace("inputs, classes, ", "inputs, ").replace("Dense(classes)", "Dense(2)"), "m.py"
            ),
        }
        assert main(["train", *(str(files.get(o, o)) for o in options)]) == 2
        assert words in capsys.readouterr().err

    def test_sizes_that_are_no_share_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit):
            main(["train", "--data", str(written(tmp_path, FLOWERS)), "--test-size", "2"])
