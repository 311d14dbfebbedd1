"""What discovery reads from and writes to the bus; nothing else is allowed to it."""

from libs.bus.wiring import Wiring
from libs.contracts.asks import (
    CancelScan,
    ProbeCamera,
    RetryLogin,
    ScanNetwork,
    ScanState,
    SyncFootage,
)
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceState, DiscoveryLeader
from libs.contracts.footage import FootageCheck, FootageDay, StoredFootageFound
from libs.contracts.health import CameraHealth, CameraHealthChanged
from libs.contracts.ownership import RecordingProgress
from libs.contracts.presence import ServiceState

WIRING = Wiring(
    service="discovery",
    publishes=(CameraHealthChanged, StoredFootageFound),
    watches=(CameraConfig, DeviceConfig, RecordingProgress),
    writes=(
        CameraHealth,
        DeviceState,
        DiscoveryLeader,
        FootageCheck,
        FootageDay,
        ScanState,
        ServiceState,
    ),
    answers=(ScanNetwork, CancelScan, ProbeCamera, SyncFootage, RetryLogin),
)
