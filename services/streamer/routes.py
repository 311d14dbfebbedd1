"""What viewers ask for by HTTP: playlists, media, snapshots.

Plain Starlette routes: a player asks several times a second, and there is nothing to validate
that a path does not say.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from libs.contracts.live import Rendition
from libs.web.live_tokens import InvalidToken
from libs.web.problems import Problem, invalid, not_found, unavailable
from services.streamer import metrics
from services.streamer.access import Ticket
from services.streamer.channel import Channel
from services.streamer.context import Context
from services.streamer.delays import observe_delay
from services.streamer.holding import Closing, Held, ViewerGone
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
from services.streamer.responses import MediaResponse, playlist
from services.streamer.snapshot import NoPicture
from services.streamer.viewers import Refused
from services.streamer.window import HeldPart

PREFIX = "/api/v1/cameras/{camera_id}"
LAG_SECONDS = 1.0
"""How much another replica, which told the player of something, may be ahead of this one."""

_FILE = re.compile(
    r"(?P<init>init-(?P<id>[0-9a-f]{16})\.mp4)|(?P<msn>\d{1,18})(\.(?P<part>\d{1,9}))?\.m4s"
)
_CLIENT_CLOSED = 499
_ENDED = "this live session has ended; load the master playlist again"
_CLOSING = "this server stops; ask again, another one answers"


class _Route(Route):
    """A route that request counters can name."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self} if child else child


class LiveRoutes:
    """The handlers over one context."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[BaseRoute]:
        """Return what the application is to have."""
        handlers: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/live/master.m3u8": self.master,
            "/live/{rendition}/{live_id}/media.m3u8": self.media,
            "/live/{rendition}/{live_id}/{name}": self.file,
            "/snapshot.jpg": self.snapshot,
        }
        return [_Route(PREFIX + path, _answering(call)) for path, call in handlers.items()]

    async def master(self, request: Request) -> Response:
        """Held until a picture is there."""
        async with self._watching(request, _asked_rendition(request)) as (ticket, channel, held):
            await self._wait_live(held, channel)
            newest = channel.window.newest
            assert newest is not None
            uri = f"{channel.key.rendition}/{newest.live_id}/media.m3u8{ticket.suffix}"
            text = render_master(newest, bandwidth=bandwidth(channel.window), media_uri=uri)
            return playlist(request, text)

    async def media(self, request: Request) -> Response:
        """The media playlist; directives of blocking reload hold it."""
        live_id = request.path_params["live_id"]
        try:
            directives = parse_directives(request.query_params)
        except BadDirective as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from error
        async with self._watching(request, _rendition(request)) as (ticket, channel, held):
            window = channel.window
            await self._wait_told(held, channel, live_id)
            decision = decide(window, directives, live_id=live_id)
            if isinstance(decision, Wait):

                def is_decided() -> bool:
                    return not isinstance(decide(window, directives, live_id=live_id), Wait)

                await held.until(is_decided, decision.timeout_seconds)
                decision = decide(window, directives, live_id=live_id)
            if isinstance(decision, Wait):
                raise await self._nothing_new(channel)
            if isinstance(decision, BadRequest):
                raise Problem(HTTPStatus.BAD_REQUEST, decision.detail)
            if isinstance(decision, Gone):
                raise not_found(_ENDED)
            return playlist(request, channel.playlists.media(window, ticket.suffix))

    async def file(self, request: Request) -> Response:
        """An init segment, a segment or a part; the part that comes next is held."""
        name = _FILE.fullmatch(request.path_params["name"])
        if name is None:
            raise not_found("there is no such file in a live session")
        live_id = request.path_params["live_id"]
        async with self._watching(request, _rendition(request)) as (_, channel, held):
            await self._wait_told(held, channel, live_id)
            if channel.window.live_id != live_id:
                raise not_found(_ENDED)
            if name["init"]:
                data = channel.window.init(name["id"])
            elif name["part"] is None:
                data = await self._segment(held, channel, live_id, int(name["msn"]))
            else:
                return await self._part(held, channel, live_id, int(name["msn"]), int(name["part"]))
            if data is None:
                raise not_found("this is not, or no longer, part of the live session")
            return MediaResponse([data], media_type="video/mp4")

    async def snapshot(self, request: Request) -> Response:
        """The newest keyframe as JPEG."""
        ticket = self._ticket(request)
        channel = self._context.channel(ticket.access, Rendition.MAIN)
        with self._context.viewers.request(ticket.access), channel.in_use():
            async with Held(request, channel) as held:
                await self._wait_live(held, channel)
            try:
                picture = await channel.snapshots.take(channel.window)
            except NoPicture as error:
                raise unavailable(str(error)) from error
        headers = {
            "Cache-Control": "private, max-age=1",
            "ETag": picture.etag,
            "Last-Modified": formatdate(picture.part.start_ms / 1000, usegmt=True),
        }
        if request.headers.get("if-none-match") == picture.etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(picture.jpeg, media_type="image/jpeg", headers=headers)

    # Media

    async def _segment(self, held: Held, channel: Channel, live_id: str, msn: int) -> bytes | None:
        window = channel.window
        edge = window.edge
        if edge is not None and msn >= edge[0]:
            await held.until(
                lambda: window.live_id != live_id or window.segment(msn) is not None, LAG_SECONDS
            )
        return window.segment(msn) if window.live_id == live_id else None

    async def _part(
        self, held: Held, channel: Channel, live_id: str, msn: int, part: int
    ) -> Response:
        window = channel.window
        is_fresh = _is_fresh(window.part(msn, part), channel)

        def decision() -> Found | Wait | Gone:
            return decide_part(window, msn, part, live_id=live_id)

        found = decision()
        if isinstance(found, Gone) and window.edge is not None and (msn, part) > window.edge:
            await held.until(lambda: not isinstance(decision(), Gone), LAG_SECONDS)
            found = decision()
        if isinstance(found, Wait):
            await held.until(lambda: not isinstance(decision(), Wait), found.timeout_seconds)
            found = decision()
        if isinstance(found, Wait):
            raise await self._nothing_new(channel)
        if isinstance(found, Gone):
            raise not_found("this part is not, or no longer, part of the live session")
        return MediaResponse(
            [found.held.data],
            media_type="video/mp4",
            on_first_byte=lambda: self._sent(found.held) if is_fresh else None,
        )

    def _sent(self, held: HeldPart) -> None:
        observe_delay(held.part, "ll-hls", now=self._context.clock.unix())

    # What all have in common

    def _ticket(self, request: Request) -> Ticket:
        try:
            return self._context.gate.check(request, request.path_params["camera_id"])
        except InvalidToken as error:
            metrics.REFUSED.labels("access").inc()
            raise Problem(
                HTTPStatus.UNAUTHORIZED, str(error), headers={"WWW-Authenticate": "Bearer"}
            ) from error

    @asynccontextmanager
    async def _watching(
        self, request: Request, rendition: Rendition
    ) -> AsyncIterator[tuple[Ticket, Channel, Held]]:
        ticket = self._ticket(request)
        viewers = self._context.viewers
        with viewers.watching(ticket.access, rendition, "ll-hls") as viewer:
            channel = self._context.channel(ticket.access, rendition)
            with channel.in_use():
                async with Held(request, channel) as held:
                    yield ticket, channel, held
            viewers.started(viewer)

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


def _answering(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler with what may interrupt it turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ViewerGone:
            return Response(status_code=_CLIENT_CLOSED)
        except Closing as error:
            raise unavailable(_CLOSING, retry_after_seconds=1) from error
        except Refused as error:
            status = (
                HTTPStatus.TOO_MANY_REQUESTS
                if error.reason == "viewer"
                else HTTPStatus.SERVICE_UNAVAILABLE
            )
            seconds = {"viewer": "1", "closing": "1"}.get(error.reason, "10")
            raise Problem(status, error.detail, headers={"Retry-After": seconds}) from error

    return answer


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


def _is_fresh(held: HeldPart | None, channel: Channel) -> bool:
    """Whether a part is near the edge: a player that begins fetches old ones on purpose."""
    newest = channel.window.newest
    if held is None or newest is None:
        return True
    return end_ms(newest) - end_ms(held.part) <= 3 * newest.part_target_ms
