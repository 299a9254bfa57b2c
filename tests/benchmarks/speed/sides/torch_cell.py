"""torch alone: the same LIF and the same surrogate written by hand, without a library's checks in every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tests.benchmarks.speed.sides.torch_side import TorchSide
from tests.benchmarks.speed.suites import Net

if TYPE_CHECKING:
    from tests.benchmarks.speed.sides.torch_training import TorchSettings


class TorchCell(TorchSide):
    """``v[t] = beta v[t-1] + i[t] - s[t-1]``, ``s = v > 1``, ``ds/dv = 1 / (slope |v - 1| + 1)^2``."""

    name = "torch, LIF by hand, + Adam, tuned"
    short = "torch"
    packages: ClassVar = ("torch",)

    def cell(self, net: Net, settings: TorchSettings) -> Any:
        import torch

        class Spike(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, over: Any) -> Any:
                ctx.save_for_backward(over)
                return (over > 0).to(over.dtype)

            @staticmethod
            def backward(ctx: Any, grad: Any) -> Any:
                (over,) = ctx.saved_tensors
                return grad / (settings.slope * over.abs() + 1) ** 2

        class LifCell(torch.nn.Module):
            def forward(self, current: Any, state: Any) -> tuple[Any, Any]:
                v = current if state is None else torch.add(current - state[1].detach(), state[0], alpha=net.beta)
                s = Spike.apply(v - 1)
                return s, (v, s)

        return LifCell()
