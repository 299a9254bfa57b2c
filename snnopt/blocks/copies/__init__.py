"""Closed forms of copies of weights, on which constraints and penalties act: one file each, one line in ``forms``."""

from snnopt.blocks.copies.base import CopyForm
from snnopt.blocks.copies.block_soft_threshold import BlockSoftThreshold
from snnopt.blocks.copies.box_copy import BoxCopy
from snnopt.blocks.copies.combined_copy import CombinedCopy
from snnopt.blocks.copies.forms import TERM_FORMS, VALUES
from snnopt.blocks.copies.joint import numbers
from snnopt.blocks.copies.keep_largest import KeepLargest
from snnopt.blocks.copies.keep_largest_per_neuron import KeepLargestPerNeuron
from snnopt.blocks.copies.nearest_level import NearestLevel
from snnopt.blocks.copies.sign_copy import SignCopy
from snnopt.blocks.copies.soft_threshold import SoftThreshold

COPY_FORMS: tuple[type[CopyForm], ...] = (*TERM_FORMS, CombinedCopy)
"""All of them, in the order in which they are tried."""

__all__ = [
    "COPY_FORMS",
    "TERM_FORMS",
    "VALUES",
    "BlockSoftThreshold",
    "BoxCopy",
    "CombinedCopy",
    "CopyForm",
    "KeepLargest",
    "KeepLargestPerNeuron",
    "NearestLevel",
    "SignCopy",
    "SoftThreshold",
    "numbers",
]
