"""Finding devices: scans, probes, and whether something is a camera already."""

import secrets
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response

from libs.contracts.asks import (
    DEFAULT_SCAN_PORTS,
    CancelScan,
    FoundDevice,
    ProbeCamera,
    ScanId,
    ScanNetwork,
    ScanState,
)
from libs.contracts.cameras import CameraConfig
from libs.contracts.ids import camera_id_from_name
from libs.web.problems import FieldProblem, Problem, invalid, not_found
from services.api import device_registry, registry
from services.api.access import Permission
from services.api.asking import refused
from services.api.audit import audit
from services.api.camera_setup import checked_url, login_of, sealed
from services.api.checks import check_name, check_url
from services.api.context import Context, Ctx
from services.api.device_registry import Device
from services.api.device_setup import checked_host
from services.api.device_views import found_view
from services.api.found_setup import add_found
from services.api.known_devices import active_device
from services.api.rights import needs
from services.api.routes.cameras import PUBLISH_WAIT_SECONDS
from services.api.rtsp_url import same_host, stream_place
from services.api.scan_board import ScanRecord
from services.api.scan_targets import check_target
from services.api.schemas_discovery import (
    AddedDevices,
    AddFoundDevices,
    CheckQuery,
    CheckView,
    ProbeRequest,
    ProbeView,
    ScanCreate,
    ScanSummary,
    ScanView,
)

log = structlog.get_logger()
router = APIRouter(
    prefix="/discovery",
    tags=["discovery"],
    dependencies=[needs(Permission.CAMERAS_WRITE, all_cameras=True)],
)

CANCEL_WAIT_SECONDS = 1.0
"""How long the answer to a cancellation waits for the scan to have ended."""


@router.post("/scans", status_code=HTTPStatus.ACCEPTED)
async def start_scan(body: ScanCreate, ctx: Ctx, request: Request, response: Response) -> ScanView:
    """Look for devices at addresses, in ranges, and on the local network.

    How it goes is at the address that `Location` names, or, as it comes, at its `/events`.
    """
    if not body.targets and not body.multicast:
        raise invalid("targets", "name at least one address or range, or set multicast")
    question = ScanNetwork(
        scan_id=secrets.token_hex(8),
        targets=_targets(ctx, body),
        ports=tuple(dict.fromkeys(body.ports or DEFAULT_SCAN_PORTS)),
        multicast=body.multicast,
        credentials=sealed(ctx, body.credentials),
    )
    async with ctx.database.transaction() as db:
        where = {"targets": question.targets, "multicast": question.multicast}
        await audit(ctx, request, "scan.started", None, question.scan_id, db=db, where=where)
        answer = await ctx.bus.ask(question)
        if answer.failure is not None:
            raise refused(answer.failure, HTTPStatus.UNPROCESSABLE_ENTITY)
    state = ScanState(
        scan_id=question.scan_id, state="running", started_at=ctx.now(), total=answer.total
    )
    ctx.scans.expect(state)
    log.info("scan.started", scan_id=state.scan_id, total=answer.total)
    response.headers["Location"] = f"/api/v1/discovery/scans/{state.scan_id}"
    return await scan_view(ctx, existing_scan(ctx, state.scan_id))


@router.get("/scans")
async def list_scans(ctx: Ctx) -> list[ScanSummary]:
    """List the scans that are still known, newest first."""
    return [summary(record) for record in ctx.scans.newest_first()]


@router.get("/scans/{scan_id}")
async def get_scan(scan_id: ScanId, ctx: Ctx) -> ScanView:
    """Show how far a scan is, what it has found, and what of that has been added already."""
    return await scan_view(ctx, existing_scan(ctx, scan_id))


@router.delete("/scans/{scan_id}")
async def cancel_scan(scan_id: ScanId, ctx: Ctx, request: Request) -> ScanView:
    """Stop a scan; what it has found stays. Nothing happens when it has ended."""
    record = existing_scan(ctx, scan_id)
    if record.state.state == "running":
        await audit(ctx, request, "scan.cancelled", subject=scan_id)
        await ctx.bus.ask(CancelScan(scan_id=scan_id))
        log.info("scan.cancelled", scan_id=scan_id)
        await ctx.scans.wait_for_end(scan_id, CANCEL_WAIT_SECONDS)
    return await scan_view(ctx, existing_scan(ctx, scan_id))


@router.post("/scans/{scan_id}/add")
async def add_devices(
    scan_id: ScanId, body: AddFoundDevices, ctx: Ctx, request: Request
) -> AddedDevices:
    """Add several devices that a scan found, with one login for all of them.

    Each is added with all its cameras, or not at all; what became of each is in the answer. A
    device that told nothing yet is looked at with the login first, once.
    """
    record = existing_scan(ctx, scan_id)
    items = await add_found(ctx, request, record.state, body)
    await ctx.desired.publish_soon(PUBLISH_WAIT_SECONDS)
    return AddedDevices(items=items)


@router.post("/probe")
async def probe(body: ProbeRequest, ctx: Ctx, request: Request) -> ProbeView:
    """Look at one RTSP stream or one device, once: what it is, or why it cannot be used.

    A failure is an answer too (200): `failure` has the reason and what to do about it.
    """
    question = await _question(ctx, body)
    await audit(ctx, request, "device.probed", subject=_host_of(question))
    answer = await ctx.bus.ask(question)
    device = None
    if answer.device is not None:
        devices, cameras = await _registered(ctx)
        device = found_view(answer.device, devices, cameras)
    return ProbeView(stream=answer.stream, device=device, failure=answer.failure)


@router.get("/check")
async def check(query: Annotated[CheckQuery, Query()], ctx: Ctx) -> CheckView:
    """Tell whether a camera of this name and RTSP address can be added; connects to nothing.

    Leave the login out of `url`: addresses of requests end up in logs of proxies.
    """
    async with ctx.database.connection() as db:
        cameras = [camera.config for camera in await registry.read_cameras(db)]
        taken = await registry.taken_ids(db)
    allow_loopback = ctx.settings.allow_loopback_cameras
    return CheckView(
        name=None
        if query.name is None
        else check_name(query.name, cameras, lambda name: camera_id_from_name(name, taken=taken)),
        url=None
        if query.url is None
        else check_url(query.url, cameras, allow_loopback=allow_loopback),
    )


def existing_scan(ctx: Context, scan_id: str) -> ScanRecord:
    """Return a scan; raises 404."""
    record = ctx.scans.find(scan_id)
    if record is None:
        raise not_found(f"there is no scan {scan_id}, or it is so old that it was forgotten")
    return record


def summary(record: ScanRecord) -> ScanSummary:
    """Return how far a scan is."""
    return ScanSummary(**_summary_fields(record.state))


async def scan_view(ctx: Context, record: ScanRecord) -> ScanView:
    """Return a scan with what it has found."""
    devices, cameras = await _registered(ctx) if record.state.devices else ([], [])
    found = [found_view(each, devices, cameras) for each in record.state.devices]
    return ScanView.model_validate({**_summary_fields(record.state), "devices": found})


async def found_views(ctx: Context, found: list[FoundDevice]) -> list[dict[str, object]]:
    """Return found devices as they are told to callers."""
    if not found:
        return []
    devices, cameras = await _registered(ctx)
    return [found_view(each, devices, cameras).model_dump(mode="json") for each in found]


def _summary_fields(state: ScanState) -> dict[str, object]:
    names = ScanSummary.model_fields.keys() - {"found"}
    fields: dict[str, object] = {name: getattr(state, name) for name in names}
    return {**fields, "notes": list(state.notes), "found": len(state.devices)}


async def _registered(ctx: Context) -> tuple[list[Device], list[CameraConfig]]:
    async with ctx.database.connection() as db:
        devices = await device_registry.read_devices(db)
        return devices, [camera.config for camera in await registry.read_cameras(db)]


def _targets(ctx: Context, body: ScanCreate) -> tuple[str, ...]:
    allow_loopback = ctx.settings.allow_loopback_cameras
    targets: list[str] = []
    errors: list[FieldProblem] = []
    for index, text in enumerate(body.targets):
        try:
            targets.append(check_target(text, allow_loopback=allow_loopback))
        except ValueError as error:
            errors.append(FieldProblem(field=f"targets[{index}]", problem=str(error)))
    if errors:
        detail = f"{len(errors)} of the targets cannot be scanned"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)
    return tuple(dict.fromkeys(targets))


async def _question(ctx: Context, body: ProbeRequest) -> ProbeCamera:
    """Return what to ask. A device's stored login goes to that device's host and nowhere else."""
    url = None if body.url is None else checked_url(ctx, body.url)
    host = None if body.host is None else checked_host(ctx, body.host)
    login = None if url is None else login_of(url, body.credentials)
    token = sealed(ctx, body.credentials)
    if token is None and login is not None:
        token = ctx.credentials.seal(login)
    fields: dict[str, object] = {
        "url": None if url is None else url.url,
        "host": host,
        **body.model_dump(
            include={"transport", "port", "driver", "use_tls", "verify_tls", "device_id"}
        ),
    }
    if body.device_id is not None:
        fields |= await _of_device(ctx, body, host if url is None else url.host, token)
    else:
        fields["credentials"] = token
    return ProbeCamera.model_validate(fields)


def _host_of(question: ProbeCamera) -> str:
    place = stream_place(question.url or "")
    return question.host or (place[0] if place else "")


async def _of_device(
    ctx: Context, body: ProbeRequest, host: str | None, token: str | None
) -> dict[str, object]:
    assert body.device_id is not None
    async with ctx.database.connection() as db:
        device = (await active_device(db, body.device_id)).config
    if host is not None and not same_host(host, device.host):
        field = "host" if body.url is None else "url"
        raise invalid(field, f"device {device.device_id} is at {device.host}; leave device_id out")
    fields: dict[str, object] = {"credentials": token or device.credentials}
    if body.url is not None:
        return fields
    fields["host"] = device.host
    if body.port in {None, device.port}:
        fields |= device.model_dump(include={"port", "use_tls", "verify_tls"})
        fields["driver"] = body.driver or device.driver
    elif token is None and device.credentials is not None:
        # several devices share an address; another port may be another device
        raise invalid("credentials", f"the device is at port {device.port}: send the login anew")
    return fields
