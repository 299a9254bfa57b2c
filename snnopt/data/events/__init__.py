"""Recordings of event cameras and silicon cochleas: local files, other libraries' objects, and a stand-in for them."""

from snnopt.data.events.binning import Events, bin_events
from snnopt.data.events.nmnist import read_nmnist
from snnopt.data.events.saccades import saccade_digits, saccade_digits_34
from snnopt.data.events.shd import read_shd
from snnopt.data.events.tonic import from_tonic

__all__ = ["Events", "bin_events", "from_tonic", "read_nmnist", "read_shd", "saccade_digits", "saccade_digits_34"]
