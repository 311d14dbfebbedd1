"""A scan as it goes on: server-sent events.

    event: device     a found device, new or changed
    event: progress   how far the scan is; its id names what has been told up to here
    event: end        the scan has ended; how

A client that comes again with `Last-Event-ID` is told what it has missed. Something may come
twice, nothing is left out: the id stands behind what it names.
"""

import json
import re
import time
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import StreamingResponse

from libs.contracts.asks import ScanId
from libs.web.problems import unavailable
from services.api.access import Permission, Principal
from services.api.context import Context, Ctx
from services.api.database import DatabaseUnavailable
from services.api.grants import principal_now
from services.api.rights import Who, needs
from services.api.routes.discovery import existing_scan, found_views, summary
from services.api.scan_board import ScanRecord

router = APIRouter(
    prefix="/discovery",
    tags=["discovery"],
    dependencies=[needs(Permission.CAMERAS_WRITE, all_cameras=True)],
)

HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 600.0
"""After this a stream ends, and the client comes again."""
MOST_AT_ONCE = 50
RETRY_MS = 2000

_ID = re.compile(r"^([0-9]{1,18})(\.end)?$")


class EventStream(StreamingResponse):
    """Server-sent events; FastAPI's own class cannot answer 404 or 204 instead."""

    media_type = "text/event-stream"


@router.get(
    "/scans/{scan_id}/events",
    response_class=EventStream,
    responses={204: {"description": "The scan has ended, and everything was told: stop asking."}},
)
async def scan_events(
    scan_id: ScanId, ctx: Ctx, who: Who, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Follow a scan as it goes on (server-sent events `device`, `progress`, `end`).

    Ends with the scan. `Last-Event-ID` continues where an interrupted stream was.
    """
    existing_scan(ctx, scan_id)
    told = _ID.fullmatch(last_event_id or "")
    if told is not None and told[2]:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    if ctx.scans.followers >= MOST_AT_ONCE:
        raise unavailable("too many clients follow scans; ask for the scan itself")
    return EventStream(_events(ctx, who, scan_id, int(told[1]) if told else -1))


async def _events(
    ctx: Context, who: Principal, scan_id: str, told: int
) -> AsyncGenerator[bytes, None]:
    until = time.monotonic() + LONGEST_SECONDS
    yield format_sse_event(retry=RETRY_MS)
    with ctx.scans.follower():
        while time.monotonic() < until and not ctx.scans.is_closed:
            changes = ctx.scans.next_change()
            record = ctx.scans.find(scan_id)
            if record is None or not await _may_follow(ctx, who):
                return  # forgotten meanwhile, or not for them any more
            if record.revision < told:
                told = -1  # the bus was made anew and counts from the beginning
            if record.revision > told:
                try:
                    devices = await found_views(ctx, record.devices_since(told))
                except DatabaseUnavailable:
                    return  # the client comes again
                for device in devices:
                    yield _event("device", device)
                told = record.revision
                yield _event("progress", _progress(record), str(told))
            if record.state.state != "running":
                yield _event("end", _progress(record), f"{told}.end")
                return
            if not await changes.within(HEARTBEAT_SECONDS):
                yield KEEPALIVE_COMMENT


async def _may_follow(ctx: Context, who: Principal) -> bool:
    try:
        now = await principal_now(ctx, who)
    except DatabaseUnavailable:
        return False  # the client comes again
    return now is not None and now.cameras is None and now.may(Permission.CAMERAS_WRITE)


def _event(name: str, data: object, event_id: str | None = None) -> bytes:
    return format_sse_event(data_str=json.dumps(data), event=name, id=event_id)


def _progress(record: ScanRecord) -> dict[str, object]:
    return summary(record).model_dump(mode="json")
