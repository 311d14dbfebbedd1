"""Searches of Profile G devices (ONVIF Recording Search 5): begun, read to the end, ended.

A session belongs to the device until it is ended; a few that are not block all further ones.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.onvif.answers import items_of, text_of, token_of
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.faults import OnvifFault

KEEP_ALIVE: Final = timedelta(seconds=30)
"""Devices must support 10 s at least (5.9); each question for results starts it anew."""

_BACK_OFF_SECONDS = (0.5, 1.0, 2.0)
_PAGE = 100
_MAX_ROUNDS = 1000
_MAX_EMPTY_ROUNDS = 30
_SILENT_ROUNDS = 5
"""After results, so much silence is the end: some devices never say that it is."""
_MAX_RESULTS = 20_000
_SESSION_SECONDS = 120.0
_MAX_WAIT_SECONDS = 2.0
_END_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Search:
    """A kind of search: how it begins, how its results are asked for, and where they are."""

    begin: str
    read: str
    results: str


RECORDINGS: Final = Search("FindRecordings", "GetRecordingSearchResults", "RecordingInformation")
EVENTS: Final = Search("FindEvents", "GetEventSearchResults", "Result")


async def find_all(client: OnvifClient, search: Search, params: Mapping[str, Any]) -> list[Any]:
    """Return all results of one search, in the device's order, which means nothing.

    Raises BUSY when the device has no session free for about 4 s, PROTOCOL when it never comes
    to an end. A session that it forgets meanwhile is begun once more.
    """
    try:
        return await _one_session(client, search, params)
    except OnvifFault as error:
        if "InvalidToken" not in error.codes:
            raise
    return await _one_session(client, search, params)


async def _one_session(client: OnvifClient, search: Search, params: Mapping[str, Any]) -> list[Any]:
    token = await _begun(client, search, params)
    try:
        async with asyncio.timeout(_SESSION_SECONDS):
            return await _results(client, search, token)
    except TimeoutError as error:
        raise DeviceError(FailureReason.TIMEOUT, "the device's search does not end") from error
    finally:
        await _ended(client, token)


async def _begun(client: OnvifClient, search: Search, params: Mapping[str, Any]) -> str:
    asked = {**params, "KeepAliveTime": KEEP_ALIVE}
    for seconds in (*_BACK_OFF_SECONDS, None):
        try:
            answer = await client.call("search", search.begin, asked)
        except DeviceError as error:
            if error.reason is not FailureReason.BUSY or seconds is None:
                raise
            await asyncio.sleep(seconds)
        else:
            # SearchToken is all that the answer holds, so zeep returns it alone
            token = answer if isinstance(answer, str) else token_of(answer, "SearchToken")
            if not token:
                raise DeviceError(FailureReason.PROTOCOL, "a search without a token")
            return token
    raise AssertionError("the last try returns or raises")


async def _results(client: OnvifClient, search: Search, token: str) -> list[Any]:
    found: list[Any] = []
    empty_rounds = 0
    wait = timedelta(seconds=max(1, int(min(_MAX_WAIT_SECONDS, client.timeout_seconds / 2))))
    asked = {"SearchToken": token, "MinResults": 1, "MaxResults": _PAGE, "WaitTime": wait}
    for _ in range(_MAX_ROUNDS):
        answer = await client.call("search", search.read, asked)
        page = items_of(answer, search.results)
        found += page
        if text_of(answer, "SearchState") == "Completed":
            return found
        empty_rounds = 0 if page else empty_rounds + 1
        if found and empty_rounds >= _SILENT_ROUNDS:
            return found
        if len(found) > _MAX_RESULTS or empty_rounds > _MAX_EMPTY_ROUNDS:
            break
        if not page:
            # some answer at once instead of waiting for WaitTime
            await asyncio.sleep(min(0.05 * empty_rounds, 1.0))
    raise DeviceError(FailureReason.PROTOCOL, "the device's search does not end")


async def _ended(client: OnvifClient, token: str) -> None:
    """A completed session is gone on some devices, so that ending it faults."""
    with contextlib.suppress(DeviceError, TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await client.call("search", "EndSearch", {"SearchToken": token})
