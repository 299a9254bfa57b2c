"""Surrogate gradients in torch: what every competitor shares. A competitor is a cell; network, training and clock are here."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # torch's profiler is silent about GPUs that are not there
import torch

from tests.benchmarks.speed.curves import Look
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import Net

PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::linear")
CHUNK = 2048
"""Samples evaluated at once."""


@dataclass(frozen=True)
class TorchSettings:
    """What is tuned: Adam's rate, the surrogate's slope, the schedule, batch size and epochs; and what is chosen for speed.

    ``layerwise`` runs a layer through all steps before the next, so that its spikes meet their weights in one product.
    """

    rate: float = 5e-3
    slope: float = 5.0
    cosine: bool = False
    batch: int = 64
    epochs: int = 40
    threads: int = 1
    layerwise: bool = False


class Cell(Protocol):
    """A population: from its current [B, n] and its state (None before the first step) to spikes and the next state."""

    def __call__(self, current: Any, state: Any) -> tuple[Any, Any]: ...


MakeCell = Callable[[Net, TorchSettings], Any]


class SpikingNet(torch.nn.Module):
    """Cells joined by linear layers, and a leaky-integrator read-out averaged over all steps or the last few.

    The first layer's product is taken out of the loop over time: once for a constant input, else for all steps in one.
    """

    def __init__(self, net: Net, steps: int, settings: TorchSettings, make_cell: MakeCell) -> None:
        super().__init__()
        self.net, self.steps = net, steps
        self.layerwise = settings.layerwise and not net.recurrent
        self.linear = torch.nn.ModuleList(torch.nn.Linear(n, m) for n, m in itertools.pairwise(net.sizes))
        hidden = net.sizes[1:-1]
        self.cells = torch.nn.ModuleList(make_cell(net, settings) for _ in hidden)
        self.back = torch.nn.ModuleList(torch.nn.Linear(n, n) for n in hidden) if net.recurrent else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the loss sees, [B, classes], of samples [B, n] held constant or [T, B, n]."""
        first = self.linear[0](x)
        currents = [first] * self.steps if x.ndim == 2 else list(first.unbind(0))
        return self._read_out(self._by_layer(currents) if self.layerwise else self._by_step(currents))

    def _by_layer(self, currents: list[torch.Tensor]) -> list[torch.Tensor]:
        for cell, linear in zip(self.cells, list(self.linear)[1:], strict=True):
            spikes, state = [], None
            for current in currents:
                s, state = cell(current, state)
                spikes.append(s)
            currents = list(linear(torch.stack(spikes)).unbind(0))
        return currents

    def _by_step(self, currents: list[torch.Tensor]) -> list[torch.Tensor]:
        states: list[Any] = [None] * len(self.cells)
        sent: list[Any] = [None] * len(self.cells)
        out = []
        for into in currents:
            current = into
            for k, cell in enumerate(self.cells):
                if self.back is not None and sent[k] is not None:
                    current = current + self.back[k](sent[k])
                sent[k], states[k] = cell(current, states[k])
                current = self.linear[k + 1](sent[k])
            out.append(current)
        return out

    def _read_out(self, currents: list[torch.Tensor]) -> torch.Tensor:
        window = self.net.window or self.steps
        v, total = torch.zeros_like(currents[0]), torch.zeros_like(currents[0])
        for t, current in enumerate(currents):
            v = self.net.readout_beta * v + current
            if t >= self.steps - window:
                total = total + v
        return total / window


class Training:
    """Adam on the cross-entropy, one mini-batch at a time. Building it is part of training."""

    def __init__(
        self, net: Net, steps: int, split: Split, settings: TorchSettings, seed: int, make_cell: MakeCell
    ) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(seed)
        self.order = torch.Generator().manual_seed(seed)
        self.X, self.y, self.axis = torch.from_numpy(split.X), torch.from_numpy(split.y), int(split.timed)
        self.settings = settings
        self.module = SpikingNet(net, steps, settings, make_cell)
        self.per_epoch = -(-len(self.y) // settings.batch)
        self.updates = self.per_epoch * settings.epochs
        self.optimiser = _adam(self.module, settings.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR
        self.schedule = schedule(self.optimiser, self.updates) if settings.cosine else None
        self.left: list[torch.Tensor] = []

    def update(self) -> None:
        """One step on the next mini-batch."""
        if not self.left:
            self.left = list(torch.randperm(len(self.y), generator=self.order).split(self.settings.batch))[::-1]
        index = self.left.pop()
        loss = torch.nn.functional.cross_entropy(self.module(self.X.index_select(self.axis, index)), self.y[index])
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        if self.schedule is not None:
            self.schedule.step()

    def accuracy(self, split: Split) -> float:
        """On the test data, in per cent."""
        X, right = torch.from_numpy(split.X_test), 0
        with torch.no_grad():
            for start in range(0, len(split.y_test), CHUNK):
                some = X.narrow(self.axis, start, min(CHUNK, len(split.y_test) - start))
                found = self.module(some).argmax(1).numpy()
                right += int((found == split.y_test[start : start + CHUNK]).sum())
        return 100 * right / len(split.y_test)


def _adam(module: torch.nn.Module, rate: float) -> Any:
    """Adam in one fused kernel where torch has it for the CPU, which is faster."""
    try:
        return torch.optim.Adam(module.parameters(), rate, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(module.parameters(), rate)


def train(
    net: Net,
    steps: int,
    split: Split,
    settings: TorchSettings,
    seed: int,
    make_cell: MakeCell,
    looks: int,
) -> Iterator[Look]:
    """Train, and look ``looks`` times in every epoch (0: at the end only), which the clock does not count."""
    start = time.perf_counter()
    training, seconds = Training(net, steps, split, settings, seed, make_cell), 0.0
    every = -(-training.per_epoch // looks) if looks else training.updates
    for done in range(1, training.updates + 1):
        training.update()
        within = done % training.per_epoch
        if (within % every == 0) if looks else (done == training.updates):
            seconds += time.perf_counter() - start
            yield Look(seconds, done / training.per_epoch, training.accuracy(split))
            torch.set_num_threads(settings.threads)  # another run may have had the floor meanwhile
            start = time.perf_counter()


def seconds_per_epoch(
    net: Net, steps: int, split: Split, forms: Sequence[TorchSettings], make_cell: MakeCell, updates: int = 4
) -> list[float]:
    """Mean time of an update times their number in an epoch, for each of the settings, measured in turn and twice.

    Means, not medians: threads that now and then wait for a busy core are slow threads.
    """
    found: list[list[float]] = [[] for _ in forms]
    for _ in range(2):
        for form, times in zip(forms, found, strict=True):
            training = Training(net, steps, split, form, 0, make_cell)
            training.update()
            start = time.perf_counter()
            for _ in range(updates):
                training.update()
            times.append((time.perf_counter() - start) / updates * training.per_epoch)
    return [statistics.mean(times) for times in found]


def product_share(
    net: Net, steps: int, split: Split, settings: TorchSettings, make_cell: MakeCell, updates: int = 20
) -> float:
    """Share of matrix products in the CPU time of some updates, by torch's profiler."""
    training = Training(net, steps, split, settings, 0, make_cell)
    training.update()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(updates):
            training.update()
    rows = profile.key_averages()
    return float(
        np.sum([r.self_cpu_time_total for r in rows if r.key in PRODUCTS])
        / np.sum([r.self_cpu_time_total for r in rows])
    )
