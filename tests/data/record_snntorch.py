"""Record reference traces of snnTorch neurons in random networks, into ``snntorch_leaky.npz``.

Run by hand in an environment with torch and snntorch; the tests only read the file::

    python tests/data/record_snntorch.py

Layout of the file (arrays over time are ``[T, N, units]``, time first):

    case<k>/meta                      JSON text: neuron, dtype, alpha, beta, threshold, layers, exact, margin, ...
    case<k>/input                     what the first linear layer reads
    case<k>/layer<j>/weight, bias     ``[out, in]``, ``[out]``
    case<k>/layer<j>/current          output of the linear layer, ``weight @ z[t] + bias``
    case<k>/layer<j>/synaptic         synaptic current (Synaptic layers only)
    case<k>/layer<j>/potential        membrane potential
    case<k>/layer<j>/spike            uint8; absent for the read-out, the last layer
    case<k>/layer<j>/recurrent_weight, recurrent_current     (RLeaky layers only) V and ``V @ s[t-1]``

The read-out is always ``Leaky(reset_mechanism="none")``, a leaky integrator, with the case's beta.
In meta, ``beta`` and ``threshold`` are given per layer, each a list of one number or of one per neuron, and are to be
rounded to the case's dtype. ``exact`` says that weights, biases and inputs are multiples of 2**-6, so that every current
is the same in any order of summation, and a whole network can be compared bit for bit. ``exact_potentials``
says that no rounding occurs at all, so that potentials too are the same in any order of operations. ``margin`` is the
least nonzero distance of a potential from its threshold; ``ties`` counts potentials equal to it, which must not spike,
and is 0 unless ``exact_potentials``. ``rates`` are the fractions of steps with a spike in each hidden layer.

snnTorch's recursions, which ``replay`` repeats in numpy and ``main`` checks bit for bit (each line one operation
after the other, from the left, all in the case's dtype; ``s[-1] = v[-1] = 0``)::

    Leaky      v[t] = ((beta v[t-1]) + i[t]) - s[t-1] threshold             s[t] = v[t] > threshold
    RLeaky     v[t] = (((beta v[t-1]) + i[t]) + V s[t-1]) - s[t-1] threshold
    Synaptic   a[t] = (alpha a[t-1]) + i[t];  v[t] = ((beta v[t-1]) + a[t]) - s[t-1] threshold
    read-out   v[t] = (beta v[t-1]) + i[t]

snnTorch keeps a Python number as a float32 tensor, and its spikes are float32 whatever the input. So in float64 a
number 0.9 means float32(0.9), and a threshold tensor without dimensions is rounded to float32 in the reset (float32
spikes of two dimensions win over a float64 tensor of none), even where the comparison uses its float64 value.
Parameters are therefore passed as one-dimensional tensors of the case's dtype, and spikes are cast before they go on.
"""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import snntorch as snn
import torch
from torch import nn

TARGET = Path(__file__).with_name("snntorch_leaky.npz")
STEPS, SAMPLES, INPUTS, OUTPUTS = 25, 6, 7, 5
GRID = 2.0**-6
MARGIN = {"float64": 1e-9, "float32": 1e-5}


@dataclass
class Case:
    """One network and its input; ``beta`` and ``threshold`` None mean drawn per neuron."""

    seed: int
    dtype: str
    beta: float | None
    threshold: float | None
    hidden: tuple[int, ...]
    inputs: str = "bernoulli"
    neuron: str = "Leaky"
    alpha: float | None = None
    exact: bool = False
    gain: float = 2.0
    drive: float = 0.0
    note: str = ""
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


CASES = [
    Case(0, "float64", 0.9, 1.0, (13,)),
    Case(1, "float64", None, None, (13, 11), exact=True, note="beta and threshold per neuron"),
    Case(2, "float64", 0.5, 0.5, (13, 11), exact=True, note="some potentials equal the threshold"),
    Case(3, "float64", 1.0, 1.0, (13, 11), inputs="real", exact=True, gain=1.0, drive=0.8, note="strongly driven"),
    Case(4, "float32", 0.99, 1.0, (13,), inputs="real"),
    Case(5, "float32", 0.5, 1.7, (13, 11), exact=True, gain=1.0, drive=2.0, note="strongly driven"),
    Case(6, "float64", 0.9, 1.0, (13,), neuron="Synaptic", alpha=0.8, exact=True, gain=1.0),
    Case(7, "float32", 0.99, 1.7, (13,), neuron="Synaptic", alpha=0.5, exact=True, gain=1.0),
    Case(8, "float64", 0.5, 1.0, (13,), neuron="RLeaky", exact=True),
    Case(9, "float64", 0.99, 1.7, (13,), neuron="RLeaky", exact=True),
]


def draw(case: Case) -> tuple[np.ndarray, list[dict[str, np.ndarray]]]:
    """Return the input and, per layer, weight, bias, alpha, beta, threshold and the recurrent weight."""
    rng = np.random.default_rng(case.seed)
    dtype = np.dtype(case.dtype)

    def snap(a: np.ndarray) -> np.ndarray:
        return (np.round(a / GRID) * GRID if case.exact else a).astype(dtype)

    shape = (STEPS, SAMPLES, INPUTS)
    x = (rng.random(shape) < 0.4) if case.inputs == "bernoulli" else rng.uniform(-0.5, 1.5, shape)
    sizes = (INPUTS, *case.hidden, OUTPUTS)
    layers = []
    for j, (n, m) in enumerate(itertools.pairwise(sizes)):
        spiking = j < len(case.hidden)
        scale = case.gain * (case.threshold or 1.0) / np.sqrt(n)
        units = m if case.beta is None and spiking else 1
        beta = case.beta if case.beta is not None else rng.uniform(0.5, 0.99, units)
        theta = case.threshold if case.threshold is not None else rng.uniform(0.5, 1.7, units)
        layers.append(
            {
                "weight": snap(rng.uniform(-0.6, 1.0, (m, n)) * scale),
                "bias": snap(rng.uniform(-0.1, 0.1, m) + (case.drive if spiking else 0.0)),
                "beta": np.ravel(beta).astype(dtype),
                **({"threshold": np.ravel(theta).astype(dtype)} if spiking else {}),
                **(
                    {"alpha": np.ravel(np.asarray(case.alpha, float)).astype(dtype)}
                    if spiking and case.neuron == "Synaptic"
                    else {}
                ),
                **(
                    {"recurrent_weight": snap(rng.uniform(-0.5, 0.5, (m, m)))}
                    if spiking and case.neuron == "RLeaky"
                    else {}
                ),
            }
        )
    return snap(x), layers


class Layer(nn.Module):
    """A torch linear layer and the snnTorch neuron behind it."""

    def __init__(self, case: Case, p: dict[str, np.ndarray]) -> None:
        super().__init__()
        dtype = getattr(torch, case.dtype)
        m, n = p["weight"].shape
        self.linear = nn.Linear(n, m, dtype=dtype)
        self.linear.weight.data = torch.from_numpy(p["weight"])
        self.linear.bias.data = torch.from_numpy(p["bias"])
        value = {k: torch.from_numpy(p[k]) for k in ("alpha", "beta", "threshold") if k in p}
        self.spiking = "threshold" in p
        self.kind = case.neuron if self.spiking else "readout"
        delay = {"reset_mechanism": "subtract", "reset_delay": True}
        if self.kind == "readout":
            self.neuron = snn.Leaky(**value, reset_mechanism="none")
        elif self.kind == "Leaky":
            self.neuron = snn.Leaky(**value, **delay)
        elif self.kind == "Synaptic":
            self.neuron = snn.Synaptic(**value, **delay)
        else:
            self.neuron = snn.RLeaky(**value, **delay, all_to_all=True, linear_features=m)
            self.neuron.recurrent.weight.data = torch.from_numpy(p["recurrent_weight"])
            self.neuron.recurrent.bias = None
        for k, v in value.items():
            stored = getattr(self.neuron, k)
            assert stored.dtype == dtype and stored.ndim == 1 and torch.equal(stored, v), (case.seed, k)
        zeros = torch.zeros(SAMPLES, m, dtype=dtype)
        self.spk, self.syn, self.mem = zeros, zeros, zeros
        self.trace: dict[str, list[np.ndarray]] = {}

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """One time step."""
        current = self.linear(z)
        self.record("current", current)
        if self.kind == "Synaptic":
            spk, self.syn, self.mem = self.neuron(current, self.syn, self.mem)
            self.record("synaptic", self.syn)
        elif self.kind == "RLeaky":
            self.record("recurrent_current", self.neuron.recurrent(self.spk))
            spk, self.mem = self.neuron(current, self.spk, self.mem)
        else:
            spk, self.mem = self.neuron(current, self.mem)
        assert self.mem.dtype == z.dtype
        self.record("potential", self.mem)
        if self.spiking:
            self.record("spike", spk.to(torch.uint8))
        self.spk = spk.to(z.dtype)
        return self.spk

    def record(self, key: str, value: torch.Tensor) -> None:
        """Append a copy to the trace."""
        self.trace.setdefault(key, []).append(value.detach().numpy().copy())


def replay(p: dict[str, np.ndarray], a: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Repeat a layer's recursion in numpy from its recorded currents, in snnTorch's order of operations."""
    i = a["current"]
    v = syn = s = np.zeros_like(i[0])
    out: dict[str, list[np.ndarray]] = {"potential": []}
    for t in range(len(i)):
        if "alpha" in p:
            syn = p["alpha"] * syn + i[t]
            v = p["beta"] * v + syn
            out.setdefault("synaptic", []).append(syn)
        else:
            v = p["beta"] * v + i[t]
        if "recurrent_current" in a:
            v = v + a["recurrent_current"][t]
        if "threshold" in p:
            v = v - s * p["threshold"]
            s = (v > p["threshold"]).astype(i.dtype)
            out.setdefault("spike", []).append(s.astype(np.uint8))
        out["potential"].append(v)
    return {k: np.stack(r) for k, r in out.items()}


def network(x: np.ndarray, layers: list[dict[str, np.ndarray]], total: bool) -> list[dict[str, np.ndarray]]:
    """Run the whole network in numpy; ``total`` adds the recurrent to the feed-forward current first."""
    traces = []
    for p in layers:
        current = x @ p["weight"].T + p["bias"]
        if "recurrent_weight" not in p:
            trace = replay(p, {"current": current})
        else:
            v = s = np.zeros_like(current[0])
            vs, ss = [], []
            for i in current:
                r = s @ p["recurrent_weight"].T
                v = (p["beta"] * v + (i + r) if total else p["beta"] * v + i + r) - s * p["threshold"]
                s = (v > p["threshold"]).astype(v.dtype)
                vs.append(v)
                ss.append(s.astype(np.uint8))
            trace = {"potential": np.stack(vs), "spike": np.stack(ss)}
        traces.append(trace)
        x = trace["spike"].astype(x.dtype) if "spike" in trace else x
    return traces


def exactly(p: dict[str, np.ndarray], a: dict[str, np.ndarray]) -> bool:
    """Whether the recorded potentials carry no rounding: extended precision gives the same."""
    wide = [{key: x.astype(np.longdouble) for key, x in d.items()} for d in (p, a)]
    return bool(np.all(replay(*wide)["potential"] == a["potential"]))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the last bit, the sign of zero too."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def record(k: int, case: Case) -> dict[str, np.ndarray]:
    """Run one case in snnTorch, check it against numpy, and return its arrays."""
    x, params = draw(case)
    layers = [Layer(case, p) for p in params]
    with torch.no_grad():
        for t in range(STEPS):
            z = torch.from_numpy(x[t])
            for layer in layers:
                z = layer(z)
    traces = [{key: np.stack(v) for key, v in layer.trace.items()} for layer in layers]

    margin, ties, rates = np.inf, 0, []
    for p, a in zip(params, traces, strict=True):
        for key, value in replay(p, a).items():
            assert same(value, a[key]), (k, key)
        if "spike" in a:
            gap = np.abs(a["potential"].astype(np.float64) - p["threshold"].astype(np.float64))
            ties += int(np.sum(gap == 0))
            margin = min(margin, float(np.min(gap[gap > 0])))
            rates.append(round(float(a["spike"].mean()), 3))
    assert min(rates) > 0.05, (k, rates)
    exact_potentials = case.exact and all(exactly(p, a) for p, a in zip(params, traces, strict=True))
    assert margin > MARGIN[case.dtype] and (ties == 0 or exact_potentials), (k, ties, margin)
    if "strongly" in case.note:
        assert min(rates) > 0.6, (k, rates)

    error, bits = {}, {}
    for total in (False, True) if case.neuron == "RLeaky" else (False,):
        whole = network(x, params, total)
        assert all(same(w[key], a[key]) for w, a in zip(whole, traces, strict=True) for key in w if key == "spike"), k
        bits[total] = all(same(w["potential"], a["potential"]) for w, a in zip(whole, traces, strict=True))
        error[total] = max(
            float(np.max(np.abs(w["potential"] - a["potential"]))) for w, a in zip(whole, traces, strict=True)
        )
    assert not case.exact or bits[False], k

    meta = {
        "neuron": case.neuron,
        "dtype": case.dtype,
        "input": case.inputs,
        "hidden": list(case.hidden),
        "layers": len(layers),
        "alpha": case.alpha,
        "beta": [p["beta"].tolist() if case.beta is None else [case.beta] for p in params],
        "threshold": [
            p["threshold"].tolist() if case.threshold is None else [case.threshold] for p in params if "threshold" in p
        ],
        "exact": case.exact,
        "exact_potentials": exact_potentials,
        "margin": margin,
        "ties": ties,
        "rates": rates,
        "note": case.note,
        "snntorch": version("snntorch"),
        "torch": torch.__version__.split("+")[0],
    }
    print(
        f"case{k:<3}{case.neuron:9}{case.dtype} beta={case.beta} theta={case.threshold} {INPUTS}-{case.hidden}-{OUTPUTS} "
        f"rates={rates} margin={margin:.1e} ties={ties}"
        f"{' (no rounding at all)' if exact_potentials else ''}: numpy replay from the currents bit-for-bit; "
        f"whole network: spikes equal, potentials "
        + "; ".join(
            ("bit-for-bit" if bits[q] else f"within {error[q]:.1e}") + (" with i + V s added first" if q else "")
            for q in bits
        )
    )
    arrays = {f"case{k}/meta": np.array(json.dumps(meta)), f"case{k}/input": x}
    for j, (p, a) in enumerate(zip(params, traces, strict=True)):
        stored = {key: p[key] for key in ("weight", "bias", "recurrent_weight") if key in p}
        arrays |= {f"case{k}/layer{j}/{key}": value for key, value in (stored | a).items()}
    return arrays


def main() -> None:
    """Record all cases and write the file, if all checks hold."""
    torch.set_num_threads(1)
    arrays: dict[str, np.ndarray] = {}
    for k, case in enumerate(CASES):
        arrays |= record(k, case)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    size = len(buffer.getvalue())
    assert size < 300_000, size
    TARGET.write_bytes(buffer.getvalue())
    with np.load(TARGET, allow_pickle=False) as f:
        assert all(same(np.asarray(f[key]), value) for key, value in arrays.items())
    print(
        f"{TARGET.name}: {len(arrays)} arrays, {size} bytes; snntorch {version('snntorch')}, torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()
