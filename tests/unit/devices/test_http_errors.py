"""Which failure an exception of the HTTP client is."""

import errno
import socket
import ssl

import httpx
import pytest

from libs.contracts.devices import FailureReason
from libs.devices.http_errors import device_error_of


def connect_error(cause: BaseException) -> httpx.ConnectError:
    error = httpx.ConnectError("Authorization: Basic c2VjcmV0")
    error.__cause__ = cause
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
NO_ROUTE = OSError(errno.EHOSTUNREACH, "no route")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (connect_error(socket.gaierror(-2, "unknown")), FailureReason.NAME_UNKNOWN),
        (httpx.InvalidURL("x"), FailureReason.NAME_UNKNOWN),
        (connect_error(UnicodeError("label too long")), FailureReason.NAME_UNKNOWN),
        (connect_error(REFUSED), FailureReason.REFUSED),
        (connect_error(ExceptionGroup("all", [NO_ROUTE, REFUSED])), FailureReason.UNREACHABLE),
        (connect_error(OSError(errno.ENETUNREACH, "x")), FailureReason.UNREACHABLE),
        (connect_error(OSError(errno.EINVAL, "x")), FailureReason.UNREACHABLE),
        (connect_error(ssl.SSLError("bad")), FailureReason.TLS),
        (httpx.ConnectTimeout("x"), FailureReason.TIMEOUT),
        (TimeoutError(), FailureReason.TIMEOUT),
        (connect_error(OSError(errno.ETIMEDOUT, "x")), FailureReason.TIMEOUT),
        (httpx.RemoteProtocolError("x"), FailureReason.PROTOCOL),
        (httpx.ReadError("x"), FailureReason.PROTOCOL),
        (httpx.LocalProtocolError("x"), FailureReason.PROTOCOL),
    ],
)
def test_an_exception_has_its_reason_and_says_nothing_of_headers(error, reason):
    failure = device_error_of(error)

    assert failure.reason is reason
    assert "c2VjcmV0" not in str(failure)


def test_an_error_that_is_its_own_cause_ends():
    error = httpx.ReadError("x")
    error.__context__ = other = ValueError("y")
    other.__context__ = error

    assert device_error_of(error).reason is FailureReason.PROTOCOL
