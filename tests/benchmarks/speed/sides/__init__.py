"""Who is compared: one file each, one visible table, ours first and its competitor next."""

from tests.benchmarks.speed.sides.norse_lif import Norse
from tests.benchmarks.speed.sides.ours import Ours, OurSettings
from tests.benchmarks.speed.sides.side import Side, Stage
from tests.benchmarks.speed.sides.snntorch_leaky import SnnTorch
from tests.benchmarks.speed.sides.spikingjelly_lif import SpikingJelly
from tests.benchmarks.speed.sides.torch_cell import TorchCell

OURS = Ours()
PEERS: dict[str, Side] = {p.short: p for p in (SnnTorch(), TorchCell(), SpikingJelly(), Norse())}

__all__ = ["OURS", "PEERS", "OurSettings", "Side", "SnnTorch", "Stage"]
