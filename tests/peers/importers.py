"""Other tools' importers of NIR files, run on our files: snnTorch's and Norse's."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
IMPORTERS = ("snntorch", "norse")


def imported(importer: str, graph: Any) -> Any:
    """The torch module that an importer makes of a graph; Norse is told the time step, snnTorch takes 1e-4 s."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of torch and nirtorch, about themselves
        if importer == "norse":
            import norse.torch

            return norse.torch.from_nir(copy.deepcopy(graph), dt=float(graph.metadata["dt"]))
        from snntorch.import_nir import import_from_nir

        return import_from_nir(copy.deepcopy(graph))


def spikes(module: Any, x: Array, layers: list[str], batched: bool = True) -> dict[str, Array]:
    """What an imported module's layers send on, [T, N, n] by name, for x [T, N, *shape].

    ``batched`` False runs samples one by one and without an axis for them, as a graph says it.
    """
    import torch

    if not batched:
        each = [spikes(copy.deepcopy(module), x[:, k], layers) for k in range(x.shape[1])]
        return {n: np.stack([one[n] for one in each], 1) for n in layers}
    out: dict[str, list[Array]] = {n: [] for n in layers}

    def listen(name: str) -> Any:
        def hook(_module: Any, _input: Any, sent: Any) -> None:
            out[name].append((sent[0] if isinstance(sent, tuple) else sent).detach().numpy().copy())

        return hook

    for name, part in module.named_modules():
        if name in out:
            part.register_forward_hook(listen(name))
    state = None
    for at in torch.tensor(x, dtype=torch.float32):
        with torch.no_grad():
            _, state = module(at) if state is None else module(at, state)
    return {n: np.stack(s) for n, s in out.items()}
