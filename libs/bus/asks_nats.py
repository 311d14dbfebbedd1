"""Request and reply on the server: core NATS, one queue group per service."""

import asyncio
import contextlib
from collections.abc import Sequence

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from libs.bus.asks import ERROR_HEADER, RawAnswer, RawHandler
from libs.bus.connection import Connection

log = structlog.get_logger()


class NatsAsks:
    """An AskTransport on the server."""

    def __init__(self, connection: Connection, service: str) -> None:
        self._connection = connection
        self._service = service

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> RawAnswer:
        connection = self._connection
        message = await connection.call(
            subject, lambda: connection.client.request(subject, payload, timeout=timeout_seconds)
        )
        return RawAnswer(message.data, (message.headers or {}).get(ERROR_HEADER))

    async def serve(self, subjects: Sequence[str], handler: RawHandler) -> None:
        """Subscribe, and again on every new connection; running answers end with the caller."""
        async with asyncio.TaskGroup() as answers:
            while True:
                await self._connection.wait_connected()
                await self._serve_until_renewed(subjects, handler, answers)

    async def _serve_until_renewed(
        self, subjects: Sequence[str], handler: RawHandler, answers: asyncio.TaskGroup
    ) -> None:
        async def take(message: Msg) -> None:
            # A callback that takes long would hold up the next ask, and one that raises is lost.
            answers.create_task(self._respond(message, handler), name=f"answer {message.subject}")

        renewed = asyncio.Event()
        forget = self._connection.on_reconnect(renewed.set)
        client = self._connection.client
        subscriptions: list[Subscription] = []
        try:
            for subject in subjects:
                found = await client.subscribe(subject, queue=self._service, cb=take)
                subscriptions.append(found)
            # The client renews subscriptions by itself, but a replaced client has none: beginning
            # anew is right in both cases.
            await renewed.wait()
        finally:
            forget()
            await _unsubscribe(subscriptions)

    async def _respond(self, message: Msg, handler: RawHandler) -> None:
        found = await handler(message.subject, message.data)
        headers = {ERROR_HEADER: found.error} if found.error is not None else None
        client = self._connection.client
        try:
            await client.publish(message.reply, found.payload, headers=headers)
        except (nats.errors.Error, OSError, ValueError) as error:
            log.warning("bus.answer_lost", subject=message.subject, reason=str(error))


async def _unsubscribe(subscriptions: Sequence[Subscription]) -> None:
    for subscription in subscriptions:
        with contextlib.suppress(nats.errors.Error, OSError):
            await subscription.unsubscribe()
