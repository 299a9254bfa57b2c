"""Norse: its LIF box cell without synaptic filter; its reset is to zero, not by subtraction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tests.benchmarks.speed.sides.torch_side import TorchSide
from tests.benchmarks.speed.suites import Net

if TYPE_CHECKING:
    from tests.benchmarks.speed.sides.torch_training import TorchSettings


class Norse(TorchSide):
    """``v += (i / (1 - beta) - v)(1 - beta)``: with dt / tau = 1 - beta this is ``beta v + i``; SuperSpike surrogate."""

    name = "Norse + Adam, tuned"
    short = "norse"
    packages: ClassVar = ("torch", "norse")

    def cell(self, net: Net, settings: TorchSettings) -> Any:
        import torch
        from norse.torch import LIFBoxCell, LIFBoxParameters

        dt = 1e-3
        parameters = LIFBoxParameters(
            tau_mem_inv=torch.as_tensor((1 - net.beta) / dt),
            v_th=torch.as_tensor(1.0),
            method="super",
            alpha=torch.as_tensor(settings.slope),
        )

        class BoxCell(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.box = LIFBoxCell(parameters, dt=dt)

            def forward(self, current: Any, state: Any) -> tuple[Any, Any]:
                return self.box(current / (1 - net.beta), state)

        return BoxCell()
