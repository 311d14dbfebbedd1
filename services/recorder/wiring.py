"""What the recorder reads from and writes to the bus; nothing else is allowed to it."""

from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig, CameraStatusChanged
from libs.contracts.gaps import GapDetected
from libs.contracts.ownership import Lease, Presence, RecordingProgress
from libs.contracts.recordings import RecordingCompleted

WIRING = Wiring(
    service="recorder",
    publishes=(RecordingCompleted, GapDetected, CameraStatusChanged),
    watches=(CameraConfig, Lease, Presence, RecordingProgress),
    writes=(Lease, Presence, RecordingProgress),
)
