"""The bus in memory, for tests of services: same interface, same verdicts, no server.

`FakeBroker` is the server; every `broker.bus(WIRING)` is one connected instance. Values, watches,
leases and live parts run the real code over a store in memory. Not here: duplicate windows,
heartbeats, expiry by age.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from libs.bus.asks import AskTransport
from libs.bus.bucket import Bucket, RawChange, RawEntry, check_key
from libs.bus.client import Bus, StreamState, check_published
from libs.bus.connection import BusConfig, Connection
from libs.bus.deliveries import Decoder, Delivery, Handler, encode_event, verdict_on
from libs.bus.errors import BusUnavailable, Conflict, InvalidPayload, UndeclaredMessage
from libs.bus.live import LiveStore
from libs.bus.testing_asks import MemoryAsks
from libs.bus.testing_live import MemoryLive
from libs.bus.topology import bucket_name
from libs.bus.wiring import Wiring
from libs.contracts.messages import Event, Message


@dataclass(frozen=True)
class Stored:
    """One message of the event stream."""

    seq: int
    subject: str
    payload: bytes


@dataclass(frozen=True)
class DeadLetter:
    """An event that a consumer gave up."""

    consumer: str
    reason: str
    payload: bytes


@dataclass
class _Progress:
    """What the server knows about one durable consumer."""

    floor: int = 0
    delivered: Counter[int] = field(default_factory=Counter)
    bugs: Counter[int] = field(default_factory=Counter)


class FakeBroker:
    """A server in memory. One event loop; not for threads."""

    def __init__(self) -> None:
        self.events: list[Stored] = []
        self.dead_letters: list[DeadLetter] = []
        self.created_at = datetime.now(UTC)
        self.online = asyncio.Event()
        self.online.set()
        self._ids: set[str] = set()
        self._progress: dict[str, _Progress] = {}
        self._buckets: dict[str, MemoryBucket] = {}
        self._changed = asyncio.Event()
        self.live = MemoryLive(self)
        self.asks = MemoryAsks(self)

    def bus(self, wiring: Wiring) -> "FakeBus":
        """Return a connected instance of a service."""
        return FakeBus(self, wiring)

    def go_offline(self) -> None:
        """Refuse everything and interrupt watches and followers until `go_online`."""
        self.online.clear()
        self.live.interrupt()
        for bucket in self._buckets.values():
            bucket.interrupt()

    def go_online(self) -> None:
        """Answer again; what was stored is still there."""
        self.online.set()
        self.wake()

    def lose_live(self) -> None:
        """Forget every live part, as a restart of the server does."""
        self.live.lose()

    def expire(self, model: type[Message], key: str) -> None:
        """Let a key's TTL run out now."""
        self.bucket(bucket_name(model)).expire(key)

    def bucket(self, name: str) -> "MemoryBucket":
        """Return a bucket, made when first asked for."""
        return self._buckets.setdefault(name, MemoryBucket(name, self))

    def progress(self, consumer: str) -> _Progress:
        """Return a durable consumer's state."""
        return self._progress.setdefault(consumer, _Progress())

    def check_online(self) -> None:
        """Raise BusUnavailable while offline."""
        if not self.online.is_set():
            raise BusUnavailable("the fake bus is offline")

    def store(self, subject: str, payload: bytes, message_id: str) -> bool:
        """Append a message; return False for an id that is there already."""
        if message_id in self._ids:
            return False
        self._ids.add(message_id)
        self.events.append(Stored(len(self.events) + 1, subject, payload))
        self.wake()
        return True

    def published(self, model: type[Event]) -> list[Event]:
        """Return the stored events of a class, oldest first, for assertions."""
        decoder = Decoder([model])
        return [
            decoder.decode(s.payload, subject=s.subject, stream_seq=s.seq, delivered=1).event
            for s in self.events
            if subject_matches(model, s.subject)
        ]

    def wake(self) -> None:
        """Let whoever waits for something new look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Return at the next change."""
        await self._changed.wait()


class FakeBus(Bus):
    """A Bus whose server is a FakeBroker."""

    def __init__(self, broker: FakeBroker, wiring: Wiring) -> None:
        super().__init__(Connection(BusConfig(url="fake"), wiring.service), wiring)
        self.broker = broker
        self._drained = asyncio.Event()
        self._current: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self.broker.online.is_set()

    async def rtt(self) -> float:
        self.broker.check_online()
        return 0.0001

    async def publish(self, event: Event) -> None:
        check_published(self._wiring, event)
        await asyncio.sleep(0)
        self.broker.check_online()
        payload = encode_event(event, service=self._wiring.service)
        self.broker.store(event.subject, payload, event.event_id)

    async def consume(self, handler: Handler) -> None:
        if not self._wiring.consumes:
            raise UndeclaredMessage(f"{self._wiring.service} consumes nothing")
        decoder = Decoder(self._wiring.consumes)
        while not self._drained.is_set():
            stored = self._next()
            if stored is None:
                await self._something_happens()
                continue
            self._current = asyncio.create_task(self._attend(stored, decoder, handler))
            try:
                await asyncio.wait([self._current])
            finally:
                self._current.cancel()

    async def replay(
        self, model_types: Iterable[type[Event]], *, from_seq: int, to_seq: int
    ) -> AsyncGenerator[Delivery, None]:
        models = tuple(model_types)
        decoder = Decoder(models)
        for stored in self.broker.events[max(1, from_seq) - 1 : to_seq]:
            self.broker.check_online()
            if not any(subject_matches(model, stored.subject) for model in models):
                continue
            try:
                yield decoder.decode(
                    stored.payload, subject=stored.subject, stream_seq=stored.seq, delivered=1
                )
            except InvalidPayload:
                continue

    async def stream_state(self) -> StreamState:
        self.broker.check_online()
        last = len(self.broker.events)
        floor = self.broker.progress(self._wiring.service).floor
        return StreamState(min(1, last), last, self.broker.created_at, floor)

    async def drain(self, grace_seconds: float) -> None:
        self._drained.set()
        self.broker.wake()
        if self._current is not None and not self._current.done():
            await asyncio.wait([self._current], timeout=grace_seconds)
            self._current.cancel()

    def _bucket(self, model: type[Message]) -> Bucket:
        return self.broker.bucket(bucket_name(model))

    def _live_store(self) -> LiveStore:
        return self.broker.live

    def _asks(self) -> AskTransport:
        return self.broker.asks

    def _next(self) -> Stored | None:
        if not self.broker.online.is_set():
            return None
        floor = self.broker.progress(self._wiring.service).floor
        for stored in self.broker.events[floor:]:
            if any(subject_matches(event, stored.subject) for event in self._wiring.consumes):
                return stored
        return None

    async def _something_happens(self) -> None:
        if not self._drained.is_set():
            await self.broker.changed()

    async def _attend(self, stored: Stored, decoder: Decoder, handler: Handler) -> None:
        name = self._wiring.service
        progress = self.broker.progress(name)
        progress.delivered[stored.seq] += 1
        delivered = progress.delivered[stored.seq]
        try:
            await handler(
                decoder.decode(
                    stored.payload,
                    subject=stored.subject,
                    stream_seq=stored.seq,
                    delivered=delivered,
                )
            )
        except Exception as error:  # noqa: BLE001 - as the real consumer does
            progress.bugs[stored.seq] += 1
            verdict = verdict_on(error, delivered=delivered, failures=progress.bugs[stored.seq])
            if verdict.outcome != "bug":
                progress.bugs.pop(stored.seq)
            if verdict.kind == "later":
                await asyncio.sleep(0.001)
                return
            if verdict.kind == "dead":
                self.broker.dead_letters.append(DeadLetter(name, verdict.reason, stored.payload))
        progress.floor = stored.seq


class MemoryBucket:
    """A bucket in memory: history 1, TTL by the event loop's clock."""

    def __init__(self, name: str, broker: FakeBroker) -> None:
        self.name = name
        self._broker = broker
        self._entries: dict[str, RawEntry] = {}
        self._revision = 0
        self._followers: set[asyncio.Queue[RawChange | None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def ready(self) -> None:
        await self._broker.online.wait()

    async def read(self, key: str) -> RawEntry | None:
        check_key(key)
        await asyncio.sleep(0)
        self._broker.check_online()
        return self._entries.get(key)

    async def write(
        self,
        key: str,
        data: bytes,
        *,
        expected: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        check_key(key)
        await asyncio.sleep(0)
        self._broker.check_online()
        current = self._entries.get(key)
        newest = 0 if current is None else current.revision
        if expected is not None and expected != newest:
            raise Conflict(f"{key}: the newest revision is {newest}, not {expected}")
        return self._store(key, data, dict(headers or {}))

    async def follow(self) -> AsyncGenerator[RawChange | None, None]:
        self._broker.check_online()
        queue: asyncio.Queue[RawChange | None] = asyncio.Queue()
        self._followers.add(queue)
        try:
            for key, entry in sorted(self._entries.items(), key=lambda item: item[1].revision):
                yield RawChange(key, entry)
            yield None
            while (change := await queue.get()) is not None:
                yield change
            raise BusUnavailable("the fake bus was interrupted")
        finally:
            self._followers.discard(queue)

    def interrupt(self) -> None:
        """Break every watch off."""
        for queue in self._followers:
            queue.put_nowait(None)

    def clear(self) -> None:
        """Forget everything, as when a bucket was deleted and made anew."""
        self._entries.clear()
        self._revision = 0
        self.interrupt()

    def expire(self, key: str) -> None:
        """Leave a marker, as the server does when a TTL has run out."""
        current = self._entries.get(key)
        if current is not None and not current.is_marker:
            self._store(key, b"", {"Nats-Marker-Reason": "MaxAge"})

    def _store(self, key: str, data: bytes, headers: dict[str, str]) -> int:
        self._revision += 1
        entry = RawEntry(self._revision, data, headers)
        self._entries[key] = entry
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        if "Nats-TTL" in headers and not entry.is_marker:
            seconds = float(headers["Nats-TTL"].removesuffix("s"))
            expire: Callable[[str], None] = self.expire
            self._timers[key] = asyncio.get_running_loop().call_later(seconds, expire, key)
        for queue in self._followers:
            queue.put_nowait(RawChange(key, entry))
        return self._revision


def subject_matches(model: type[Event], subject: str) -> bool:
    """Whether an event class uses this subject."""
    wanted, tokens = model.subject_filter().split("."), subject.split(".")
    return len(wanted) == len(tokens) and all(
        w in {"*", t} for w, t in zip(wanted, tokens, strict=True)
    )
