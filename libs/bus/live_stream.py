"""The live stream on the server: in memory, so it is made anew by whoever publishes next."""

from collections.abc import AsyncGenerator, Mapping

import structlog
from nats.js import api

from libs.bus import metrics
from libs.bus.connection import Connection
from libs.bus.errors import Permanent, StreamMissing, TopologyDrift
from libs.bus.live import RawPart
from libs.bus.reader import ReaderBroken, StreamReader
from libs.bus.topology import LIVE, Limits, live_stream

log = structlog.get_logger()

# Besides these the client holds what the server may send ahead by flow control: 32 MiB.
QUEUED_PARTS = 16


class JetStreamLive:
    """A LiveStore on the server."""

    def __init__(self, connection: Connection, *, heartbeat_seconds: float = 1.0) -> None:
        self._connection = connection
        self._heartbeat_seconds = heartbeat_seconds

    async def ready(self) -> None:
        await self._connection.wait_connected()

    async def publish(
        self, subject: str, payload: bytes, headers: Mapping[str, str], *, expected_seq: int
    ) -> int:
        try:
            return await self._publish(subject, payload, headers, expected_seq)
        except StreamMissing:
            await self._make_anew()
        return await self._publish(subject, payload, headers, 0)

    async def last(self, subject: str) -> RawPart | None:
        connection = self._connection
        try:
            found = await connection.call(
                f"$JS.API.STREAM.MSG.GET.{LIVE}",
                lambda: connection.js.get_msg(LIVE, subject=subject),
            )
        except (StreamMissing, TopologyDrift):
            return None
        return RawPart(found.seq or 0, dict(found.headers or {}), found.data or b"")

    async def follow(self, subject: str) -> AsyncGenerator[RawPart | None, None]:
        reader = StreamReader(
            self._connection,
            LIVE,
            deliver=api.ConsumerConfig(
                deliver_policy=api.DeliverPolicy.ALL, filter_subject=subject
            ),
            heartbeat_seconds=self._heartbeat_seconds,
            queued=QUEUED_PARTS,
        )
        try:
            try:
                complete = not await reader.start()
            except TopologyDrift as error:
                raise StreamMissing(str(error)) from error
            if complete:
                yield None
            while True:
                message = await reader.next()
                if message is None:
                    if not complete:  # what was there has expired meanwhile
                        raise ReaderBroken("what is retained stopped short")
                    continue
                meta = message.metadata
                yield RawPart(meta.sequence.stream, message.headers or {}, message.data)
                if not complete and meta.num_pending == 0:
                    complete = True
                    yield None
        finally:
            await reader.stop()

    async def _publish(
        self, subject: str, payload: bytes, headers: Mapping[str, str], expected_seq: int
    ) -> int:
        connection = self._connection
        all_headers = {
            **headers,
            api.Header.EXPECTED_STREAM.value: LIVE,
            api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(expected_seq),
        }

        async def send() -> api.PubAck:
            # The server closes the connection on a message that is too large; headers count.
            size, most = _size(all_headers, payload), connection.client.max_payload
            if size > most:
                raise Permanent(f"{subject}: {size} bytes, and the server takes {most}")
            return await connection.js.publish(
                subject,
                payload,
                timeout=connection.config.publish_timeout_seconds,
                headers=all_headers,
            )

        return (await connection.call(subject, send)).seq

    async def _make_anew(self) -> None:
        """Declare the stream again; BusUnavailable when that cannot be done now."""
        connection = self._connection
        wanted = live_stream(Limits(live_max_bytes=connection.config.live_max_bytes))
        try:
            await connection.call(
                f"$JS.API.STREAM.CREATE.{LIVE}", lambda: connection.js.add_stream(wanted)
            )
        except Permanent as error:
            # Usually the declare step was faster, with other limits than this service knows.
            log.warning("live.stream_not_made", reason=str(error))
            return
        log.warning("live.stream_made_anew")
        metrics.LIVE_STREAMS_MADE.inc()


def _size(headers: Mapping[str, str], payload: bytes) -> int:
    """Return the bytes of a message on the wire, its protocol line aside."""
    lines = sum(len(name.encode()) + len(value.encode()) + 4 for name, value in headers.items())
    return len(b"NATS/1.0\r\n") + lines + len(b"\r\n") + len(payload)
