"""SpikingJelly: ``LIFNode`` with soft reset and undecayed input, its nearest to our LIF (the reset acts at once)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tests.benchmarks.speed.sides.torch_side import TorchSide
from tests.benchmarks.speed.suites import Net

if TYPE_CHECKING:
    from tests.benchmarks.speed.sides.torch_training import TorchSettings


class SpikingJelly(TorchSide):
    """Its nodes in single-step mode; the slope is that of its soft-sign surrogate, ``1 / (2 / slope (1/slope + |x|)^2)``."""

    name = "SpikingJelly + Adam, tuned"
    short = "spikingjelly"
    packages: ClassVar = ("torch", "spikingjelly")

    def cell(self, net: Net, settings: TorchSettings) -> Any:
        import torch
        from spikingjelly.activation_based import neuron, surrogate

        class NodeCell(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                function = surrogate.SoftSign(alpha=settings.slope)
                self.node = neuron.LIFNode(
                    tau=1 / (1 - net.beta),
                    decay_input=False,
                    v_reset=None,
                    detach_reset=True,
                    surrogate_function=function,
                )

            def forward(self, current: Any, state: Any) -> tuple[Any, Any]:
                if state is None:
                    self.node.reset()
                return self.node(current), True

        return NodeCell()
