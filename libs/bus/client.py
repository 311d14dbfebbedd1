"""The bus as a service sees it: publish, consume, replay, buckets, leases."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

import structlog
from nats.js import api

from libs.bus import asks, metrics
from libs.bus.asks import AskHandler, AskTransport
from libs.bus.asks_nats import NatsAsks
from libs.bus.bucket import Bucket, JetStreamBucket
from libs.bus.connection import BusConfig, Connection
from libs.bus.consumer import Consumer
from libs.bus.deliveries import Decoder, Delivery, Handler, encode_event
from libs.bus.errors import (
    BusError,
    BusUnavailable,
    InvalidPayload,
    PermissionDenied,
    TopologyDrift,
    UndeclaredMessage,
)
from libs.bus.keyvalue import KeyValue
from libs.bus.leases import Leases
from libs.bus.live import Live, LiveMessage, LiveStore
from libs.bus.live_stream import JetStreamLive
from libs.bus.reader import StreamReader
from libs.bus.topology import EVENTS, UNORDERED_SLOTS, bucket_name
from libs.bus.verify import differences
from libs.bus.wiring import Wiring
from libs.contracts.ids import DEFAULT_SITE
from libs.contracts.live import LivePart, Rendition
from libs.contracts.messages import (
    CLOUDEVENTS_CONTENT_TYPE,
    AnswerT,
    Ask,
    Event,
    Message,
)
from libs.runtime.backoff import Backoff

log = structlog.get_logger()
M = TypeVar("M", bound=Message)

__all__ = ["Bus", "BusConfig", "Delivery", "LiveMessage", "StreamState"]


@dataclass(frozen=True)
class StreamState:
    """Where the event stream is."""

    first_seq: int
    last_seq: int
    created_at: datetime
    """A stream made anew numbers its events anew: whoever stores a sequence stores this too."""
    ack_floor: int
    """Everything up to here is finished by this service's consumer; 0 without a consumer."""


class Bus:
    """One service instance's way to the bus, limited to what its wiring declares."""

    def __init__(self, connection: Connection, wiring: Wiring) -> None:
        self._connection = connection
        self._wiring = wiring
        self._consumer: Consumer | None = None

    @classmethod
    async def connect(cls, config: BusConfig, wiring: Wiring, *, wait_seconds: float) -> Self:
        """Connect and check the topology.

        Raises BusUnavailable when there is no bus within `wait_seconds`, and TopologyDrift when
        streams, consumers or buckets are not as declared.
        """
        connection = Connection(config, wiring.service)
        await connection.open(wait_seconds)
        try:
            await _verify(connection, wiring)
        except BaseException:
            await connection.close(1)
            raise
        return cls(connection, wiring)

    @property
    def is_connected(self) -> bool:
        """What the client believes; `rtt` finds out."""
        return self._connection.is_connected

    async def rtt(self) -> float:
        """Return the seconds of a round trip; BusUnavailable when the server does not answer."""
        return await self._connection.rtt()

    async def publish(self, event: Event) -> None:
        """Store an event once, however often this is called with it.

        Tries the same id again until `publish_deadline_seconds`, then raises BusUnavailable: the
        event may have been stored all the same, publish it again later. Two calls further apart
        than the duplicate window (10 minutes) may both be stored; consumers know by the id.
        """
        check_published(self._wiring, event)
        payload = encode_event(event, service=self._wiring.service)
        backoff = Backoff(first_seconds=0.1, max_seconds=2)
        failure: BusUnavailable | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._connection.config.publish_deadline_seconds):
                while True:
                    await self._connection.wait_connected()
                    try:
                        await self._publish_once(event, payload)
                        return
                    except PermissionDenied:
                        raise
                    except BusUnavailable as error:
                        failure = error
                    metrics.PUBLISH_RETRIES.labels(event.type).inc()
                    await asyncio.sleep(backoff.next_seconds())
        raise BusUnavailable(f"{event.event_id} could not be published") from failure

    async def _publish_once(self, event: Event, payload: bytes) -> None:
        connection = self._connection
        headers = {"Nats-Msg-Id": event.event_id, "Content-Type": CLOUDEVENTS_CONTENT_TYPE}
        ack = await connection.call(
            event.subject,
            lambda: connection.js.publish(
                event.subject,
                payload,
                timeout=connection.config.publish_timeout_seconds,
                stream=EVENTS,
                headers=dict(headers),
            ),
        )
        (metrics.DUPLICATES if ack.duplicate else metrics.PUBLISHED).labels(event.type).inc()

    async def consume(self, handler: Handler) -> None:
        """Hand every consumed event to `handler` until cancelled or drained.

        What a handler raises decides: Transient delays the event, Permanent sends it to the dead
        letters, Conflict finishes it; any other exception is a bug, tried five times and then
        dead-lettered. Payloads that do not fit their contract never reach the handler.
        """
        if not self._wiring.consumes:
            raise UndeclaredMessage(f"{self._wiring.service} consumes nothing")
        if self._consumer is not None:
            raise RuntimeError("this bus is consuming already")
        self._consumer = Consumer(
            self._connection,
            durable=self._wiring.service,
            decoder=Decoder(self._wiring.consumes),
            slots=1 if self._wiring.ordered else UNORDERED_SLOTS,
        )
        try:
            await self._consumer.run(handler)
        finally:
            self._consumer = None

    async def replay(
        self, model_types: Iterable[type[Event]], *, from_seq: int, to_seq: int
    ) -> AsyncGenerator[Delivery, None]:
        """Yield the stored events of these classes from one sequence to another, both included.

        Reads only: nothing is acknowledged. What does not fit its contract is skipped and logged.
        Raises BusUnavailable when the bus stays away.
        """
        models = tuple(model_types)
        decoder = Decoder(models)
        filters = sorted(model.subject_filter() for model in models)
        position = max(1, from_seq)
        failures = 0
        while position <= to_seq:
            reader = self._replay_reader(filters, position)
            try:
                anything = await reader.start()
                while anything:
                    message = await reader.next()
                    if message is None:
                        break  # idle though more was pending: look again from here
                    meta = message.metadata
                    if meta.sequence.stream > to_seq:
                        return
                    position = meta.sequence.stream + 1
                    failures = 0
                    try:
                        yield decoder.decode(
                            message.data,
                            subject=message.subject,
                            stream_seq=meta.sequence.stream,
                            delivered=1,
                        )
                    except InvalidPayload as error:
                        log.warning(
                            "replay.event_skipped",
                            stream_seq=meta.sequence.stream,
                            reason=error.reason,
                        )
                    anything = meta.num_pending > 0
                if not anything:
                    return
            except BusUnavailable as error:
                failures += 1
                if failures > 5:
                    raise BusUnavailable(f"replay stopped at sequence {position}") from error
                await asyncio.sleep(0.2 * 2**failures)
            finally:
                await reader.stop()

    def _replay_reader(self, filters: list[str], position: int) -> StreamReader:
        return StreamReader(
            self._connection,
            EVENTS,
            deliver=api.ConsumerConfig(
                deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=position,
                filter_subjects=filters,
            ),
        )

    async def stream_state(self) -> StreamState:
        """Return where the event stream and this service's consumer are."""
        connection = self._connection
        info = await connection.call(
            f"$JS.API.STREAM.INFO.{EVENTS}", lambda: connection.js.stream_info(EVENTS)
        )
        if info.created is None:
            raise TopologyDrift("the server tells no creation time of the event stream")
        floor = 0
        if self._wiring.consumes:
            durable = self._wiring.service
            consumer = await connection.call(
                f"$JS.API.CONSUMER.INFO.{EVENTS}.{durable}",
                lambda: connection.js.consumer_info(EVENTS, durable),
            )
            floor = consumer.ack_floor.stream_seq if consumer.ack_floor else 0
        return StreamState(info.state.first_seq, info.state.last_seq, info.created, floor)

    def kv(self, model: type[M]) -> KeyValue[M]:
        """Return the bucket of a message class; UndeclaredMessage when the wiring has it not."""
        writable = model in self._wiring.writes
        if model not in self._wiring.buckets:
            raise UndeclaredMessage(f"{self._wiring.service} does not use {model.__name__}")
        return KeyValue(self._bucket(model), model, writable=writable)

    def leases(self, model: type[M], *, ttl_seconds: int) -> Leases[M]:
        """Return leases on the bucket of a message class; TTL in whole seconds."""
        if model not in self._wiring.writes:
            raise UndeclaredMessage(f"{self._wiring.service} does not hold {model.__name__}")
        return Leases(self._bucket(model), model, self.kv(model), ttl_seconds=ttl_seconds)

    async def ask(self, question: Ask[AnswerT]) -> AnswerT:
        """Return the answer of whoever answers this kind of question.

        Raises BusUnavailable when nobody answers within the ask's own timeout, which may mean
        that the service is not running, and AskFailed when it answered that it could not.
        """
        return await asks.ask(self._asks(), self._wiring, question)

    async def answer(
        self, handlers: Mapping[type[Ask[Any]], AskHandler], *, site: str = DEFAULT_SITE
    ) -> None:
        """Answer these questions about a site until cancelled; each must be declared.

        May run more than once, for different questions: some are answered by a leader only.
        A handler that raises is logged, and whoever asked is told that it failed, not why.
        """
        await asks.answer(self._asks(), self._wiring, handlers, site=site)

    async def publish_live(self, part: LivePart, payload: bytes, *, expected_seq: int) -> int:
        """Store a live part; return its sequence, which the rendition's next one expects.

        `expected_seq` is the sequence of the rendition's newest part, 0 for none; parts expire,
        and with the last one this is 0 again. Raises Conflict when another is the newest, which
        is so too after somebody made the stream anew: `last_live` tells where to go on. Raises
        BusUnavailable when it is unknown whether the part was stored, and Permanent when it is
        larger than the server takes. Makes the stream anew when the server lost it.
        """
        if not self._wiring.sends_live:
            raise UndeclaredMessage(f"{self._wiring.service} sends no live parts")
        return await self._live().publish(part, payload, expected_seq=expected_seq)

    async def last_live(
        self, *, site: str = DEFAULT_SITE, camera_id: str, rendition: Rendition
    ) -> LiveMessage | None:
        """Return a rendition's newest part, None when nothing is retained.

        Raises BusUnavailable, and InvalidPayload when it does not fit the contract.
        """
        if not self._wiring.sends_live and not self._wiring.follows_live:
            raise UndeclaredMessage(f"{self._wiring.service} does not use live parts")
        return await self._live().last(_live_subject(site, camera_id, rendition))

    def follow_live(
        self, *, site: str = DEFAULT_SITE, camera_id: str, rendition: Rendition
    ) -> AsyncGenerator[LiveMessage | None, None]:
        """Yield a rendition's retained parts in order, None when all is told, then new ones.

        Begins again by itself after every interruption: everything that is retained is told
        again, and None again. Never ends by itself. Holds a bounded number of parts, however
        slowly they are taken. What does not fit the contract is skipped, logged and counted.
        """
        if not self._wiring.follows_live:
            raise UndeclaredMessage(f"{self._wiring.service} follows no live parts")
        return self._live().follow(_live_subject(site, camera_id, rendition))

    def _live(self) -> Live:
        return Live(self._live_store())

    def _live_store(self) -> LiveStore:
        return JetStreamLive(self._connection)

    def _asks(self) -> AskTransport:
        return NatsAsks(self._connection, self._wiring.service)

    async def drain(self, grace_seconds: float) -> None:
        """Stop consuming, let handlers finish for `grace_seconds`, flush and close.

        Takes at most a few seconds more than the grace period; never raises.
        """
        if self._consumer is not None:
            await self._consumer.stop(grace_seconds)
        await self._connection.close(2)

    def _bucket(self, model: type[M]) -> Bucket:
        return JetStreamBucket(self._connection, bucket_name(model))


def check_published(wiring: Wiring, event: Event) -> None:
    """Raise UndeclaredMessage for an event that the service does not declare."""
    if type(event) not in wiring.publishes:
        raise UndeclaredMessage(f"{wiring.service} does not publish {type(event).__name__}")


def _live_subject(site: str, camera_id: str, rendition: Rendition) -> str:
    return LivePart.subject_filter(site=site, camera_id=camera_id, rendition=rendition)


async def _verify(connection: Connection, wiring: Wiring) -> None:
    try:
        found = await differences(connection, wiring)
    except BusUnavailable:
        raise
    except BusError as error:
        raise TopologyDrift(f"{error}; run the declare step") from error
    if found:
        raise TopologyDrift(f"run the declare step; what differs: {'; '.join(found)}")
