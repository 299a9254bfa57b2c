"""Data sets, most of which ship in well-kept packages, behind one table; and what reads and pads series."""

from collections.abc import Callable

from snnopt.data import encode
from snnopt.data.basic_motions import basic_motions
from snnopt.data.dataset import Dataset
from snnopt.data.digits import digits
from snnopt.data.events import (
    Events,
    bin_events,
    from_tonic,
    read_nmnist,
    read_shd,
    saccade_digits,
    saccade_digits_34,
)
from snnopt.data.japanese_vowels import japanese_vowels
from snnopt.data.pulse_order import pulse_order
from snnopt.data.read import read
from snnopt.data.series import pad
from snnopt.data.ts_file import read_ts

DATASETS: dict[str, Callable[..., Dataset]] = {
    "digits": digits,
    "basic_motions": basic_motions,
    "japanese_vowels": japanese_vowels,
    "pulse_order": pulse_order,
    "saccades": saccade_digits,
    "saccades_34": saccade_digits_34,
}
"""By name. All take ``seed`` (at least 0; the same seed gives the same data) and ``samples`` (the first so many training
rows; None, as many as there are by default), and name their Dataset as here. Those whose rows
a package holds as they are also take ``test_share``, the share of rows held out."""

__all__ = [
    "DATASETS",
    "Dataset",
    "Events",
    "basic_motions",
    "bin_events",
    "digits",
    "encode",
    "from_tonic",
    "japanese_vowels",
    "pad",
    "pulse_order",
    "read",
    "read_nmnist",
    "read_shd",
    "read_ts",
    "saccade_digits",
    "saccade_digits_34",
]
