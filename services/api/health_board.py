"""What discovery said last about cameras and devices, held in memory from watched buckets."""

from collections.abc import Callable

from libs.bus.keyvalue import Change, KeyValue
from libs.contracts.devices import DeviceState
from libs.contracts.footage import FootageCheck
from libs.contracts.health import CameraHealth


class HealthBoard:
    """The last word about every camera and every device."""

    def __init__(self, on_heard: Callable[[str], None] = lambda _: None) -> None:
        """`on_heard` is told the bucket key of a camera about whose health something was said."""
        self._on_heard = on_heard
        self._health: dict[str, CameraHealth] = {}
        self._devices: dict[str, DeviceState] = {}
        self._checks: dict[str, FootageCheck] = {}

    def health(self, key: str) -> CameraHealth | None:
        """Return the health of the camera under a bucket key; None when nothing is known."""
        return self._health.get(key)

    def device(self, key: str) -> DeviceState | None:
        """Return the state of the device under a bucket key; None when nothing is known."""
        return self._devices.get(key)

    def footage_check(self, key: str) -> FootageCheck | None:
        """Return how listing the camera's stored footage went; None when nothing is known."""
        return self._checks.get(key)

    def on_health(self, change: Change[CameraHealth]) -> None:
        """Take over one change of the `health` bucket."""
        if change.value is not None:
            self._health[change.key] = change.value
        else:
            self._health.pop(change.key, None)
        self._on_heard(change.key)

    def on_device(self, change: Change[DeviceState]) -> None:
        """Take over one change of the `device-states` bucket."""
        if change.value is not None:
            self._devices[change.key] = change.value
        else:
            self._devices.pop(change.key, None)

    def on_footage_check(self, change: Change[FootageCheck]) -> None:
        """Take over one change of the `footage-checks` bucket."""
        if change.value is not None:
            self._checks[change.key] = change.value
        else:
            self._checks.pop(change.key, None)

    async def follow_health(self, bucket: KeyValue[CameraHealth]) -> None:
        """Follow the cameras' health until cancelled."""
        async for change in bucket.watch():
            self.on_health(change)

    async def follow_devices(self, bucket: KeyValue[DeviceState]) -> None:
        """Follow the devices' states until cancelled."""
        async for change in bucket.watch():
            self.on_device(change)

    async def follow_footage_checks(self, bucket: KeyValue[FootageCheck]) -> None:
        """Follow the listings of stored footage until cancelled."""
        async for change in bucket.watch():
            self.on_footage_check(change)
