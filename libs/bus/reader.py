"""Reading a stream in order without acknowledging: what watches and replays stand on.

The client library's ordered consumer needs 18 s and more to notice a lost consumer and can miss
an update when a memory stream was made anew. This reader notices by heartbeat, by a hole in the
numbering and by reconnection, and then says so instead of repairing itself: its owner begins
again from a state it knows.
"""

import asyncio
import contextlib
from collections.abc import Callable

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import api

from libs.bus.connection import Connection
from libs.bus.errors import BusUnavailable

_STATUS = "Status"
_LAST_CONSUMER = "Nats-Last-Consumer"
_STALLED = "Nats-Consumer-Stalled"


class ReaderBroken(BusUnavailable):
    """Messages may be missing from here on; begin again."""


class StreamReader:
    """An ephemeral push consumer with flow control; one use."""

    def __init__(
        self,
        connection: Connection,
        stream: str,
        *,
        deliver: api.ConsumerConfig,
        heartbeat_seconds: float = 2.0,
        queued: int = 256,
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._deliver = deliver
        self._heartbeat_seconds = heartbeat_seconds
        # None says that the connection was made anew. The subscription waits while this is full,
        # and flow control makes the server wait for the subscription.
        self._queue: asyncio.Queue[Msg | None] = asyncio.Queue(maxsize=queued)
        self._broken = False
        self._received = 0
        self._subscription: Subscription | None = None
        self._forget: Callable[[], None] = lambda: None

    async def start(self) -> bool:
        """Begin; return whether there is anything to read at this moment."""
        self._forget = self._connection.on_reconnect(self._restarted)
        client = self._connection.client
        inbox = client.new_inbox()
        self._subscription = await self._connection.call(
            inbox,
            lambda: client.subscribe(
                inbox,
                cb=self._queue.put,
                pending_msgs_limit=65_536,
                pending_bytes_limit=64 * 1024 * 1024,
            ),
        )
        config = self._deliver.evolve(
            deliver_subject=inbox,
            ack_policy=api.AckPolicy.NONE,
            max_deliver=1,
            flow_control=True,
            idle_heartbeat=self._heartbeat_seconds,
            inactive_threshold=30,
            mem_storage=True,
            num_replicas=1,
        )
        info = await self._connection.call(
            f"$JS.API.CONSUMER.CREATE.{self._stream}",
            lambda: self._connection.js.add_consumer(self._stream, config),
        )
        already = info.delivered.consumer_seq if info.delivered else 0
        return bool(info.num_pending) or already > 0

    async def next(self) -> Msg | None:
        """Return the next message, None for a heartbeat of an idle server; or ReaderBroken."""
        while True:
            try:
                async with asyncio.timeout(3 * self._heartbeat_seconds):
                    message = await self._queue.get()
            except TimeoutError:
                raise ReaderBroken("the consumer is gone") from None
            if message is None or self._broken:
                raise ReaderBroken("the connection was made anew")
            headers = message.headers or {}
            if headers.get(_STATUS) != "100":
                return self._checked(message)
            answer = message.reply or headers.get(_STALLED)
            if answer:  # flow control: the server waits for this before it sends more
                await self._connection.client.publish(answer)
                continue
            last = headers.get(_LAST_CONSUMER)
            if last is not None:
                if int(last) != self._received:
                    raise ReaderBroken("messages were dropped")
                return None

    async def stop(self) -> None:
        """Let go; the server removes the consumer for lack of interest."""
        self._forget()
        if self._subscription is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._subscription.unsubscribe()

    def _checked(self, message: Msg) -> Msg:
        self._received += 1
        if message.metadata.sequence.consumer != self._received:
            raise ReaderBroken("messages were dropped")
        return message

    def _restarted(self) -> None:
        self._broken = True
        with contextlib.suppress(asyncio.QueueFull):  # when full, the flag is seen soon enough
            self._queue.put_nowait(None)
