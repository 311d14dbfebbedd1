"""Cameras: add, change, delete, switch recording on and off."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Response

from libs.contracts.cameras import CameraConfig, WantedInterval
from libs.contracts.ids import CameraId, camera_id_from_name
from libs.runtime.credentials import CameraCredentials, CredentialsUnreadable
from libs.web.problems import Problem, invalid, not_found
from services.api import registry
from services.api.context import Context, Ctx
from services.api.registry import Camera
from services.api.rtsp_url import CameraUrl, parse_camera_url
from services.api.schemas import (
    CameraCreate,
    CameraDeleted,
    CameraPatch,
    CameraView,
    Credentials,
)

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()
router = APIRouter(prefix="/cameras", tags=["cameras"])

PUBLISH_WAIT_SECONDS = 1.0
"""How long an answer waits for the change to reach the bus; it gets there later otherwise."""


@router.post("", status_code=HTTPStatus.CREATED)
async def add_camera(body: CameraCreate, ctx: Ctx, response: Response) -> CameraView:
    """Add a camera and, unless `record` is false, start recording it."""
    url = _checked_url(ctx, body.url)
    login = _login(url, body.credentials)
    sub_url = None if body.sub_url is None else _checked_url(ctx, body.sub_url, "sub_url")
    if sub_url is not None:
        _check_sub_url(url.url, sub_url, login)
    now = ctx.now()
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        camera_id = camera_id_from_name(body.name, taken=await registry.taken_ids(db))
        config = CameraConfig(
            camera_id=camera_id,
            name=body.name,
            url=url.url,
            sub_url=sub_url.url if sub_url else None,
            credentials=ctx.credentials.seal(login) if login else None,
            wanted=(WantedInterval(started_at=now),) if body.record else (),
            **body.model_dump(exclude={"name", "url", "sub_url", "credentials", "record"}),
        )
        await registry.insert_camera(db, config)
    log.info("camera.added", camera_id=camera_id, record=body.record)
    response.headers["Location"] = f"/api/v1/cameras/{camera_id}"
    return await _published_view(ctx, camera_id)


@router.get("")
async def list_cameras(ctx: Ctx, *, with_deleted: bool = False) -> list[CameraView]:
    """List the cameras by id."""
    async with ctx.database.connection() as db:
        cameras = await registry.read_cameras(db, with_deleted=with_deleted)
    return [view(camera) for camera in cameras]


@router.get("/{camera_id}")
async def get_camera(camera_id: CameraId, ctx: Ctx) -> CameraView:
    """Show one camera, also a deleted one."""
    async with ctx.database.connection() as db:
        return view(await _existing(db, camera_id))


@router.patch("/{camera_id}")
async def change_camera(camera_id: CameraId, body: CameraPatch, ctx: Ctx) -> CameraView:
    """Change what is named; the recorders take it over within seconds."""
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        camera = await active_camera(db, camera_id)
        changed = camera.config.model_copy(update=_changes(ctx, camera.config, body))
        if changed != camera.config:
            await registry.update_camera(db, changed)
    log.info("camera.changed", camera_id=camera_id, fields=sorted(body.model_fields_set))
    return await _published_view(ctx, camera_id)


@router.delete("/{camera_id}")
async def delete_camera(camera_id: CameraId, ctx: Ctx) -> CameraDeleted:
    """Stop recording a camera and forget its login. Its footage stays; its id is not reused."""
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        camera = await _existing(db, camera_id)
        if camera.deleted_at is None:
            await registry.delete_camera(db, camera_id, ctx.now())
            log.info("camera.deleted", camera_id=camera_id)
    return CameraDeleted(
        camera=await _published_view(ctx, camera_id),
        detail="recording has been stopped; the footage stays in the catalog and playable",
    )


@router.post("/{camera_id}/recording/start")
async def start_recording(camera_id: CameraId, ctx: Ctx) -> CameraView:
    """Switch recording on; nothing happens when it is on."""
    return await _switch(ctx, camera_id, is_wanted=True)


@router.post("/{camera_id}/recording/stop")
async def stop_recording(camera_id: CameraId, ctx: Ctx) -> CameraView:
    """Switch recording off; nothing happens when it is off."""
    return await _switch(ctx, camera_id, is_wanted=False)


async def _switch(ctx: Context, camera_id: str, *, is_wanted: bool) -> CameraView:
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        await active_camera(db, camera_id)
        changed = await registry.set_wanted(db, camera_id, is_wanted=is_wanted, now=ctx.now())
    if changed:
        log.info("camera.recording_switched", camera_id=camera_id, is_wanted=is_wanted)
    return await _published_view(ctx, camera_id)


async def _published_view(ctx: Context, camera_id: str) -> CameraView:
    ctx.known_cameras.forget(camera_id)
    await ctx.desired.publish_soon(PUBLISH_WAIT_SECONDS)
    async with ctx.database.connection() as db:
        return view(await _existing(db, camera_id))


async def _existing(db: "Connection", camera_id: str) -> Camera:
    camera = await registry.read_camera(db, camera_id)
    if camera is None:
        raise not_found(f"there is no camera {camera_id}")
    return camera


async def active_camera(db: "Connection", camera_id: str) -> Camera:
    """Return a camera; raises 404 where there is none and 409 where it was deleted."""
    camera = await _existing(db, camera_id)
    if camera.deleted_at is not None:
        raise Problem(HTTPStatus.CONFLICT, f"camera {camera_id} has been deleted; add it anew")
    return camera


def _checked_url(ctx: Context, text: str, field: str = "url") -> CameraUrl:
    try:
        return parse_camera_url(text, allow_loopback=ctx.settings.allow_loopback_cameras)
    except ValueError as error:
        raise invalid(field, str(error)) from None


def _login(url: CameraUrl, credentials: Credentials | None) -> CameraCredentials | None:
    if url.username is not None and credentials is not None:
        raise invalid("credentials", "the url has a login too; send it in one place only")
    if credentials is not None:
        return CameraCredentials(credentials.username, credentials.password.get_secret_value())
    if url.username is not None:
        return CameraCredentials(url.username, url.password or "")
    return None


def _changes(ctx: Context, old: CameraConfig, body: CameraPatch) -> dict[str, Any]:
    """Return the fields to replace."""
    changes = body.model_dump(exclude_unset=True, exclude={"url", "sub_url", "credentials"})
    changes |= _address_changes(ctx, old, body)
    return changes | _sub_url_changes(ctx, old.model_copy(update=changes), body)


def _sub_url_changes(ctx: Context, config: CameraConfig, body: CameraPatch) -> dict[str, Any]:
    """Return the new small stream; `config` has the new url and login."""
    if "sub_url" in body.model_fields_set and body.sub_url is None:
        return {"sub_url": None}
    if body.sub_url is not None:
        sub_url = _checked_url(ctx, body.sub_url, "sub_url")
    elif config.sub_url is not None and {"url", "credentials"} & body.model_fields_set:
        sub_url = parse_camera_url(config.sub_url, allow_loopback=True)
    else:
        return {}
    _check_sub_url(config.url, sub_url, _opened(ctx, config.credentials))
    return {"sub_url": sub_url.url}


def _address_changes(ctx: Context, old: CameraConfig, body: CameraPatch) -> dict[str, Any]:
    """Return the new url and login.

    A login stays with its host: pointing a camera elsewhere must not send it there.
    """
    changes: dict[str, Any] = {}
    url = None if body.url is None else _checked_url(ctx, body.url)
    if url is not None:
        changes["url"] = url.url
    login = body.credentials if url is None else _login(url, body.credentials)
    if isinstance(login, Credentials):
        login = CameraCredentials(login.username, login.password.get_secret_value())
    if login is not None:
        changes["credentials"] = ctx.credentials.seal(login)
    elif "credentials" in body.model_fields_set:
        changes["credentials"] = None
    elif url is not None and old.credentials is not None and _moves(old.url, url):
        raise invalid(
            "credentials", "the url names another host: send the login again, or null for none"
        )
    return changes


def _opened(ctx: Context, sealed: str | None) -> CameraCredentials | None:
    try:
        return None if sealed is None else ctx.credentials.open(sealed)
    except CredentialsUnreadable as error:
        raise invalid("credentials", str(error)) from None


def _check_sub_url(url: str, sub_url: CameraUrl, login: CameraCredentials | None) -> None:
    """Raise 422 where the small stream would need a login of its own, or get one not meant for it.

    Both streams come from one device with one login, which must not go to any other host.
    """
    if sub_url.username is not None:
        own = CameraCredentials(sub_url.username, sub_url.password or "")
        if own != login:
            raise invalid(
                "sub_url",
                "its login is not the camera's; both streams use one login: leave it out here and "
                "send it in `url` or `credentials`",
            )
    if login is not None and _moves(url, sub_url):
        raise invalid(
            "sub_url",
            "it names another host than `url`, or gives up TLS, and the camera's login would be "
            "sent there; use the same host, or a camera without login",
        )


def _moves(old_url: str, new: CameraUrl) -> bool:
    old = parse_camera_url(old_url, allow_loopback=True)
    return old.host != new.host or (old.url.startswith("rtsps:") and new.url.startswith("rtsp:"))


def view(camera: Camera) -> CameraView:
    """Return what a caller may see of a camera."""
    config = camera.config
    newest = config.wanted[-1] if config.wanted else None
    return CameraView(
        camera_id=config.camera_id,
        name=config.name,
        url=config.url,
        sub_url=config.sub_url,
        has_credentials=config.credentials is not None,
        transport=config.transport,
        verify_tls=config.verify_tls,
        recording_seconds=config.recording_seconds,
        part_seconds=config.part_seconds,
        audio=config.audio,
        record=config.is_recording_wanted,
        recording_since=newest.started_at if newest and newest.ended_at is None else None,
        version=config.version,
        published=camera.is_published,
        created_at=camera.created_at,
        deleted_at=camera.deleted_at,
    )
