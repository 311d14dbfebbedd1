"""What the recorder reads from and writes to the bus; nothing else is allowed to it."""

from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig, CameraStatusChanged
from libs.contracts.gaps import GapDetected
from libs.contracts.live import Demand, LiveState
from libs.contracts.ownership import Lease, Presence, RecordingProgress
from libs.contracts.presence import ServiceState
from libs.contracts.recordings import RecordingCompleted

WIRING = Wiring(
    service="recorder",
    publishes=(RecordingCompleted, GapDetected, CameraStatusChanged),
    watches=(CameraConfig, Demand, Lease, LiveState, Presence, RecordingProgress),
    writes=(Lease, LiveState, Presence, RecordingProgress, ServiceState),
    sends_live=True,
)
