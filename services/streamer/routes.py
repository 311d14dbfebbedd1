"""What viewers ask for by HTTP: playlists, media, snapshots.

Plain Starlette routes: a player asks several times a second, and there is nothing to validate
that a path does not say.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from libs.contracts.live import Rendition
from libs.web.live_tokens import InvalidToken
from libs.web.problems import Problem, invalid, not_found, unavailable
from services.streamer import metrics
from services.streamer.access import Ticket
from services.streamer.channel import Channel
from services.streamer.context import Context
from services.streamer.delays import observe_delay
from services.streamer.endpoints import LiveRoute, Reply, no_access
from services.streamer.holding import Held
from services.streamer.part_log import end_ms
from services.streamer.playlist import bandwidth, render_master
from services.streamer.reload import (
    BadDirective,
    BadRequest,
    Found,
    Gone,
    Wait,
    decide,
    decide_part,
    parse_directives,
)
from services.streamer.responses import (
    MediaResponse,
    playlist,
    snapshot_response,
)
from services.streamer.snapshot import NoPicture
from services.streamer.viewers import Viewer
from services.streamer.window import HeldPart, Position

PREFIX = "/api/v1/cameras/{camera_id}"
LAG_SECONDS = 1.0
"""How much another replica, which told the player of something, may be ahead of this one."""

_FILE = re.compile(
    r"(?P<init>init-(?P<id>[0-9a-f]{16})\.mp4)|(?P<msn>\d{1,18})(\.(?P<part>\d{1,9}))?\.m4s"
)
_NOT_LISTED = "this is not, or no longer, part of the live session"
_ENDED = "this live session has ended; load the master playlist again"


@dataclass(frozen=True)
class _Visit:
    """One request of somebody who watches."""

    ticket: Ticket
    viewer: Viewer
    channel: Channel
    held: Held


class LiveRoutes:
    """The handlers over one context."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[BaseRoute]:
        """Return what the application is to have."""
        return [
            LiveRoute(f"{PREFIX}/live/master.m3u8", self.master),
            LiveRoute(f"{PREFIX}/live/{{rendition}}/{{live_id}}/media.m3u8", self.media),
            LiveRoute(f"{PREFIX}/live/{{rendition}}/{{live_id}}/{{name}}", self.file),
            LiveRoute(f"{PREFIX}/snapshot.jpg", self.snapshot),
        ]

    async def master(self, request: Request, reply: Reply) -> None:
        """Held until a picture is there."""
        async with self._watching(request, _asked_rendition(request)) as visit:
            channel = visit.channel
            await self._wait_live(visit.held, channel)
            newest = channel.window.newest
            assert newest is not None
            uri = f"{channel.key.rendition}/{newest.live_id}/media.m3u8{visit.ticket.suffix}"
            text = render_master(newest, bandwidth=bandwidth(channel.window), media_uri=uri)
            await reply(playlist(request, text))

    async def media(self, request: Request, reply: Reply) -> None:
        """The media playlist; directives of blocking reload hold it."""
        live_id = request.path_params["live_id"]
        try:
            directives = parse_directives(request.query_params)
        except BadDirective as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from error
        async with self._watching(request, _rendition(request)) as visit:
            channel, window = visit.channel, visit.channel.window
            await self._wait_told(visit.held, channel, live_id)
            decision = decide(window, directives, live_id=live_id)
            if isinstance(decision, Wait):

                def is_decided() -> bool:
                    return not isinstance(decide(window, directives, live_id=live_id), Wait)

                await visit.held.until(is_decided, decision.timeout_seconds)
                decision = decide(window, directives, live_id=live_id)
            if isinstance(decision, Wait):
                raise await self._nothing_new(channel)
            if isinstance(decision, BadRequest):
                raise Problem(HTTPStatus.BAD_REQUEST, decision.detail)
            if isinstance(decision, Gone):
                raise not_found(_ENDED)
            await reply(playlist(request, channel.playlists.media(window, visit.ticket.suffix)))

    async def file(self, request: Request, reply: Reply) -> None:
        """An init segment, a segment or a part; the part that comes next is held."""
        name = _FILE.fullmatch(request.path_params["name"])
        if name is None:
            raise not_found("there is no such file in a live session")
        live_id = request.path_params["live_id"]
        async with self._watching(request, _rendition(request)) as visit:
            channel = visit.channel
            await self._wait_told(visit.held, channel, live_id)
            if channel.window.live_id != live_id:
                raise not_found(_ENDED)
            if name["init"]:
                response = _init(channel, name["id"])
            elif name["part"] is None:
                response = await self._segment(visit, live_id, int(name["msn"]))
            else:
                position = int(name["msn"]), int(name["part"])
                response = await self._part(visit, live_id, position)
            await reply(response)

    async def snapshot(self, request: Request, reply: Reply) -> None:
        """The newest keyframe as JPEG."""
        ticket = self._ticket(request)
        self._context.admit(ticket.access, Rendition.MAIN)
        channel = self._context.channel(ticket.access, Rendition.MAIN)
        with self._context.viewers.request(ticket.access), channel.in_use():
            async with Held(request, channel) as held:
                await self._wait_live(held, channel)
            try:
                picture = await channel.snapshots.take(channel.window)
            except NoPicture as error:
                raise unavailable(str(error)) from error
            await reply(snapshot_response(request, picture))

    # Media

    async def _segment(self, visit: _Visit, live_id: str, msn: int) -> Response:
        window = visit.channel.window

        def chunks() -> list[bytes] | None:
            return window.segment(msn) if window.live_id == live_id else None

        if _may_come_soon((msn, 0), visit.channel):
            await visit.held.until(lambda: chunks() is not None, LAG_SECONDS)
        found = chunks()
        if found is None:
            raise not_found(_NOT_LISTED)
        return MediaResponse(found, on_first_byte=lambda: self._sent(visit))

    async def _part(self, visit: _Visit, live_id: str, position: Position) -> Response:
        channel, held, window = visit.channel, visit.held, visit.channel.window
        is_fresh = _is_fresh(window.part(*position), channel)

        def decision() -> Found | Wait | Gone:
            return decide_part(window, *position, live_id=live_id)

        found = decision()
        if isinstance(found, Gone) and _may_come_soon(position, channel):
            await held.until(lambda: not isinstance(decision(), Gone), LAG_SECONDS)
            found = decision()
        if isinstance(found, Wait):
            await held.until(lambda: not isinstance(decision(), Wait), found.timeout_seconds)
            found = decision()
        if isinstance(found, Wait):
            raise await self._nothing_new(channel)
        if isinstance(found, Gone):
            raise not_found(_NOT_LISTED)
        part = found.held
        return MediaResponse(
            [part.data], on_first_byte=lambda: self._sent(visit, part if is_fresh else None)
        )

    def _sent(self, visit: _Visit, fresh: HeldPart | None = None) -> None:
        """Somebody sees a picture; `fresh` is a part whose delay tells something."""
        self._context.viewers.started(visit.viewer)
        if fresh is not None:
            observe_delay(fresh.part, "ll-hls", now=self._context.clock.unix())

    # What all have in common

    def _ticket(self, request: Request) -> Ticket:
        try:
            return self._context.gate.check(request, request.path_params["camera_id"])
        except InvalidToken as error:
            metrics.REFUSED.labels("access").inc()
            raise no_access(error) from error

    @asynccontextmanager
    async def _watching(self, request: Request, rendition: Rendition) -> AsyncIterator[_Visit]:
        ticket = self._ticket(request)
        self._context.admit(ticket.access, rendition)
        viewers = self._context.viewers
        with viewers.watching(ticket.access, rendition, "ll-hls") as viewer:
            channel = self._context.channel(ticket.access, rendition)
            with channel.in_use():
                async with Held(request, channel) as held:
                    yield _Visit(ticket, viewer, channel, held)

    async def _wait_live(self, held: Held, channel: Channel) -> None:
        """Wait until a new viewer would see what happens now."""
        seconds = self._context.settings.first_part_seconds

        def is_live() -> bool:
            return channel.is_live and bool(channel.window.listed())

        if not await held.until(is_live, seconds):
            raise await self._nothing_new(channel)

    async def _wait_told(self, held: Held, channel: Channel, live_id: str) -> None:
        """Wait until this instance knows as much as the one that the player asked before."""
        window = channel.window
        seconds = self._context.settings.first_part_seconds
        if not await held.until(lambda: channel.is_told and bool(window.listed()), seconds):
            raise await self._nothing_new(channel)
        await held.until(
            lambda: window.live_id == live_id or live_id in channel.ended_live_ids, LAG_SECONDS
        )

    async def _nothing_new(self, channel: Channel) -> Problem:
        metrics.REFUSED.labels("no_picture").inc()
        return unavailable(await self._context.states.describe(channel.key))


def _init(channel: Channel, init_id: str) -> Response:
    data = channel.window.init(init_id)
    if data is None:
        raise not_found(_NOT_LISTED)
    return MediaResponse([data])


def _rendition(request: Request) -> Rendition:
    try:
        return Rendition(request.path_params["rendition"])
    except ValueError:
        raise not_found("a camera has the renditions main and sub") from None


def _asked_rendition(request: Request) -> Rendition:
    try:
        return Rendition(request.query_params.get("rendition", Rendition.MAIN))
    except ValueError:
        raise invalid("query rendition", "use main or sub") from None


def _may_come_soon(position: Position, channel: Channel) -> bool:
    """Whether another replica may have had it already and told the player."""
    edge = channel.window.edge
    return edge is not None and edge[0] <= position[0] <= edge[0] + 1


def _is_fresh(held: HeldPart | None, channel: Channel) -> bool:
    """Whether a part is near the edge: a player that begins fetches old ones on purpose."""
    newest = channel.window.newest
    if held is None or newest is None:
        return True
    return end_ms(newest) - end_ms(held.part) <= 3 * newest.part_target_ms
