"""Which device is which: the registry, scans and discovery's reports speak of the same ones."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from libs.contracts.asks import FoundDevice
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceDetails, device_key
from libs.web.problems import Problem, not_found
from services.api.context import Context
from services.api.device_registry import Device, read_device
from services.api.rtsp_url import same_host, stream_place

if TYPE_CHECKING:
    from services.api.database import Connection


async def existing_device(db: "Connection", device_id: str) -> Device:
    """Return a device, also a deleted one; raises 404."""
    device = await read_device(db, device_id)
    if device is None:
        raise no_device(device_id)
    return device


def no_device(device_id: str) -> Problem:
    """Return what is said of a device that does not exist, or may not be known."""
    return not_found(f"there is no device {device_id}")


async def active_device(db: "Connection", device_id: str) -> Device:
    """Return a device; raises 404 where there is none and 409 where it was deleted."""
    device = await existing_device(db, device_id)
    if device.deleted_at is not None:
        raise Problem(HTTPStatus.CONFLICT, f"device {device_id} has been deleted; add it anew")
    return device


def twin_of(config: DeviceConfig, devices: Iterable[Device]) -> DeviceConfig | None:
    """Return another registered device that is the same one: its endpoint, or its address."""
    for device in devices:
        other = device.config
        if other.device_id != config.device_id and (
            _same_endpoint(config.endpoint_id, other.endpoint_id)
            or (_same_address(config, other) and config.driver is other.driver)
        ):
            return other
    return None


def registered(found: FoundDevice, devices: Iterable[Device]) -> DeviceConfig | None:
    """Return the registered device that a scan has found again."""
    drivers = {found.driver, *found.also} - {None}
    for device in devices:
        config = device.config
        if _same_endpoint(found.endpoint_id, config.endpoint_id) or (
            _same_address(found, config) and config.driver in drivers
        ):
            return config
    return None


def cameras_at(
    found: FoundDevice, device: DeviceConfig | None, cameras: Sequence[CameraConfig]
) -> list[str]:
    """Return the ids of the cameras of a device, and of those at a found RTSP address."""
    return [
        camera.camera_id
        for camera in cameras
        if (device is not None and camera.device_id == device.device_id)
        or (found.rtsp_port is not None and _is_at(camera.url, found.host, found.rtsp_port))
    ]


def newest_details(ctx: Context, config: DeviceConfig) -> DeviceDetails | None:
    """Return what a device told last, to a scan or to discovery's regular look; None: nothing.

    Only what it told in the same protocol counts: channels have other names in another.
    """
    told = [
        (found.seen_at, found.details)
        for record in ctx.scans.newest_first()
        for found in record.state.devices
        if found.details is not None
        and found.details.channels  # left out where a scan found too much
        and found.driver is config.driver
        and (_same_endpoint(found.endpoint_id, config.endpoint_id) or _same_address(found, config))
    ]
    state = ctx.health.device(device_key(config.site, config.device_id))
    if state is not None and state.details is not None and state.details_at is not None:
        told.append((state.details_at, state.details))
    return max(told, key=lambda pair: pair[0])[1] if told else None


def _same_endpoint(one: str, other: str) -> bool:
    return bool(one) and one == other


def _same_address(one: DeviceConfig | FoundDevice, other: DeviceConfig) -> bool:
    return one.port == other.port and same_host(one.host, other.host)


def _is_at(url: str, host: str, port: int) -> bool:
    place = stream_place(url)
    return place is not None and place[1] == port and same_host(place[0], host)
