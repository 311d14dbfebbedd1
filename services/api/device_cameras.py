"""Channels of a device become cameras, with the device's login and on the device's host only."""

from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceDetails
from libs.runtime.credentials import CameraCredentials
from libs.web.problems import invalid
from services.api.camera_setup import checked_url, opened, settings_of, wanted_from
from services.api.context import Context
from services.api.rtsp_url import CameraUrl, parse_camera_url, same_host
from services.api.schemas import CameraCreate
from services.api.schemas_devices import FoundCamera

_OTHER_HOST = (
    "it names another host than the device, and the device's login would be sent there; use the "
    "device's host, or a device without login"
)


def camera_of_device(
    ctx: Context,
    device: DeviceConfig,
    body: CameraCreate | FoundCamera,
    *,
    camera_id: str,
    details: DeviceDetails | None,
    where: str = "",
) -> CameraConfig:
    """Return the camera that a channel becomes; raises 422 that names the field after `where`.

    Addresses that were not sent are those that the device told.
    """
    assert body.channel is not None
    assert body.name is not None
    login = opened(ctx, device.credentials)
    if body.url is not None:
        url = _sent(ctx, device, body.url, login, f"{where}url")
        sub_text = body.sub_url
        sub_url = _sent(ctx, device, sub_text, login, f"{where}sub_url") if sub_text else None
    else:
        url = _told_main(ctx, device, body.channel, details, f"{where}url")
        if body.sub_url is not None:
            sub_url = _sent(ctx, device, body.sub_url, login, f"{where}sub_url")
        else:
            sub_url = _told_sub(ctx, device, body.channel, details)
    return CameraConfig(
        camera_id=camera_id,
        site=device.site,
        name=body.name,
        url=url.url,
        sub_url=sub_url.url if sub_url else None,
        credentials=device.credentials,
        device_id=device.device_id,
        channel=body.channel,
        wanted=wanted_from(ctx.now(), record=body.record),
        **settings_of(body),
    )


def _sent(
    ctx: Context, device: DeviceConfig, text: str, login: CameraCredentials | None, field: str
) -> CameraUrl:
    url = checked_url(ctx, text, field)
    own = None if url.username is None else CameraCredentials(url.username, url.password or "")
    if own is not None and own != login:
        raise invalid(
            field, "its login is not the device's; leave it out here and send it as `credentials`"
        )
    if device.credentials is not None and not same_host(url.host, device.host):
        raise invalid(field, _OTHER_HOST)
    return url


def _told_main(
    ctx: Context, device: DeviceConfig, channel: str, details: DeviceDetails | None, field: str
) -> CameraUrl:
    if details is None:
        raise invalid(
            field,
            "nothing is known of this device's streams: send the address, or scan the device with "
            "its login first",
        )
    text = _told(details, channel, "main")
    if text is None:
        known = ", ".join(each.channel for each in details.channels)[:200] or "none"
        raise invalid(
            field,
            f"the device tells no main stream of channel {channel}; it has: {known}. Send the "
            "address, or choose another channel",
        )
    try:
        url = _usable(ctx, device, text)
    except ValueError as error:
        raise invalid(field, f"the address that the device tells cannot be used: {error}") from None
    return url


def _told_sub(
    ctx: Context, device: DeviceConfig, channel: str, details: DeviceDetails | None
) -> CameraUrl | None:
    """Nobody asked for this one, so it is left out where it cannot be used."""
    text = None if details is None else _told(details, channel, "sub")
    try:
        return None if text is None else _usable(ctx, device, text)
    except ValueError:
        return None


def _told(details: DeviceDetails, channel: str, name: str) -> str | None:
    for each in details.channels:
        if each.channel == channel:
            return next((s.url for s in each.streams if s.stream == name and s.url), None)
    return None


def _usable(ctx: Context, device: DeviceConfig, text: str) -> CameraUrl:
    """Devices tell wrong hosts; a login must not follow them. Raises ValueError."""
    url = parse_camera_url(text, allow_loopback=ctx.settings.allow_loopback_cameras)
    if device.credentials is not None and not same_host(url.host, device.host):
        raise ValueError(_OTHER_HOST)
    return url
