"""snnTorch: ``Leaky`` with reset by subtraction, which is our LIF spike for spike, and the fast-sigmoid surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tests.benchmarks.speed.sides.torch_side import TorchSide
from tests.benchmarks.speed.suites import Net

if TYPE_CHECKING:
    from tests.benchmarks.speed.sides.torch_training import TorchSettings


class SnnTorch(TorchSide):
    """Its layers in a plain loop over time."""

    name = "snnTorch + Adam, tuned"
    short = "snntorch"
    packages: ClassVar = ("torch", "snntorch")

    def cell(self, net: Net, settings: TorchSettings) -> Any:
        import snntorch as snn
        import torch
        from snntorch import surrogate

        class LeakyCell(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.leaky = snn.Leaky(beta=net.beta, spike_grad=surrogate.fast_sigmoid(slope=settings.slope))

            def forward(self, current: Any, state: Any) -> tuple[Any, Any]:
                return self.leaky(current, torch.zeros_like(current) if state is None else state)

        return LeakyCell()
