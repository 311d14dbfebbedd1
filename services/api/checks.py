"""Whether a name and an address are free, for forms that check while somebody types."""

from collections.abc import Callable, Sequence

from pydantic import TypeAdapter, ValidationError

from libs.contracts.cameras import CameraConfig
from services.api.rtsp_url import parse_camera_url, stream_place
from services.api.schemas import Name
from services.api.schemas_discovery import NameCheck, UrlCheck

_NAME = TypeAdapter(Name)


def check_name(
    text: str, cameras: Sequence[CameraConfig], id_of: Callable[[str], str]
) -> NameCheck:
    """Return what a camera of this name would be called, or why it cannot be."""
    try:
        name = _NAME.validate_python(text)
    except ValidationError as error:
        told = str(error.errors(include_input=False)[0]["msg"]).removeprefix("Value error, ")
        return NameCheck(problem=told, camera_id=None, is_free=False, used_by=[])
    used_by = [c.camera_id for c in cameras if c.name.casefold() == name.casefold()]
    return NameCheck(problem="", camera_id=id_of(name), is_free=not used_by, used_by=used_by)


def check_url(text: str, cameras: Sequence[CameraConfig], *, allow_loopback: bool) -> UrlCheck:
    """Return whether an RTSP address can be used, and which cameras have it already."""
    try:
        url = parse_camera_url(text, allow_loopback=allow_loopback).url
    except ValueError as error:
        return UrlCheck(problem=str(error), url="", is_free=False, used_by=[])
    place = stream_place(url)
    used_by = [
        camera.camera_id
        for camera in cameras
        if place in {stream_place(camera.url), stream_place(camera.sub_url or "")}
    ]
    return UrlCheck(problem="", url=url, is_free=not used_by, used_by=used_by)
