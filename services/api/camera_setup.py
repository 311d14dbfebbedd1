"""A camera's addresses and login, as they are checked before they are stored."""

from datetime import datetime
from typing import Any

from libs.contracts.cameras import CameraConfig, WantedInterval
from libs.runtime.credentials import CameraCredentials, CredentialsUnreadable
from libs.web.problems import invalid
from services.api.context import Context
from services.api.rtsp_url import CameraUrl, parse_camera_url, same_host
from services.api.schemas import CameraCreate, CameraPatch, CameraSettings, Credentials


def camera_by_url(ctx: Context, body: CameraCreate, camera_id: str) -> CameraConfig:
    """Return a new camera that is known by its address only; raises 422."""
    assert body.url is not None
    url = checked_url(ctx, body.url)
    login = login_of(url, body.credentials)
    sub_url = None if body.sub_url is None else checked_url(ctx, body.sub_url, "sub_url")
    if sub_url is not None:
        check_sub_url(url.url, sub_url, login)
    return CameraConfig(
        camera_id=camera_id,
        name=body.name,
        url=url.url,
        sub_url=sub_url.url if sub_url else None,
        credentials=ctx.credentials.seal(login) if login else None,
        wanted=wanted_from(ctx.now(), record=body.record),
        **settings_of(body),
    )


def settings_of(body: CameraSettings) -> dict[str, Any]:
    """Return how a camera is to be recorded, as its configuration has it."""
    return {name: getattr(body, name) for name in CameraSettings.model_fields}


def wanted_from(now: datetime, *, record: bool) -> tuple[WantedInterval, ...]:
    """Return the wanted time of a new camera."""
    return (WantedInterval(started_at=now),) if record else ()


def sealed(ctx: Context, credentials: Credentials | None) -> str | None:
    """Return a login as it is stored."""
    if credentials is None:
        return None
    login = CameraCredentials(credentials.username, credentials.password.get_secret_value())
    return ctx.credentials.seal(login)


def checked_url(ctx: Context, text: str, field: str = "url") -> CameraUrl:
    """Return an address without its login; raises 422."""
    try:
        return parse_camera_url(text, allow_loopback=ctx.settings.allow_loopback_cameras)
    except ValueError as error:
        raise invalid(field, str(error)) from None


def login_of(url: CameraUrl, credentials: Credentials | None) -> CameraCredentials | None:
    """Return the login that was sent in the address or beside it; raises 422 for both."""
    if url.username is not None and credentials is not None:
        raise invalid("credentials", "the url has a login too; send it in one place only")
    if credentials is not None:
        return CameraCredentials(credentials.username, credentials.password.get_secret_value())
    if url.username is not None:
        return CameraCredentials(url.username, url.password or "")
    return None


def camera_changes(ctx: Context, old: CameraConfig, body: CameraPatch) -> dict[str, Any]:
    """Return the fields to replace; raises 422."""
    changes = body.model_dump(exclude_unset=True, exclude={"url", "sub_url", "credentials"})
    changes |= _address_changes(ctx, old, body)
    return changes | _sub_url_changes(ctx, old.model_copy(update=changes), body)


def _sub_url_changes(ctx: Context, config: CameraConfig, body: CameraPatch) -> dict[str, Any]:
    """Return the new small stream; `config` has the new url and login."""
    if "sub_url" in body.model_fields_set and body.sub_url is None:
        return {"sub_url": None}
    if body.sub_url is not None:
        sub_url = checked_url(ctx, body.sub_url, "sub_url")
    elif config.sub_url is not None and {"url", "credentials"} & body.model_fields_set:
        sub_url = parse_camera_url(config.sub_url, allow_loopback=True)
    else:
        return {}
    check_sub_url(config.url, sub_url, opened(ctx, config.credentials))
    return {"sub_url": sub_url.url}


def _address_changes(ctx: Context, old: CameraConfig, body: CameraPatch) -> dict[str, Any]:
    """Return the new url and login.

    A login stays with its host: pointing a camera elsewhere must not send it there.
    """
    changes: dict[str, Any] = {}
    url = None if body.url is None else checked_url(ctx, body.url)
    if url is not None:
        changes["url"] = url.url
    login = body.credentials if url is None else login_of(url, body.credentials)
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


def opened(ctx: Context, token: str | None) -> CameraCredentials | None:
    """Return a stored login; raises 422 where the keys do not fit any more."""
    try:
        return None if token is None else ctx.credentials.open(token)
    except CredentialsUnreadable as error:
        raise invalid("credentials", str(error)) from None


def check_sub_url(url: str, sub_url: CameraUrl, login: CameraCredentials | None) -> None:
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
    return not same_host(old.host, new.host) or (
        old.url.startswith("rtsps:") and new.url.startswith("rtsp:")
    )
