"""What api reads from the bus and what it may write there."""

from libs.bus.wiring import Wiring
from libs.contracts.asks import (
    CancelScan,
    ProbeCamera,
    RetryLogin,
    ScanNetwork,
    ScanState,
    SyncFootage,
)
from libs.contracts.cameras import CameraConfig, CameraStatusChanged
from libs.contracts.devices import DeviceConfig, DeviceState
from libs.contracts.footage import FootageCheck, StoredFootageFound
from libs.contracts.gaps import GapDetected
from libs.contracts.health import CameraHealth, CameraHealthChanged
from libs.contracts.ownership import Lease, RecordingProgress
from libs.contracts.presence import ServiceState
from libs.contracts.recordings import RecordingCompleted

WIRING = Wiring(
    service="api",
    consumes=(
        RecordingCompleted,
        GapDetected,
        CameraStatusChanged,
        CameraHealthChanged,
        StoredFootageFound,
    ),
    watches=(
        RecordingProgress,
        Lease,
        CameraHealth,
        DeviceState,
        FootageCheck,
        ScanState,
        ServiceState,
    ),
    writes=(CameraConfig, DeviceConfig, ServiceState),
    asks=(ScanNetwork, CancelScan, ProbeCamera, SyncFootage, RetryLogin),
    ordered=True,
)
