"""Devices as callers see them: without logins, also where a device put one into an address."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from libs.contracts.asks import FoundDevice
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import Channel, DeviceDetails, DeviceState, LoginState
from services.api import registry
from services.api.context import Context
from services.api.device_registry import Device
from services.api.health_views import HealthViews, health_of
from services.api.known_devices import cameras_at, registered
from services.api.registry import Camera
from services.api.rtsp_url import without_login
from services.api.schemas_devices import (
    DeviceCameraView,
    DeviceStateView,
    DeviceView,
    LoginView,
)
from services.api.schemas_discovery import FoundDeviceView

if TYPE_CHECKING:
    from services.api.database import Connection


async def device_views(
    ctx: Context, db: "Connection", devices: Sequence[Device]
) -> list[DeviceView]:
    """Return devices with their cameras and what is known of them now."""
    cameras = [c for c in await registry.read_cameras(db) if c.config.device_id is not None]
    health = await health_of(ctx, db, cameras)
    return [_view(ctx, device, cameras, health) for device in devices]


def _view(
    ctx: Context, device: Device, cameras: Sequence[Camera], health: HealthViews
) -> DeviceView:
    config = device.config
    state = None if device.deleted_at is not None else ctx.health.device(config.key)
    return DeviceView(
        device_id=config.device_id,
        name=config.name,
        driver=config.driver,
        host=config.host,
        port=config.port,
        use_tls=config.use_tls,
        verify_tls=config.verify_tls,
        has_credentials=config.credentials is not None,
        endpoint_id=config.endpoint_id,
        version=config.version,
        published=device.is_published,
        created_at=device.created_at,
        deleted_at=device.deleted_at,
        state=None if state is None else _state(state, ctx.now()),
        cameras=[
            _camera(ctx, camera.config, health)
            for camera in cameras
            if camera.config.device_id == config.device_id
        ],
    )


def _camera(ctx: Context, config: CameraConfig, health: HealthViews) -> DeviceCameraView:
    return DeviceCameraView(
        camera_id=config.camera_id,
        name=config.name,
        channel=config.channel,
        record=config.is_recording_wanted,
        health=health[config.camera_id],
        footage_check=ctx.health.footage_check(config.key),
    )


def _state(state: DeviceState, now: datetime) -> DeviceStateView:
    details = state.details
    return DeviceStateView(
        identity=details.identity if details else None,
        channels=[scrubbed_channel(each) for each in details.channels] if details else [],
        capabilities=list(details.capabilities) if details else [],
        storage=details.storage if details else None,
        clock=state.clock or (details.clock if details else None),
        details_at=state.details_at,
        login=_login(state.login, now),
        failure=state.failure,
        checked_at=state.checked_at,
    )


def _login(login: LoginState, now: datetime) -> LoginView:
    failure = login.failure
    if failure is None or (failure.locked_until is not None and failure.locked_until <= now):
        return LoginView(is_rejected=False)
    return LoginView(
        is_rejected=True,
        since=login.opened_at,
        until=failure.locked_until,
        reason=failure.reason,
        detail=failure.detail,
        advice=failure.advice,
    )


def found_view(
    found: FoundDevice, devices: Sequence[Device], cameras: Sequence[CameraConfig]
) -> FoundDeviceView:
    """Return a found device, with what of it has been added already."""
    device = registered(found, devices)
    return FoundDeviceView(
        found_id=found.found_id,
        host=found.host,
        port=found.port,
        use_tls=found.use_tls,
        driver=found.driver,
        rtsp_port=found.rtsp_port,
        endpoint_id=found.endpoint_id,
        scopes=list(found.scopes),
        also=list(found.also),
        details=None if found.details is None else _scrubbed(found.details),
        failure=found.failure,
        seen_at=found.seen_at,
        device_id=None if device is None else device.device_id,
        camera_ids=cameras_at(found, device, cameras),
    )


def _scrubbed(details: DeviceDetails) -> DeviceDetails:
    channels = tuple(scrubbed_channel(each) for each in details.channels)
    return details.model_copy(update={"channels": channels})


def scrubbed_channel(channel: Channel) -> Channel:
    """Return a channel without what a device may have put into its addresses."""
    streams = tuple(
        each.model_copy(update={"url": without_login(each.url)}) for each in channel.streams
    )
    return channel.model_copy(
        update={"streams": streams, "snapshot_url": without_login(channel.snapshot_url)}
    )
