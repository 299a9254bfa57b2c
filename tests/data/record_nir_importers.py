"""Record what snnTorch's and Norse's importers do with our NIR files, into ``nir_importers.npz``.

Run by hand where ``make peers`` runs (torch, snntorch, norse, nirtorch); the ordinary tests only read the file::

    PYTHONPATH=. .venv-peers/bin/python tests/data/record_nir_importers.py

Layout of the file, for each case of ``tests/peers/cases.py``:

    <case>/input          uint8 [T, N, *shape], 256 times the input
    <case>/weights        float32, all weights and biases, flat, in the order of the program's variables
    <case>/<importer>     bits of the spikes of h1 [T, N, *shape], then of h2, flat, by ``numpy.packbits``
    versions              JSON text: the packages' versions
"""

from __future__ import annotations

import json
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import nir
import numpy as np

import snnopt as so
from tests.peers.cases import CASES
from tests.peers.importers import imported, spikes

TARGET = Path(__file__).with_name("nir_importers.npz")
PACKAGES = ("torch", "snntorch", "norse", "nirtorch", "nir")


def main() -> None:
    """Run every importer on every case that it runs, and write the file."""
    warnings.simplefilter("ignore")
    arrays = {"versions": np.array(json.dumps({p: version(p) for p in PACKAGES}))}
    for case in CASES:
        weights, data = case.weights(), case.data()
        arrays[f"{case.name}/input"] = (256 * data).astype(np.uint8)
        arrays[f"{case.name}/weights"] = np.concatenate([w.ravel() for w in weights.values()])
        graph = so.to_nir(case.build(), weights, readouts=False, on_reset_mismatch="warn", data=data)
        with tempfile.TemporaryDirectory() as folder:
            nir.write(f"{folder}/net.nir", graph)
            for importer in case.importers:
                sent = spikes(imported(importer, nir.read(f"{folder}/net.nir")), data, ["h1", "h2"], case.batched)
                arrays[f"{case.name}/{importer}"] = np.packbits(np.concatenate([s.ravel() > 0 for s in sent.values()]))
    np.savez_compressed(TARGET, **arrays)  # type: ignore[arg-type]
    print(f"{TARGET}: {TARGET.stat().st_size} bytes, {json.loads(str(arrays['versions']))}")


if __name__ == "__main__":
    main()
