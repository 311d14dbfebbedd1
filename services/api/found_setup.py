"""Adding devices that a scan found: each one as a whole or not at all, whatever the others do."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.requests import HTTPConnection

from libs.contracts.asks import FoundDevice, ProbeCamera, ScanState
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import Channel, DeviceDetails, Failure, FailureReason
from libs.web.problems import Problem
from services.api import device_registry, registry
from services.api.asking import told
from services.api.camera_setup import sealed
from services.api.context import Context
from services.api.device_registry import Device
from services.api.device_setup import AlreadyAdded, add_device, audit_added, checked_host
from services.api.known_devices import registered
from services.api.rtsp_url import stream_place
from services.api.schemas_devices import FoundCamera
from services.api.schemas_discovery import AddedView, AddFound, AddFoundDevices

log = structlog.get_logger()

PROBES_AT_ONCE = 8
PROBING_SECONDS = 60.0
"""How long devices that told nothing yet are asked with the new login, all together."""

Places = Mapping[tuple[str, int, str] | None, CameraConfig]
"""Cameras by host, port and path of their streams."""

_LOGIN = frozenset({FailureReason.UNAUTHORIZED, FailureReason.LOCKED, FailureReason.NO_PERMISSION})


@dataclass(frozen=True)
class Looked:
    """What looking at a found device gave: details, or a failure."""

    details: DeviceDetails | None = None
    failure: Failure | None = None


async def add_found(
    ctx: Context, request: HTTPConnection, scan: ScanState, body: AddFoundDevices
) -> list[AddedView]:
    """Add the named devices of a scan and tell what became of each."""
    token = sealed(ctx, body.credentials)
    found = {each.found_id: each for each in scan.devices}
    async with ctx.database.connection() as db:
        devices = await device_registry.read_devices(db)
    looked = await _look(ctx, _silent(body.devices, found, devices), token)
    views = []
    for item in body.devices:
        device = found.get(item.found_id)
        if device is None:
            problem = f"scan {scan.scan_id} has found no such device"
            views.append(_refused(item, HTTPStatus.NOT_FOUND, problem))
        else:
            look = looked.get(item.found_id) or Looked(device.details, device.failure)
            views.append(await _add_one(ctx, request, item, device, look, token=token))
    return views


def _silent(
    items: Iterable[AddFound], found: Mapping[str, FoundDevice], devices: Sequence[Device]
) -> list[FoundDevice]:
    """Return the devices that must be asked, because their streams are not known."""
    silent: dict[str, FoundDevice] = {}
    for item in items:
        device = found.get(item.found_id)
        needs = item.cameras is None or any(camera.url is None for camera in item.cameras)
        is_known = device is not None and device.details is not None and device.details.channels
        if device is not None and device.driver is not None and needs and not is_known:
            silent[item.found_id] = device
    # asking one that is there already would try its login for nothing
    return [each for each in silent.values() if registered(each, devices) is None]


async def _look(
    ctx: Context, silent: Sequence[FoundDevice], token: str | None
) -> dict[str, Looked]:
    timeout = Failure(reason=FailureReason.TIMEOUT, detail="the device was not asked in time")
    looked = {each.found_id: Looked(failure=timeout) for each in silent}
    turns = asyncio.Semaphore(PROBES_AT_ONCE)

    async def look(device: FoundDevice) -> None:
        async with turns:
            looked[device.found_id] = await _look_at(ctx, device, token)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PROBING_SECONDS), asyncio.TaskGroup() as tasks:
            for device in silent:
                tasks.create_task(look(device), name=f"look at {device.found_id}")
    return looked


async def _look_at(ctx: Context, device: FoundDevice, token: str | None) -> Looked:
    question = ProbeCamera(
        host=device.host,
        port=device.port,
        driver=device.driver,
        use_tls=device.use_tls,
        credentials=token,
    )
    try:
        answer = await ctx.bus.ask(question)
    except Problem as problem:
        return Looked(failure=Failure(reason=FailureReason.INTERNAL, detail=problem.detail[:500]))
    if answer.device is None:
        return Looked(failure=answer.failure)
    return Looked(answer.device.details, answer.device.failure or answer.failure)


async def _add_one(
    ctx: Context,
    request: HTTPConnection,
    item: AddFound,
    found: FoundDevice,
    looked: Looked,
    *,
    token: str | None,
) -> AddedView:
    if found.driver is None:
        return _refused(
            item,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"only an RTSP server was recognised at {found.host} port {found.rtsp_port}: add it "
            "as a camera, by its RTSP address",
        )
    name = item.name or _name(looked.details, found)
    try:
        fields = {
            "name": name,
            "driver": found.driver,
            "host": checked_host(ctx, found.host),
            "port": found.port,
            "use_tls": found.use_tls,
            "endpoint_id": found.endpoint_id,
            "credentials": token,
        }
        async with ctx.database.transaction() as db:
            await registry.lock_registry(db)
            twin = registered(found, await device_registry.read_devices(db))
            if twin is not None:
                raise AlreadyAdded(twin)
            there = {stream_place(c.config.url): c.config for c in await registry.read_cameras(db)}
            cameras = _cameras(item, name, looked.details, there)
            if not cameras and item.cameras is None:
                return _silent_view(item, looked, there)
            added = await add_device(ctx, db, fields, cameras, looked.details)
            await audit_added(ctx, request, db, added)
    except Problem as problem:
        return _problem_view(item, problem, looked)
    log.info("device.added", device_id=added.device.device_id, cameras=len(added.cameras))
    return AddedView(
        found_id=item.found_id,
        status=HTTPStatus.CREATED,
        device_id=added.device.device_id,
        cameras=[camera.camera_id for camera in added.cameras],
    )


def _cameras(
    item: AddFound, device_name: str, details: DeviceDetails | None, there: Places
) -> list[FoundCamera]:
    """Return the channels that were named, or all that are online and new, each with a name."""
    channels = details.channels if details else ()
    known = {each.channel: each for each in channels}
    wanted = item.cameras
    if wanted is None:
        wanted = [
            FoundCamera(channel=each.channel)
            for each in channels
            if each.is_online
            and each.stream("main") is not None
            and _camera_of(each, there) is None
        ]
    cameras = []
    for camera in wanted:
        channel = known.get(camera.channel)
        fallback = device_name if len(known) == 1 else f"{device_name} {camera.channel}"
        name = camera.name or _clean(channel.name if channel else "") or _clean(fallback)
        cameras.append(camera.model_copy(update={"name": name}))
    return cameras


def _name(details: DeviceDetails | None, found: FoundDevice) -> str:
    """Devices tell names with anything in them; the address is always one."""
    identity = details.identity if details else None
    told_names = (identity.name, identity.model) if identity else ()
    return next((name for text in told_names if (name := _clean(text))), found.host[:100])


def _clean(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:100].strip()


def _refused(
    item: AddFound, status: HTTPStatus, problem: str, failure: Failure | None = None
) -> AddedView:
    return AddedView(found_id=item.found_id, status=status, problem=problem[:500], failure=failure)


def _camera_of(channel: Channel, there: Places) -> CameraConfig | None:
    """Return the camera that has been added before by the address of a channel's main stream."""
    main = channel.stream("main")
    place = None if main is None else stream_place(main.url)
    return None if place is None else there.get(place)


def _silent_view(item: AddFound, looked: Looked, there: Places) -> AddedView:
    channels = looked.details.channels if looked.details else ()
    known = [camera.camera_id for each in channels if (camera := _camera_of(each, there))]
    if known:
        problem = (
            f"its streams are there already, by their addresses, as {', '.join(known)}: delete "
            "these cameras first, or name the channels to have them twice"
        )
        return _refused(item, HTTPStatus.CONFLICT, problem)
    if looked.failure is None:
        problem = "the device tells no channel with a stream; name its cameras with their `url`"
        return _refused(item, HTTPStatus.UNPROCESSABLE_ENTITY, problem)
    is_login = looked.failure.reason in _LOGIN
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_login else HTTPStatus.BAD_GATEWAY
    return _refused(item, status, told(looked.failure), looked.failure)


def _problem_view(item: AddFound, problem: Problem, looked: Looked) -> AddedView:
    return AddedView(
        found_id=item.found_id,
        status=problem.status,
        device_id=problem.device_id if isinstance(problem, AlreadyAdded) else None,
        problem=problem.detail,
        errors={error.field: error.problem for error in problem.errors},
        failure=None if isinstance(problem, AlreadyAdded) else looked.failure,
    )
