"""One search of a Dahua device: mediaFileFind, whose finder objects are scarce."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from libs.contracts.devices import FailureReason
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.clock import written
from libs.devices.dahua.keyvalue import number, rows
from libs.devices.errors import DeviceError

PAGE_SIZE: Final = 100
"""More is never given, whatever is asked for."""
MAX_PAGES: Final = 2000
MAX_ITEMS: Final = 100_000
_SCRIPT: Final = "mediaFileFind.cgi"
_RELEASE_SECONDS: Final = 5.0

log = structlog.get_logger()

Item = dict[str, str]
"""One file; names in lower case."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What to look for; wall-clock times, the channel as the firmware counts it."""

    channel: int
    start: datetime
    end: datetime
    video_stream: str | None = None
    """`Main` or `Extra1`; None: all."""

    @property
    def parameters(self) -> dict[str, str]:
        """As the CGI names them."""
        named = {
            "condition.Channel": str(self.channel),
            "condition.StartTime": written(self.start),
            "condition.EndTime": written(self.end),
            "condition.Types[0]": "dav",
            "condition.Types[1]": "mp4",
        }
        stream = {"condition.VideoStream": self.video_stream} if self.video_stream else {}
        return named | stream


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought."""

    items: tuple[Item, ...] = ()
    was_refused: bool = False
    """The device ended it with an error, which some firmware does where there is nothing."""


async def find(cgi: DahuaCgi, condition: Condition, *, at_most: int | None = None) -> Found:
    """Search once, with a finder that is given back whatever happens."""
    async with _finder(cgi) as name:
        reply = await cgi.reply(_SCRIPT, "findFile", {"object": name} | condition.parameters)
        if reply.is_refused:
            return Found(was_refused=True)
        if not reply.is_ok:
            raise DeviceError(FailureReason.PROTOCOL, "the search was answered with noise")
        return await _pages(cgi, name, at_most)


async def _pages(cgi: DahuaCgi, name: str, at_most: int | None) -> Found:
    """Read pages until one is empty: a short one proves nothing."""
    items: list[Item] = []
    seen: set[frozenset[tuple[str, str]]] = set()
    count = PAGE_SIZE if at_most is None else at_most
    for _ in range(MAX_PAGES):
        query = {"object": name, "count": str(count)}
        reply = await cgi.reply(_SCRIPT, "findNextFile", query)
        if reply.is_refused:
            return Found(tuple(items), was_refused=True)
        told = number(reply.values.get("found"))
        page = list(rows(reply.values, "items").values())
        if told is None or (told and not page and not items):
            raise DeviceError(FailureReason.PROTOCOL, "a page of results was answered with noise")
        fresh = frozenset(frozenset(item.items()) for item in page) - seen
        items += page
        if not fresh or (at_most is not None and len(items) >= at_most):
            return Found(tuple(items))
        seen |= fresh
        if len(items) > MAX_ITEMS:
            break
    raise DeviceError(FailureReason.PROTOCOL, "the device's list of footage does not end")


@contextlib.asynccontextmanager
async def _finder(cgi: DahuaCgi) -> AsyncIterator[str]:
    creating = asyncio.ensure_future(_create(cgi))
    try:
        name = await asyncio.shield(creating)
    except asyncio.CancelledError:
        # The device may have made one already, and only its answer tells which.
        with contextlib.suppress(DeviceError):
            await _release(cgi, await creating)
        raise
    try:
        yield name
    finally:
        await _release(cgi, name)


async def _create(cgi: DahuaCgi) -> str:
    for action in ("factory.create", "factory"):  # the second one is what old firmware knows
        reply = await cgi.reply(_SCRIPT, action, {})
        if not reply.is_refused:
            name = reply.values.get("result", "")
            # Any digits go: leading zeros belong to the name.
            if name.isascii() and name.isdecimal() and len(name) <= 20:
                return name
            raise DeviceError(FailureReason.PROTOCOL, "a finder without a number was made")
    raise DeviceError(
        FailureReason.UNSUPPORTED,
        "the device refuses to search its footage over CGI; some firmware speaks only RPC2",
    )


async def _release(cgi: DahuaCgi, name: str) -> None:
    """Close and destroy; both are tried, and a failure of them changes no result."""
    for action in ("close", "destroy"):
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                reply = await cgi.reply(_SCRIPT, action, {"object": name})
        except (DeviceError, TimeoutError) as error:
            log.warning("dahua.finder_not_released", action=action, error=str(error))
        else:
            if reply.is_refused and action == "destroy":
                log.warning("dahua.finder_not_released", action=action, error="refused")
