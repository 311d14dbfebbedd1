"""Live parts on the bus: media with plain headers, the newest one guarded, retained for seconds."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import structlog
from pydantic import ValidationError

from libs.bus import metrics
from libs.bus.errors import BusError, InvalidPayload, StreamMissing
from libs.bus.keyvalue import describe
from libs.contracts.live import LivePart
from libs.runtime.backoff import Backoff

log = structlog.get_logger()

HEADER_PREFIX = "Everframe-"
LOOK_AGAIN_SECONDS = 0.5
"""How often a follower looks whether a missing stream is there again."""


@dataclass(frozen=True)
class LiveMessage:
    """A part with its media as it lies in the stream."""

    part: LivePart
    payload: bytes
    seq: int
    """What the next publisher of this rendition expects. Numbered anew when the stream is."""


@dataclass(frozen=True)
class RawPart:
    """A message of the live stream, not understood yet."""

    seq: int
    headers: Mapping[str, str]
    payload: bytes


class LiveStore(Protocol):
    """The live stream, untyped; one on the server, one in memory."""

    async def publish(
        self, subject: str, payload: bytes, headers: Mapping[str, str], *, expected_seq: int
    ) -> int:
        """Store as the newest after `expected_seq` (0: as the only one); return the sequence."""

    async def last(self, subject: str) -> RawPart | None:
        """Return the newest message, None without one or without a stream."""

    def follow(self, subject: str) -> AsyncGenerator[RawPart | None, None]:
        """Yield what is retained, None when all is told, then new messages.

        Raises StreamMissing, and another BusError when something may have been missed.
        """

    async def ready(self) -> None:
        """Return when it is worth trying."""


class Live:
    """Typed parts over a store; what `Bus` hands on to."""

    def __init__(self, store: LiveStore) -> None:
        self._store = store

    async def publish(self, part: LivePart, payload: bytes, *, expected_seq: int) -> int:
        """Store a part; see `Bus.publish_live`."""
        seq = await self._store.publish(
            part.subject, payload, encode_headers(part), expected_seq=expected_seq
        )
        metrics.LIVE_PUBLISHED.inc()
        return seq

    async def last(self, subject: str) -> LiveMessage | None:
        """Return a rendition's newest part; see `Bus.last_live`."""
        raw = await self._store.last(subject)
        return None if raw is None else decode(raw, subject)

    async def follow(self, subject: str) -> AsyncGenerator[LiveMessage | None, None]:
        """Yield a rendition's parts; see `Bus.follow_live`."""
        backoff = Backoff(first_seconds=0.1, max_seconds=2)
        told_missing = False
        while True:
            await self._store.ready()
            try:
                async with aclosing(self._store.follow(subject)) as messages:
                    async for raw in messages:
                        backoff.reset()
                        told_missing = False
                        if raw is None:
                            yield None
                        elif (message := _decoded(raw, subject)) is not None:
                            yield message
            except StreamMissing:
                if not told_missing:
                    told_missing = True
                    yield None
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            except BusError as error:
                log.warning("live.follow_restarted", subject=subject, reason=str(error))
                metrics.LIVE_RESTARTS.inc()
            await asyncio.sleep(backoff.next_seconds())


def encode_headers(part: LivePart) -> dict[str, str]:
    """Return a part as headers, one per field; fields at their default are left out."""
    fields = part.model_dump(mode="json", exclude_defaults=True)
    return {f"{HEADER_PREFIX}{name}": _text(value) for name, value in fields.items()}


def decode(raw: RawPart, subject: str) -> LiveMessage:
    """Return the part of a message; InvalidPayload when its headers do not fit the contract."""
    fields = {
        name.removeprefix(HEADER_PREFIX): value
        for name, value in raw.headers.items()
        if name.startswith(HEADER_PREFIX)
    }
    try:
        part = LivePart.model_validate_strings(fields)
    except ValidationError as error:
        raise InvalidPayload("invalid_part", describe(error)) from error
    if part.subject != subject:
        raise InvalidPayload("wrong_subject", f"a part of {part.subject} on {subject}")
    if part.init_bytes > len(raw.payload):
        raise InvalidPayload("invalid_part", "the init segment is longer than the payload")
    return LiveMessage(part, raw.payload, raw.seq)


def _decoded(raw: RawPart, subject: str) -> LiveMessage | None:
    try:
        return decode(raw, subject)
    except InvalidPayload as error:
        metrics.INVALID_LIVE_PARTS.labels(error.reason).inc()
        log.error("live.part_skipped", subject=subject, seq=raw.seq, error=str(error))
        return None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
