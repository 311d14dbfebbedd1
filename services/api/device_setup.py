"""Adding and changing devices together with their cameras: everything in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection

from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceDetails
from libs.contracts.ids import camera_id_from_name
from libs.web.problems import FieldProblem, Problem, invalid
from services.api import device_registry, registry
from services.api.audit import audit
from services.api.camera_setup import sealed
from services.api.context import Context
from services.api.device_cameras import camera_of_device
from services.api.known_devices import newest_details, twin_of
from services.api.rtsp_url import parse_host, same_host, stream_place, with_host
from services.api.schemas_devices import DevicePatch, FoundCamera

if TYPE_CHECKING:
    from services.api.database import Connection


class AlreadyAdded(Problem):
    """The device has been added before."""

    def __init__(self, device: DeviceConfig) -> None:
        super().__init__(
            HTTPStatus.CONFLICT,
            f"this is device {device.device_id} already ({device.host} port {device.port}, "
            f"{device.driver.value})",
        )
        self.device_id = device.device_id


@dataclass(frozen=True)
class Added:
    """What was added."""

    device: DeviceConfig
    cameras: Sequence[CameraConfig]


def checked_host(ctx: Context, text: str) -> str:
    """Return a device's host as it is stored; raises 422."""
    try:
        return parse_host(text, allow_loopback=ctx.settings.allow_loopback_cameras)
    except ValueError as error:
        raise invalid("host", str(error)) from None


async def add_device(
    ctx: Context,
    db: "Connection",
    fields: dict[str, Any],
    cameras: Sequence[FoundCamera],
    details: DeviceDetails | None = None,
) -> Added:
    """Add a device with its cameras, inside the caller's transaction.

    `fields` are those of DeviceConfig but the id. Raises Problem: 409 where it is there already,
    422 with every field that is wrong.
    """
    await registry.lock_registry(db)
    taken = await device_registry.taken_device_ids(db)
    device = DeviceConfig(device_id=camera_id_from_name(fields["name"], taken=taken), **fields)
    twin = twin_of(device, await device_registry.read_devices(db))
    if twin is not None:
        raise AlreadyAdded(twin)
    told = details or newest_details(ctx, device)
    taken_ids = await registry.taken_ids(db)
    configs = list(_configs(ctx, device, cameras, told, taken_ids))
    await device_registry.insert_device(db, device)
    for config in configs:
        await registry.insert_camera(db, config)
    return Added(device, configs)


async def audit_added(
    ctx: Context, request: HTTPConnection, db: "Connection", added: Added
) -> None:
    """Write down what was added, in the same transaction."""
    device = added.device
    where = {"name": device.name, "host": device.host, "driver": device.driver.value}
    await audit(ctx, request, "device.added", subject=device.device_id, db=db, device=where)
    for camera in added.cameras:
        at, name = device.device_id, camera.name
        await audit(ctx, request, "camera.added", camera.camera_id, at, db=db, name=name)


def _configs(
    ctx: Context,
    device: DeviceConfig,
    cameras: Sequence[FoundCamera],
    details: DeviceDetails | None,
    taken: frozenset[str],
) -> Iterator[CameraConfig]:
    errors: list[FieldProblem] = []
    channels: set[str] = set()
    for index, body in enumerate(cameras):
        where = f"cameras[{index}]."
        assert body.name is not None
        camera_id = camera_id_from_name(body.name, taken=taken)
        taken |= {camera_id}
        try:
            if body.channel in channels:
                raise invalid(f"{where}channel", "this channel is named twice")
            channels.add(body.channel)
            yield camera_of_device(
                ctx, device, body, camera_id=camera_id, details=details, where=where
            )
        except Problem as problem:
            errors += problem.errors
    if errors:
        fields = "1 field is" if len(errors) == 1 else f"{len(errors)} fields are"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{fields} not as it must be", errors=errors)


def changed_device(ctx: Context, old: DeviceConfig, body: DevicePatch) -> DeviceConfig:
    """Return a device with what is to change; raises 422.

    A login stays with its host: pointing a device elsewhere must not send it there.
    """
    changes = body.model_dump(exclude_unset=True, exclude={"host", "credentials"})
    if body.host is not None:
        changes["host"] = checked_host(ctx, body.host)
    if "credentials" in body.model_fields_set:
        changes["credentials"] = sealed(ctx, body.credentials)
    new = old.model_copy(update=changes)
    moves = not same_host(old.host, new.host) or (old.use_tls and not new.use_tls)
    if moves and old.credentials is not None and "credentials" not in changes:
        raise invalid(
            "credentials",
            "the device is at another host now, or gives up TLS: send the login again, or null "
            "for none",
        )
    return new


def changed_camera(camera: CameraConfig, old: DeviceConfig, new: DeviceConfig) -> CameraConfig:
    """Return a camera as it is after its device changed: on its new host, with its new login.

    A camera that is not on the device's host is left alone. Raises 422 where the new login would
    be sent to a host that is not the device's.
    """
    changes: dict[str, Any] = {}
    for name in ("url", "sub_url"):
        url = getattr(camera, name)
        if url is not None and _is_on(url, old.host) and not same_host(old.host, new.host):
            changes[name] = with_host(url, new.host)
    moved = camera.model_copy(update=changes)
    if new.credentials == old.credentials or not _is_on(moved.url, new.host):
        return moved
    if new.credentials and moved.sub_url is not None and not _is_on(moved.sub_url, new.host):
        raise invalid(
            "credentials",
            f"the small stream of camera {camera.camera_id} is on another host, where the login "
            "would be sent; change or remove its sub_url first",
        )
    return moved.model_copy(update={"credentials": new.credentials})


def _is_on(url: str, host: str) -> bool:
    place = stream_place(url)
    return place is not None and same_host(place[0], host)
