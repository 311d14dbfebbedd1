"""Faults: what a SOAP fault of a device means (ONVIF Core 5.11.2, and the services' chapters)."""

import re
from collections.abc import Sequence
from http import HTTPStatus

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.xml import Element, local_child

_REASONS = {
    "NotAuthorized": FailureReason.UNAUTHORIZED,
    "FailedAuthentication": FailureReason.UNAUTHORIZED,
    "SenderNotAuthorized": FailureReason.UNAUTHORIZED,
    "AccountLocked": FailureReason.LOCKED,
    "PasswordLocked": FailureReason.LOCKED,
    "Locked": FailureReason.LOCKED,
    "OperationProhibited": FailureReason.NO_PERMISSION,
    "ActionNotSupported": FailureReason.UNSUPPORTED,
    "OptionalActionNotImplemented": FailureReason.UNSUPPORTED,
    "NoSuchService": FailureReason.UNSUPPORTED,
    "ResourceProblem": FailureReason.BUSY,
    "OutofMemory": FailureReason.BUSY,
    "CriticalError": FailureReason.BUSY,
    "NoProfile": FailureReason.NOT_FOUND,
    "NoSource": FailureReason.NOT_FOUND,
    "NoVideoSource": FailureReason.NOT_FOUND,
    "NoRecording": FailureReason.NOT_FOUND,
    "InvalidToken": FailureReason.NOT_FOUND,
    "IncompleteConfiguration": FailureReason.NO_VIDEO,
}
_STATUS_REASONS = {
    HTTPStatus.UNAUTHORIZED: FailureReason.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: FailureReason.NO_PERMISSION,
    HTTPStatus.NOT_FOUND: FailureReason.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: FailureReason.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: FailureReason.BUSY,
    HTTPStatus.SERVICE_UNAVAILABLE: FailureReason.BUSY,
}
_LOCKED = re.compile(r"(?i)\block(ed|out)\b")
_MAX_SUBCODES = 8
_MAX_TEXT = 200


class OnvifFault(DeviceError):
    """The device answered with a SOAP fault; `codes` are local names, the outermost first."""

    def __init__(self, codes: Sequence[str], text: str = "") -> None:
        self.codes = tuple(codes)
        said = printable(text)
        named = "/".join(self.codes) or "no code"
        super().__init__(_reason_of(self.codes, said), f"{named}: {said}" if said else named)


def _reason_of(codes: Sequence[str], text: str) -> FailureReason:
    # the innermost code says most
    for code in reversed(codes):
        reason = _REASONS.get(code)
        if reason is FailureReason.UNAUTHORIZED and _LOCKED.search(text):
            return FailureReason.LOCKED
        if reason is not None:
            return reason
    return FailureReason.PROTOCOL


def fault_in(envelope: Element) -> OnvifFault | None:
    """Return the fault in a SOAP 1.2 or 1.1 answer, if it holds one."""
    fault = local_child(envelope, "Body", "Fault")
    if fault is None:
        return None
    codes = [_local(value.text) for value in fault.iter("{*}Value", "{*}faultcode")]
    text = next((element.text for element in fault.iter("{*}Text", "{*}faultstring")), "")
    return OnvifFault([code for code in codes if code][:_MAX_SUBCODES], text or "")


def status_error(status: int) -> DeviceError | None:
    """Return what an HTTP status means when the body explains nothing; None for 200."""
    if status == HTTPStatus.OK:
        return None
    reason = _STATUS_REASONS.get(HTTPStatus(status)) if status in _STATUS_REASONS else None
    return DeviceError(reason or FailureReason.PROTOCOL, f"HTTP status {status}")


def printable(text: str | None, limit: int = _MAX_TEXT) -> str:
    """Return a device's words on one line, without control characters, cut."""
    words = " ".join((text or "")[: 4 * limit].split())
    return "".join(letter for letter in words if letter.isprintable())[:limit]


def _local(qname: str | None) -> str:
    return printable((qname or "").rsplit(":", 1)[-1].strip(), 60)
