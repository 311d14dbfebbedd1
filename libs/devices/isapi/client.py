"""Requests in ISAPI: errors in its words, patience with a busy device, and its lockout."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp, HttpAnswer
from libs.devices.isapi.documents import printable
from libs.devices.xml import Element, local_name, local_text, parse_xml
from libs.runtime.backoff import Backoff

TRIES = 4
"""Of one request, while the device is busy or refuses it for no reason that it names."""

_USUAL_LOCK_SECONDS = 1800
_LONGEST_LOCK_SECONDS = 86_400
_NO_SUCH_THING = frozenset({FailureReason.NOT_FOUND, FailureReason.UNSUPPORTED})

_BY_SUB_STATUS = {
    "lowprivilege": FailureReason.NO_PERMISSION,
    "notsupport": FailureReason.UNSUPPORTED,
    "methodnotallowed": FailureReason.UNSUPPORTED,
    "devicebusy": FailureReason.BUSY,
    # The device has forgotten the search, or has room for no other.
    "nosearchidresource": FailureReason.BUSY,
}
_BY_HTTP_STATUS = {
    403: FailureReason.NO_PERMISSION,
    404: FailureReason.NOT_FOUND,
    405: FailureReason.UNSUPPORTED,
    501: FailureReason.UNSUPPORTED,
    503: FailureReason.BUSY,
}


class RefusedRequest(DeviceError):
    """HTTP 400: a mistake in the request, or, with some devices, only a bad moment."""


class IsapiClient:
    """One device's ISAPI, with one login."""

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        now: Callable[[], datetime],
        timeout_seconds: float,
        pause_seconds: float,
    ) -> None:
        self._now = now
        self._breaker = breaker
        self._has_login = login is not None
        self._pause_seconds = pause_seconds
        self._http = DeviceHttp(
            address,
            login,
            breaker,
            timeout_seconds=timeout_seconds,
            # Some firmware refuses a nonce that was used before.
            fresh_challenge=True,
            locked=self._lock_of,
        )

    async def document(self, path: str, *, content: bytes | None = None) -> Element:
        """GET, or POST where there is content, below /ISAPI; returns the answer's document."""
        return _document_of(await self.answer(path, content=content))

    async def timed_document(self, path: str) -> tuple[Element, timedelta]:
        """GET, and return how long the answer took, without logins and waits before it."""
        answer = await self.answer(path)
        return _document_of(answer), timedelta(seconds=answer.elapsed_seconds)

    async def optional_document(self, path: str) -> Element | None:
        """GET what a device may not have: None then."""
        try:
            return await self.document(path)
        except DeviceError as error:
            if error.reason in _NO_SUCH_THING | {FailureReason.NO_PERMISSION}:
                return None
            raise

    async def answer(
        self, path: str, *, content: bytes | None = None, max_bytes: int | None = None
    ) -> HttpAnswer:
        """Return an answer with status 200; waits and tries again while the device is busy."""
        await self._check_lock()
        backoff = Backoff(first_seconds=self._pause_seconds, max_seconds=4 * self._pause_seconds)
        while True:
            try:
                return await self._answer_once(path, content, max_bytes)
            except DeviceError as error:
                is_passing = error.reason is FailureReason.BUSY or isinstance(error, RefusedRequest)
                if not is_passing or backoff.attempt >= TRIES - 1:
                    raise
            await asyncio.sleep(backoff.next_seconds())

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def _answer_once(
        self, path: str, content: bytes | None, max_bytes: int | None
    ) -> HttpAnswer:
        answer = await self._http.request(
            "GET" if content is None else "POST",
            f"/ISAPI/{path}",
            content=content,
            max_bytes=max_bytes,
        )
        if answer.status != 200:
            raise error_of(answer)
        if b"ResponseStatus" in answer.body[:400]:
            raise_for_status_document(answer)
        return answer

    async def _check_lock(self) -> None:
        """Before a first login ask for userCheck: it alone says whether the account is locked."""
        if not self._has_login or self._breaker.is_accepted:
            return
        answer = await self._http.request("GET", "/ISAPI/Security/userCheck")
        if answer.status == 200 and (error := self._lock_of(answer)) is not None:
            self._breaker.note(error)
            raise error

    def _lock_of(self, answer: HttpAnswer) -> DeviceError | None:
        """Return LOCKED where a userCheck says so."""
        try:
            root = parse_xml(answer.body)
        except DeviceError:
            return None
        if local_text(root, "lockStatus").lower() != "lock":
            return None
        told = local_text(root, "unlockTime")
        seconds = int(told) if told.isdecimal() and len(told) < 9 else _USUAL_LOCK_SECONDS
        until = self._now() + timedelta(seconds=min(seconds, _LONGEST_LOCK_SECONDS))
        return DeviceError(
            FailureReason.LOCKED,
            "the device has locked this account after too many wrong passwords",
            locked_until=until,
        )


def _document_of(answer: HttpAnswer) -> Element:
    root = parse_xml(answer.body)
    # Some firmware reports errors with status 200.
    if local_name(root) == "ResponseStatus":
        raise error_of(answer)
    return root


def raise_for_status_document(answer: HttpAnswer) -> None:
    """Raise what a ResponseStatus reports; nothing for another document or for success."""
    try:
        root = parse_xml(answer.body)
    except DeviceError:
        return
    if local_name(root) == "ResponseStatus" and local_text(root, "statusCode") not in {"0", "1"}:
        raise error_of(answer)


def error_of(answer: HttpAnswer) -> DeviceError:
    """Return what an answer that is no success means (statusCode and subStatusCode first)."""
    code, sub_code = _codes_of(answer.body)
    reason = _BY_SUB_STATUS.get(sub_code.lower())
    if reason is None and code == "2":
        reason = FailureReason.BUSY
    if reason is None:
        reason = _BY_HTTP_STATUS.get(answer.status, FailureReason.PROTOCOL)
    if 300 <= answer.status < 400:
        detail = "the device wants to be asked elsewhere, perhaps with TLS"
    else:
        named = f", status {code} {sub_code}".rstrip() if code else ""
        detail = f"the device answers HTTP {answer.status}{named}"
    kind = RefusedRequest if answer.status == 400 else DeviceError
    return kind(reason, detail)


def _codes_of(body: bytes) -> tuple[str, str]:
    """Return statusCode and subStatusCode; empty where the body is no ResponseStatus."""
    try:
        root = parse_xml(body)
    except DeviceError:
        return "", ""
    code, sub_code = local_text(root, "statusCode"), local_text(root, "subStatusCode")
    return printable(code, 8), printable(sub_code)
