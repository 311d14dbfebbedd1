"""Which DeviceError a failed HTTP exchange is; foreign texts, which may quote headers, stay out."""

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


def device_error_of(error: BaseException) -> DeviceError:
    """Return what an exception of the HTTP client, of TLS or of the socket means."""
    reasons = [reason for cause in _causes(error) if (reason := _reason_of_cause(cause))]
    reason = reasons[0] if reasons else _reason_of_client(error)
    return DeviceError(reason, _DETAILS[reason])


_DETAILS = {
    FailureReason.TIMEOUT: "the device does not answer in time",
    FailureReason.NAME_UNKNOWN: "the host name has no address",
    FailureReason.REFUSED: "nothing listens on the port",
    FailureReason.UNREACHABLE: "the device cannot be reached",
    FailureReason.TLS: "no secure connection could be agreed on",
    FailureReason.PROTOCOL: "the device breaks off, or does not speak HTTP",
}


def _reason_of_cause(cause: BaseException) -> FailureReason | None:
    match cause:
        case socket.gaierror() | UnicodeError() | httpx.InvalidURL():
            return FailureReason.NAME_UNKNOWN
        case ConnectionRefusedError():
            return FailureReason.REFUSED
        case ssl.SSLError():
            return FailureReason.TLS
        case OSError(errno=number) if number in _UNREACHABLE:
            return FailureReason.UNREACHABLE
        case TimeoutError() | httpx.TimeoutException():
            return FailureReason.TIMEOUT
    return None


def _reason_of_client(error: BaseException) -> FailureReason:
    if isinstance(error, httpx.ConnectError):
        return FailureReason.UNREACHABLE
    return FailureReason.PROTOCOL


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what is behind it, at most 20 deep."""
    waiting = [error]
    for _ in range(20):
        if not waiting:
            return
        current = waiting.pop(0)
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        behind = current.__cause__ or current.__context__
        if behind is not None:
            waiting.append(behind)
