"""What api reads from the bus and what it may write there."""

from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig, CameraStatusChanged
from libs.contracts.gaps import GapDetected
from libs.contracts.ownership import Lease, RecordingProgress
from libs.contracts.recordings import RecordingCompleted

WIRING = Wiring(
    service="api",
    consumes=(RecordingCompleted, GapDetected, CameraStatusChanged),
    watches=(RecordingProgress, Lease),
    writes=(CameraConfig,),
    ordered=True,
)
