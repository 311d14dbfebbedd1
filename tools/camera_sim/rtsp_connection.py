"""Answers the RTSP requests of one client (RFC 2326)."""

import asyncio
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tools.camera_sim.rtp_sink import RtpSink, TcpSink, UdpSink
from tools.camera_sim.rtsp_message import BadRequest, RtspRequest, format_response, read_request
from tools.camera_sim.sdp import describe
from tools.camera_sim.session import Session

if TYPE_CHECKING:
    from tools.camera_sim.camera import Camera

_METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"

Headers = list[tuple[str, str]]


class RtspError(Exception):
    """Answered with its status."""

    def __init__(self, status: int, headers: Headers | None = None) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers or []


class RtspConnection:
    """Lives as long as its TCP connection, and its session ends with it."""

    def __init__(
        self, camera: "Camera", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.session: Session | None = None
        self._camera, self._reader, self._writer = camera, reader, writer
        peer = writer.get_extra_info("peername")
        self._client_host: str = peer[0] if peer else "127.0.0.1"

    async def run(self) -> None:
        """Serves until either side closes."""
        try:
            while True:
                request = await read_request(self._reader)
                if self.session:
                    self.session.last_seen = asyncio.get_running_loop().time()
                if request is not None:
                    await self._answer(request)
                    await self._writer.drain()
        except (BadRequest, ValueError, asyncio.IncompleteReadError, ConnectionError, OSError):
            pass  # the client is gone or talks nonsense: a camera hangs up
        finally:
            self._end_session()
            self.abort()

    def abort(self) -> None:
        """Resets the connection."""
        self._writer.transport.abort()

    def write(self, content: bytes) -> None:
        """Sends bytes as they are."""
        self._writer.write(content)

    async def _answer(self, request: RtspRequest) -> None:
        state = self._camera.state
        if state.stalls and not state.stalls_media_only:
            return
        cseq = request.headers.get("cseq", "0")
        try:
            headers, body = await self._handle(request)
            self.write(format_response(200, cseq, headers, body))
        except RtspError as error:
            self.write(format_response(error.status, cseq, error.headers))
            return
        if request.method == "PLAY":
            self._camera.feed.report([self._live_session(request)])
        elif request.method == "TEARDOWN":
            self._end_session()

    async def _handle(self, request: RtspRequest) -> tuple[Headers, str]:
        if request.method == "OPTIONS":
            return [("Public", _METHODS)], ""
        self._check_account(request)
        if request.method == "DESCRIBE":
            return self._describe(request)
        if request.method == "SETUP":
            return await self._set_up(request), ""
        if request.method == "PLAY":
            return self._play(request), ""
        if request.method in {"TEARDOWN", "GET_PARAMETER", "SET_PARAMETER"}:
            return [("Session", self._live_session(request).id)], ""
        raise RtspError(501)

    def _check_account(self, request: RtspRequest) -> None:
        auth = self._camera.auth
        if not auth.allows(request.method, request.headers.get("authorization")):
            raise RtspError(401, [("WWW-Authenticate", value) for value in auth.challenges()])

    def _describe(self, request: RtspRequest) -> tuple[Headers, str]:
        if _target(request.url).rstrip("/") != self._camera.spec.path:
            raise RtspError(404)
        spec = self._camera.spec
        body = describe(
            spec.name,
            [track.media for track in self._camera.feed.tracks],
            with_parameter_sets=spec.sends_parameter_sets_in_sdp,
        )
        base = request.url.rstrip("/") + "/"
        return [("Content-Type", "application/sdp"), ("Content-Base", base)], body

    async def _set_up(self, request: RtspRequest) -> Headers:
        number = self._track_number(request.url)
        sink, answer = await self._sink(request.headers.get("transport", ""), number)
        session = self.session or self._new_session()
        is_video = self._camera.feed.tracks[number].is_video
        track = session.set_up(number, sink, is_video=is_video)
        timeout = self._camera.spec.session_timeout_seconds
        return [
            ("Transport", f"{answer};ssrc={track.ssrc:08X}"),
            ("Session", f"{session.id};timeout={timeout}"),
        ]

    def _track_number(self, url: str) -> int:
        path, _, track = _target(url).rpartition("/")
        if path != self._camera.spec.path or not re.fullmatch(r"trackID=\d+", track):
            raise RtspError(404)
        number = int(track.partition("=")[2])
        if number >= len(self._camera.feed.tracks):
            raise RtspError(404)
        return number

    def _new_session(self) -> Session:
        camera = self._camera
        if len(camera.sessions) >= camera.spec.max_sessions:
            raise RtspError(camera.spec.limit_status)
        self.session = Session(camera.spec, camera.state, asyncio.get_running_loop().time())
        camera.sessions[self.session.id] = self.session
        return self.session

    async def _sink(self, transport: str, number: int) -> tuple[RtpSink, str]:
        """The first offered transport that the camera speaks, and its echo."""
        for offer in transport.split(","):
            parameters = {
                name: value
                for name, _, value in (part.partition("=") for part in offer.strip().split(";"))
            }
            allowed = self._camera.spec.transports
            if "RTP/AVP/TCP" in parameters and "tcp" in allowed:
                first = int(parameters.get("interleaved", f"{2 * number}").partition("-")[0])
                sink = TcpSink(self._writer.transport, first)
                return sink, f"RTP/AVP/TCP;unicast;interleaved={first}-{first + 1}"
            is_udp = "RTP/AVP" in parameters or "RTP/AVP/UDP" in parameters
            if is_udp and "client_port" in parameters and "udp" in allowed:
                return await self._udp_sink(parameters["client_port"])
        raise RtspError(461)

    async def _udp_sink(self, client_port: str) -> tuple[RtpSink, str]:
        first, _, second = client_port.partition("-")
        rtp, rtcp = int(first), int(second or int(first) + 1)
        ports = await self._camera.udp_ports()
        sink = UdpSink(ports, (self._client_host, rtp), (self._client_host, rtcp))
        answer = f"RTP/AVP/UDP;unicast;client_port={rtp}-{rtcp};server_port={ports.server_port}"
        return sink, answer

    def _play(self, request: RtspRequest) -> Headers:
        session = self._live_session(request)
        now = self._camera.feed.now()
        session.play(now)
        base = request.url.rstrip("/")
        streams = (
            f"url={base}/trackID={number};seq={track.sequence & 0xFFFF}"
            f";rtptime={session.timestamp(number, now[number][0])}"
            for number, track in session.tracks.items()
        )
        return [
            ("Session", session.id),
            ("Range", "npt=now-"),
            ("RTP-Info", ",".join(streams)),
        ]

    def _live_session(self, request: RtspRequest) -> Session:
        given = request.headers.get("session", "").partition(";")[0]
        if self.session is None or given not in {"", self.session.id}:
            raise RtspError(454)
        return self.session

    def _end_session(self) -> None:
        if self.session:
            self.session.close()
            self._camera.sessions.pop(self.session.id, None)
            self.session = None


def _target(url: str) -> str:
    """Path and query: some brands say in the query which channel they mean."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
