"""What the streamer reads from and writes to the bus; nothing else is allowed to it."""

from libs.bus.wiring import Wiring
from libs.contracts.live import Demand, ViewingStarted, ViewingStopped
from libs.contracts.ownership import RecordingProgress
from libs.contracts.presence import ServiceState

WIRING = Wiring(
    service="streamer",
    publishes=(ViewingStarted, ViewingStopped),
    watches=(RecordingProgress,),
    writes=(Demand, ServiceState),
    follows_live=True,
)
