"""One simulated camera: a listening port, its sessions, and the one timer that feeds them all."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tools.camera_sim.auth import Authenticator
from tools.camera_sim.camera_faults import CameraFaults
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_encode import Progress
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.clip_store import load_clip
from tools.camera_sim.faults import FaultState
from tools.camera_sim.feed import Feed
from tools.camera_sim.media_clock import MediaClock
from tools.camera_sim.rtp_sink import UdpPorts
from tools.camera_sim.rtp_track import RtpTrack, packetise
from tools.camera_sim.rtsp_connection import RtspConnection
from tools.camera_sim.session import Session

_REPORT_SECONDS: Final = 1.0
_MAX_SLEEP_SECONDS: Final = 0.25
_MIN_SLEEP_SECONDS: Final = 0.001


class Camera:
    """Made by `open`, runs with `run` until cancelled, ends with `close`."""

    def __init__(
        self,
        spec: CameraSpec,
        tracks: list[RtpTrack],
        clips_dir: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.spec = spec
        self.clip = spec.clip
        self.port = spec.port
        self.state = FaultState()
        self.auth = Authenticator(spec.username, spec.password, spec.auth)
        self.feed = Feed(
            tracks, MediaClock(spec.speed, ahead_seconds=spec.clock_ahead_seconds), self.state
        )
        self.fault = CameraFaults(self)
        self.sessions: dict[str, Session] = {}
        self.connection_count = 0
        """All connections that ever came, refused ones included."""
        self.udp: UdpPorts | None = None
        self._clips_dir, self._tls = clips_dir, tls
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], RtspConnection] = {}
        self._plans: dict[str, tuple[float, Callable[[], object]]] = {}

    @property
    def url(self) -> str:
        """With user and password."""
        if self.spec.username is None:
            return self.plain_url
        account = f"{quote(self.spec.username, safe='')}:{quote(self.spec.password, safe='')}"
        scheme, _, rest = self.plain_url.partition("://")
        return f"{scheme}://{account}@{rest}"

    @property
    def plain_url(self) -> str:
        """Without user and password."""
        scheme = "rtsps" if self._tls else "rtsp"
        return f"{scheme}://127.0.0.1:{self.port}{self.spec.path}"

    @property
    def is_online(self) -> bool:
        """Whether the port is open."""
        return self._server is not None

    async def listen(self) -> None:
        """Opens the port, the same one each time; does nothing when it is open."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", self.port, ssl=self._tls
            )
            self.port = self._server.sockets[0].getsockname()[1]

    def stop_listening(self) -> None:
        """Closes the port; open connections stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def drop_connections(self) -> None:
        """Resets all connections, and with them all sessions."""
        for connection in self._open.values():
            connection.abort()

    def write_raw(self, junk: bytes) -> None:
        """Puts bytes into all RTSP connections."""
        for connection in self._open.values():
            connection.write(junk)

    async def udp_ports(self) -> UdpPorts:
        """The shared pair of ports, opened on first use."""
        if self.udp is None:
            self.udp = await UdpPorts.open()
        return self.udp

    async def load(self, clip: ClipSpec) -> list[RtpTrack]:
        """Another clip's tracks, ready to send; encodes for seconds on first use."""
        return await load_tracks(clip, self._clips_dir, self.spec.max_payload_bytes)

    def plan(self, name: str, seconds: float | None, action: Callable[[], object]) -> None:
        """Does something later in place of an earlier plan of that name; None only forgets that."""
        self._plans.pop(name, None)
        if seconds is not None:
            self._plans[name] = asyncio.get_running_loop().time() + seconds, action

    def forget_plans(self) -> None:
        """Forgets all plans."""
        self._plans.clear()

    async def run(self) -> None:
        """Sends until cancelled."""
        loop = asyncio.get_running_loop()
        report_at = loop.time()
        while True:
            self.feed.send_due(self.sessions.values())
            if loop.time() >= report_at:
                report_at = loop.time() + _REPORT_SECONDS
                self.feed.report(self.sessions.values())
                self._end_silent_sessions(loop.time())
            await self._carry_out_plans(loop.time())
            pause = min(self.feed.seconds_until_next(), _MAX_SLEEP_SECONDS)
            await asyncio.sleep(max(pause, _MIN_SLEEP_SECONDS))

    async def close(self) -> None:
        """Closes the port and all connections."""
        self.stop_listening()
        self.drop_connections()
        if self._open:
            await asyncio.wait(self._open)
        if self.udp:
            self.udp.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connection_count += 1
        connection = RtspConnection(self, reader, writer)
        if self.state.refuses:
            connection.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = connection
        try:
            await connection.run()
        finally:
            del self._open[task]

    async def _carry_out_plans(self, now: float) -> None:
        due = [name for name, (at, _) in self._plans.items() if at <= now]
        for name in due:
            outcome = self._plans.pop(name)[1]()
            if asyncio.iscoroutine(outcome):
                await outcome

    def _end_silent_sessions(self, now: float) -> None:
        """Ends sessions from which nothing came for the announced timeout (RFC 2326 12.37)."""
        heard = self.udp.heard if self.udp else {}
        for connection in self._open.values():
            session = connection.session
            if session is None:
                continue
            sinks = [track.sink for track in session.tracks.values()]
            seen = [heard[a] for sink in sinks if (a := getattr(sink, "rtcp", None)) in heard]
            last_seen = max(session.last_seen, *seen) if seen else session.last_seen
            if now - last_seen > self.spec.session_timeout_seconds:
                connection.abort()


async def load_tracks(
    clip: ClipSpec, clips_dir: Path | None, max_payload: int, progress: Progress | None = None
) -> list[RtpTrack]:
    """A clip's tracks cut into packets, in a thread, because encoding takes seconds."""
    load = partial(load_clip, clip, clips_dir, progress)
    return await asyncio.to_thread(lambda: [packetise(media, max_payload) for media in load()])
