"""Answers of Dahua's CGI: lines of `key=value`, or `OK`, or `Error` with a reason."""

from collections.abc import Iterable

from starlette.responses import Response

from tools.camera_sim.devices.faults import DeviceFaults

_MEDIA_TYPE = "text/plain"


class CgiError(Exception):
    """A request is answered with `Error` and this HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def lines(faults: DeviceFaults, pairs: Iterable[tuple[str, object]]) -> Response:
    """An answer of `key=value` lines."""
    pattern = " {} = {} \r\n" if faults.stray_spaces else "{}={}\r\n"
    text = "".join(pattern.format(key, _written(value)) for key, value in pairs)
    return Response(text, media_type=_MEDIA_TYPE)


def done() -> Response:
    """The answer to what has nothing to tell."""
    return Response("OK\r\n", media_type=_MEDIA_TYPE)


def error_answer(faults: DeviceFaults, error: CgiError) -> Response:
    """`Error` with its reason; some firmware sends it with HTTP status 200."""
    status = 200 if faults.ok_200_with_xml_error else error.status
    return Response(f"Error\r\n{error.reason}\r\n", status, media_type=_MEDIA_TYPE)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
