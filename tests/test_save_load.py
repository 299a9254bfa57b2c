"""Files: a saved result comes back to the last bit; a bad file is refused, and nothing in it is ever executed."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so

MakeProblem = Callable[..., so.Problem]
Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def trained(clusters: Data) -> so.Result:
    """A small trained result."""
    x = so.Input(8, name="pixels")
    h = so.LIF(beta=np.linspace(0.7, 0.95, 6), name="hidden", recurrent=so.Dense())(so.Dense(6)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y, over=so.Window(4)) + 1e-3 * so.L2(h.weights))
    return so.compile(problem, so.Online(epochs=2, dtype="float64")).solve(*clusters, timesteps=6, seed=3)


@pytest.fixture
def saved(trained: so.Result, tmp_path: Path) -> Path:
    return trained.save(tmp_path / "result.npz")


def assert_same(a: so.Result, b: so.Result, x: np.ndarray) -> None:
    for ours, theirs in ((a.weights, b.weights), (a.last_weights, b.last_weights)):
        assert list(ours) == list(theirs)
        for name, w in ours.items():
            assert theirs[name].dtype == w.dtype and theirs[name].tobytes() == w.tobytes(), name
    assert (a.status, a.message, a.notes, a.algorithm) == (b.status, b.message, b.notes, b.algorithm)
    assert (a.timesteps, a.real_outputs) == (b.timesteps, b.real_outputs)
    assert repr(a.history.as_rows()) == repr(b.history.as_rows())  # NaN is not equal to NaN
    np.testing.assert_array_equal(a.predict(x), b.predict(x))
    np.testing.assert_array_equal(a.readout(x), b.readout(x))


def test_round_trip_is_equal_to_the_last_bit(trained: so.Result, saved: Path, clusters: Data) -> None:
    assert_same(trained, so.load(saved), clusters[0])


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
@pytest.mark.parametrize("over", ["mean", "last"])
def test_every_algorithm_comes_back(
    mlp: MakeProblem, clusters: Data, tmp_path: Path, algorithm: str, over: str
) -> None:
    chosen = so.Online(epochs=1) if algorithm == "online" else so.Rollout(max_iter=2)
    result = so.compile(mlp(over=over), chosen).solve(*clusters, timesteps=np.int64(5))  # type: ignore[arg-type]
    assert_same(result, so.load(result.save(tmp_path / "a.npz")), clusters[0])


def test_several_inputs_outputs_and_real_targets_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = so.Input((2, 3), name="a"), so.Input(4, name="b")
    h = so.LIF(name="h")(so.Dense(10)(a) + so.Dense(10, name="from_b")(b))
    y, z = so.LI(name="y")(so.Dense(3)(h)), so.LI(name="z")(so.Dense(2, bias=False)(h))
    problem = so.Problem(so.Network([a, b], [y, z]), so.CrossEntropy(y) + so.SquaredError(z))
    data = {"a": rng.random((7, 20, 2, 3)), "b": rng.random((20, 4))}
    targets = {"y": rng.integers(0, 3, 20), "z": rng.random((20, 2))}
    result = so.compile(problem, so.Online(epochs=1)).solve(data, targets, timesteps=7)
    again = so.load(result.save(tmp_path / "two.npz"))
    for name, values in result.predict(data).items():  # type: ignore[union-attr]
        np.testing.assert_array_equal(again.predict(data)[name], values)
    assert again.score(data, targets) == result.score(data, targets)


def test_predicts_at_once_without_timesteps(trained: so.Result, saved: Path, clusters: Data) -> None:
    x, labels = clusters
    again = so.load(saved)
    np.testing.assert_array_equal(again.predict(x), trained.predict(x, timesteps=6))
    assert again.score(x, labels) == trained.score(x, labels)
    np.testing.assert_array_equal(again.predict(np.repeat(x[None], 6, 0)), trained.predict(x))
    trace = so.simulate(again, again.weights, x, timesteps=6)
    assert trace["hidden"].potentials.shape == (6, len(x), 6)


def test_saving_a_loaded_result_gives_it_again(saved: Path, tmp_path: Path, clusters: Data) -> None:
    first = so.load(saved)
    assert_same(first, so.load(first.save(tmp_path / "again.npz")), clusters[0])


def test_no_pickle_inside(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        assert all(name.endswith(".npy") for name in archive.namelist())
    with np.load(saved, allow_pickle=False) as archive:
        assert all(archive[name].dtype.kind in "biufU" for name in archive.files)
        assert json.loads(str(archive["header"]))["format"] == "snnopt-result"


def test_suffix_is_added_and_text_paths_work(trained: so.Result, tmp_path: Path) -> None:
    assert trained.save(str(tmp_path / "plain")) == tmp_path / "plain.npz"
    assert so.load(str(tmp_path / "plain.npz")).status is trained.status


@pytest.mark.parametrize("name", ["résumé 1.npz", "with.dots.npz", "other.suffix"])
def test_any_file_name(trained: so.Result, tmp_path: Path, name: str) -> None:
    assert trained.save(tmp_path / name) == tmp_path / name
    assert so.load(tmp_path / name).timesteps == 6


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("stage", ["write", "rename"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    trained: so.Result, saved: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, stage: str
) -> None:
    before = saved.read_bytes()

    def write_half(file: Any, **arrays: Any) -> None:
        file.write(before[: len(before) // 2])
        raise error

    def no_rename(self: Path, target: Path) -> None:
        raise error

    if stage == "write":
        monkeypatch.setattr(np, "savez_compressed", write_half)
    else:
        monkeypatch.setattr(Path, "replace", no_rename)
        monkeypatch.setattr(os, "replace", no_rename)
    with pytest.raises(type(error)):
        trained.save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["result.npz"]


def test_saving_into_no_folder_or_onto_one(trained: so.Result, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing does not exist; make it first"):
        trained.save(tmp_path / "missing" / "a.npz")
    with pytest.raises(so.FileError, match="it is a folder"):
        trained.save(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz.*result\.save"):
        so.load(tmp_path / "nothing.npz")


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def with_header(saved: Path, **changes: Any) -> bytes:
    """The saved file with its JSON header changed (None drops a key)."""
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(str(arrays.pop("header"))) | changes
    out = io.BytesIO()
    np.savez(out, header=np.array(json.dumps({k: v for k, v in header.items() if v is not None})), **arrays)
    return out.getvalue()


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def marked_as_encrypted(whole: bytes) -> bytes:
    """The archive with its first entry's flag of encryption set."""
    place = whole.index(b"PK\x01\x02") + 8
    return whole[:place] + bytes([whole[place] | 1]) + whole[place + 1 :]


def with_open_bracket() -> bytes:
    """An archive whose array header ends in the middle of a tuple."""
    out, text = io.BytesIO(), b"{'descr': '<f8', 'fortran_order': False, 'shape': (3"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("header.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    return out.getvalue()


FOREIGN: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda saved: b"",
    "text": lambda saved: b"beta = 0.9\n" * 40,
    "json": lambda saved: b'{"format": "snnopt-result", "version": 1}',
    "noise": lambda saved: np.random.default_rng(0).bytes(5000),
    "truncated": lambda saved: saved.read_bytes()[: saved.stat().st_size // 2],
    "last byte lost": lambda saved: saved.read_bytes()[:-1],
    "marked as encrypted": lambda saved: marked_as_encrypted(saved.read_bytes()),
    "an array header cut short": lambda saved: with_open_bracket(),
    "one npy": lambda saved: npy(np.zeros(3)),
    "another npz": lambda saved: npz(weights=np.zeros(3)),
    "npz of nothing": lambda saved: npz(),
    "a header of another format": lambda saved: npz(header=np.array('{"format": "other", "version": 1}')),
    "a header that is a list": lambda saved: npz(header=np.array("[1, 2]")),
    "a header that is no JSON": lambda saved: npz(header=np.array("hello")),
    "a header of numbers": lambda saved: npz(header=np.zeros(3)),
    "no version": lambda saved: with_header(saved, version=None),
    "version as text": lambda saved: with_header(saved, version="one"),
    "no history": lambda saved: with_header(saved, history=None),
    "unknown status": lambda saved: with_header(saved, status="PERFECT"),
    "no program": lambda saved: with_header(saved, program=None),
    "a program of nothing": lambda saved: with_header(saved, program={}),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_damaged_and_foreign_files_are_refused(kind: str, saved: Path) -> None:
    bad = saved.with_name("bad.npz")
    bad.write_bytes(FOREIGN[kind](saved))
    before = bad.read_bytes()
    with pytest.raises(so.FileError) as caught:
        so.load(bad)
    assert caught.value.where == str(bad)
    assert "damaged, or was not written by snnopt" in caught.value.cause and "result.save" in caught.value.fix
    assert bad.read_bytes() == before, "a file that cannot be read is left as it was"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(so.FileError):
        so.load(tmp_path)


def test_a_newer_version_is_named(saved: Path) -> None:
    saved.write_bytes(with_header(saved, version=99))
    with pytest.raises(so.FileError, match=r"format version 99.*\n  Fix: update snnopt"):
        so.load(saved)


def test_files_that_do_not_tell_of_lengths_are_read(saved: Path) -> None:
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(str(arrays["header"]))
    assert header.pop("unequal") is False
    np.savez(saved, **arrays | {"header": np.array(json.dumps(header))})
    assert so.load(saved).unequal is False


def test_a_lost_weight_is_named(saved: Path) -> None:
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "weights/hidden.weight"}
    np.savez(saved, **arrays)
    with pytest.raises(so.FileError, match=r"hidden\.weight"):
        so.load(saved)


def test_pickles_are_never_executed(saved: Path, tmp_path: Path) -> None:
    mark, bomb = tmp_path / "executed", np.empty(1, object)
    bomb[0] = Bomb(mark)
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    raw = bytes(npy(bomb))
    pickled = raw[raw.index(b"\n") + 1 :]  # what follows the header of an .npy file of objects is a plain pickle
    for data in (pickled, raw, npz(header=bomb), npz(**arrays | {"weights/hidden.bias": bomb}), npz(**arrays, x=bomb)):
        bad = tmp_path / "bad.npz"
        bad.write_bytes(data)
        with pytest.raises(so.FileError):
            so.load(bad)
    assert not mark.exists()


def test_a_flipped_bit_is_refused_or_harmless(trained: so.Result, saved: Path, clusters: Data) -> None:
    """Each is either found, as :class:`FileError`, or sits where it does no harm (a time stamp, say)."""
    whole, bad = saved.read_bytes(), saved.with_name("bad.npz")
    found, rng = 0, np.random.default_rng(0)
    # all of the archive's directory, where a flip gives the widest choice of failures, and some of the data
    directory = struct.unpack("<I", whole[-6:-2])[0]
    places = [*rng.integers(0, directory, 150), *rng.choice(np.arange(directory, len(whole)), 250, replace=False)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        bad.write_bytes(damaged)
        try:
            again = so.load(bad)
        except so.FileError:
            found += 1
        else:
            assert_same(trained, again, clusters[0][:5])
    assert found > len(places) / 2
