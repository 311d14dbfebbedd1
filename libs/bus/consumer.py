"""The service's durable consumer: fetch into free slots, handle, acknowledge or bury."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from libs.bus import metrics
from libs.bus.connection import Connection
from libs.bus.deliveries import Decoder, Delivery, Handler, Verdict, verdict_on
from libs.bus.errors import BusError, BusUnavailable
from libs.bus.topology import ACK_WAIT_SECONDS, EVENTS, dead_letter_subject
from libs.runtime.backoff import Backoff

log = structlog.get_logger()

_FETCH_SECONDS = 1.0
_ACK_ATTEMPTS = 3


class Consumer:
    """One run of consuming; `stop` ends it from outside."""

    def __init__(
        self,
        connection: Connection,
        *,
        durable: str,
        decoder: Decoder,
        slots: int,
        ack_wait_seconds: float = ACK_WAIT_SECONDS,
    ) -> None:
        self._connection = connection
        self._durable = durable
        self._decoder = decoder
        self._slots = slots
        self._ack_wait_seconds = ack_wait_seconds
        self._stopping = False
        self._wake = asyncio.Event()
        self._fetching: asyncio.Task[None] | None = None
        self._running: dict[asyncio.Task[None], Msg] = {}
        self._bugs: dict[int, int] = {}
        self._backoff = Backoff(first_seconds=0.2, max_seconds=15)

    async def run(self, handler: Handler) -> None:
        """Consume until `stop` or cancellation.

        A fetch is never cut off, because what it had already received would wait for half a
        minute to come again; cancellation therefore takes up to a second plus the grace period.
        """
        self._fetching = asyncio.create_task(
            self._fetch_all(handler), name=f"bus-consume-{self._durable}"
        )
        try:
            await asyncio.shield(self._fetching)
            if self._running:
                await asyncio.wait(self._running)
        finally:
            await self.stop(self._connection.config.shutdown_grace_seconds)

    async def stop(self, grace_seconds: float) -> None:
        """Fetch no more, let handlers finish for `grace_seconds`, return the rest to the bus."""
        self._stopping = True
        self._wake.set()
        started = time.monotonic()
        if self._fetching is not None and not self._fetching.done():
            await asyncio.wait([self._fetching], timeout=2 * _FETCH_SECONDS)
            self._fetching.cancel()
        if self._running:
            left = grace_seconds - (time.monotonic() - started)
            await asyncio.wait(self._running, timeout=max(0.0, left))
        for task in tuple(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=1)

    async def _fetch_all(self, handler: Handler) -> None:
        generation = -1
        subscription: JetStreamContext.PullSubscription | None = None
        while not self._stopping:
            free = self._slots - len(self._running)
            if free == 0:
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                if subscription is None or generation != self._connection.generation:
                    await self._let_go(subscription)
                    generation = self._connection.generation
                    subscription = await self._bind()
                messages = await self._fetch(subscription, free)
            except BusError as error:
                await self._wait_after(error)
                continue
            for message in messages:
                if self._stopping:
                    await self._send(message, message.nak)
                else:
                    self._start(message, handler)
        await self._let_go(subscription)

    async def _bind(self) -> JetStreamContext.PullSubscription:
        return await self._connection.call(
            f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{self._durable}",
            lambda: self._connection.js.pull_subscribe_bind(consumer=self._durable, stream=EVENTS),
        )

    async def _fetch(self, subscription: JetStreamContext.PullSubscription, free: int) -> list[Msg]:
        async def fetch() -> list[Msg]:
            try:
                return await subscription.fetch(free, timeout=_FETCH_SECONDS)
            except nats.errors.TimeoutError:
                return []  # nothing new
            except TimeoutError:
                return []

        messages = await self._connection.call(
            f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{self._durable}", fetch
        )
        self._backoff.reset()
        return messages

    async def _wait_after(self, error: BusError) -> None:
        """Without a pause a deleted consumer answers thousands of times per second."""
        delay = self._backoff.next_seconds()
        metrics.ERRORS.labels("fetch").inc()
        log.warning(
            "bus.fetch_failed", consumer=self._durable, error=str(error), retry_seconds=delay
        )
        if self._stopping:
            return
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._wake.wait()

    async def _let_go(self, subscription: JetStreamContext.PullSubscription | None) -> None:
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

    def _start(self, message: Msg, handler: Handler) -> None:
        seq = message.metadata.sequence.stream
        task = asyncio.create_task(self._attend(message, handler), name=f"bus-event-{seq}")
        self._running[task] = message
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("bus.delivery_failed", consumer=self._durable, exc_info=error)

    async def _attend(self, message: Msg, handler: Handler) -> None:
        meta = message.metadata
        if meta.num_delivered > 1:
            metrics.REDELIVERIES.labels(self._durable).inc()
        heartbeat = asyncio.create_task(self._heartbeat(message), name="bus-heartbeat")
        try:
            verdict = await self._handle(message, handler)
            await self._carry_out(verdict, message)
        except asyncio.CancelledError:
            with contextlib.suppress(nats.errors.Error, OSError):
                await message.nak()
            raise
        finally:
            heartbeat.cancel()

    async def _handle(self, message: Msg, handler: Handler) -> Verdict:
        meta = message.metadata
        seq = meta.sequence.stream
        started = time.perf_counter()
        delivery: Delivery | None = None
        try:
            delivery = self._decoder.decode(
                message.data,
                subject=message.subject,
                stream_seq=seq,
                delivered=meta.num_delivered,
            )
            await handler(delivery)
        except Exception as error:  # noqa: BLE001 - the one place that turns errors into verdicts
            self._bugs[seq] = self._bugs.get(seq, 0) + 1
            verdict = verdict_on(error, delivered=meta.num_delivered, failures=self._bugs[seq])
            self._report(verdict, error, message, delivery)
        else:
            verdict = Verdict("done", "handled")
        metrics.HANDLER_SECONDS.labels(self._durable).observe(time.perf_counter() - started)
        if verdict.outcome != "bug" or verdict.kind == "dead":
            self._bugs.pop(seq, None)
        return verdict

    def _report(
        self, verdict: Verdict, error: Exception, message: Msg, delivery: Delivery | None
    ) -> None:
        bound = log.bind(
            consumer=self._durable,
            event_id=delivery.event_id if delivery else None,
            stream_seq=message.metadata.sequence.stream,
            delivered=message.metadata.num_delivered,
        )
        if verdict.outcome == "bug":
            bound.error("event.handler_failed", outcome=verdict.kind, exc_info=error)
        elif verdict.kind == "later":
            bound.warning(
                "event.postponed", detail=verdict.detail, delay_seconds=verdict.delay_seconds
            )

    async def _carry_out(self, verdict: Verdict, message: Msg) -> None:
        metrics.HANDLED.labels(self._durable, verdict.outcome).inc()
        if verdict.kind == "later":
            await self._send(message, lambda: message.nak(delay=verdict.delay_seconds))
        elif verdict.kind == "done":
            await self._acknowledge(message)
        else:
            await self._bury(message, verdict)

    async def _acknowledge(self, message: Msg) -> None:
        """Acknowledge and see it arrive; a lost one would hold up the stream for half a minute.

        A server that was killed may not know the delivery any more and never answers.
        """
        for _ in range(_ACK_ATTEMPTS):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._ack_wait_seconds / 2):
                    await self._connection.wait_connected()
            with contextlib.suppress(BusUnavailable):
                await self._connection.call(message.reply, lambda: self._acknowledge_once(message))
                return
        log.warning("event.acknowledgement_lost", consumer=self._durable)

    async def _acknowledge_once(self, message: Msg) -> None:
        await self._connection.client.request(message.reply, b"+ACK", timeout=1)

    async def _bury(self, message: Msg, verdict: Verdict) -> None:
        """Write the dead letter, and only when it is stored terminate the event."""
        meta = message.metadata
        headers = {
            "Nats-Msg-Id": f"{meta.stream}.{meta.sequence.stream}.{self._durable}",
            "Everframe-Reason": verdict.reason,
            "Everframe-Detail": _header_text(verdict.detail),
            "Everframe-Subject": message.subject,
            "Everframe-Sequence": str(meta.sequence.stream),
            "Everframe-Deliveries": str(meta.num_delivered),
        }
        subject = dead_letter_subject(meta.stream, self._durable)
        try:
            await self._connection.call(
                subject,
                lambda: self._connection.js.publish(subject, message.data, headers=dict(headers)),
            )
        except BusError as error:
            log.warning("event.burial_postponed", consumer=self._durable, error=str(error))
            await self._send(message, lambda: message.nak(delay=2))
            return
        metrics.DEAD_LETTERS.labels(self._durable, verdict.reason).inc()
        log.error(
            "event.dead_lettered",
            consumer=self._durable,
            stream_seq=meta.sequence.stream,
            reason=verdict.reason,
            detail=verdict.detail,
        )
        client = self._connection.client
        term = f"+TERM {verdict.reason}".encode()
        await self._send(message, lambda: client.publish(message.reply, term))

    async def _send(self, message: Msg, action: Callable[[], Awaitable[None]]) -> None:
        with contextlib.suppress(BusError, nats.errors.Error, OSError):
            await self._connection.call(message.reply, action)

    async def _heartbeat(self, message: Msg) -> None:
        while True:
            await asyncio.sleep(self._ack_wait_seconds / 3)
            await self._send(message, message.in_progress)


def _header_text(text: str) -> str:
    """Return `text` as a header may carry it: one line, ASCII, not too long."""
    return " ".join(text.split())[:500].encode("ascii", "backslashreplace").decode()
