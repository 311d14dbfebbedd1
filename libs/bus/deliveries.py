"""From a stored message to an event, and from a handler's outcome to a verdict. No I/O."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal, cast

from pydantic import BaseModel, ValidationError

from libs.bus.errors import Conflict, InvalidPayload, Permanent, Transient
from libs.bus.keyvalue import describe
from libs.contracts.messages import CloudEvent, Event

BUG_DELIVERIES = 5
"""An event whose handler fails by a bug is given up after so many attempts."""
_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 30.0


@dataclass(frozen=True)
class Delivery:
    """One event as it reaches a handler."""

    event: Event
    event_id: str
    type: str
    stream_seq: int
    time: datetime
    """When the event was first published."""
    delivered: int = 1
    """1 at the first delivery; handlers are idempotent, so it is for people."""


Handler = Callable[[Delivery], Awaitable[None]]


@dataclass(frozen=True)
class Verdict:
    """What becomes of an event."""

    kind: Literal["done", "later", "dead"]
    outcome: str
    """Closed set, for metrics."""
    delay_seconds: float = 0.0
    reason: str = ""
    detail: str = ""


class _Head(BaseModel):
    type: str


class Decoder:
    """Turns payloads into the events that somebody consumes."""

    def __init__(self, events: Iterable[type[Event]]) -> None:
        self._envelopes: dict[str, type[CloudEvent[Event]]] = {
            event.type: envelope_model(event) for event in events
        }

    def decode(self, payload: bytes, *, subject: str, stream_seq: int, delivered: int) -> Delivery:
        """Return the event; InvalidPayload when it is none of ours or does not fit."""
        try:
            kind = _Head.model_validate_json(payload).type
        except ValidationError as error:
            raise InvalidPayload("not_an_envelope", describe(error)) from error
        envelope_model = self._envelopes.get(kind)
        if envelope_model is None:
            raise InvalidPayload("unknown_type", kind[:100])
        try:
            envelope = envelope_model.model_validate_json(payload)
        except ValidationError as error:
            raise InvalidPayload("invalid_payload", describe(error)) from error
        if envelope.data.subject != subject:
            raise InvalidPayload("wrong_subject", f"{envelope.data.subject} came on {subject}")
        return Delivery(
            event=envelope.data,
            event_id=envelope.id,
            type=kind,
            stream_seq=stream_seq,
            time=envelope.time,
            delivered=delivered,
        )


def encode_event(event: Event, *, service: str) -> bytes:
    """Return the envelope of an event as it is stored."""
    envelope = envelope_model(type(event)).wrap(event, service=service, now=datetime.now(UTC))
    return envelope.model_dump_json(exclude_none=True).encode()


@cache  # making the class anew costs more than all the rest of publishing
def envelope_model(event: type[Event]) -> type[CloudEvent[Event]]:
    """Return `CloudEvent[event]`, which the type checker cannot write for a run-time class."""
    return cast("type[CloudEvent[Event]]", CloudEvent.__class_getitem__(event))


def verdict_on(error: Exception, *, delivered: int, failures: int) -> Verdict:
    """Return what becomes of an event whose handler raised `error`.

    `failures` counts the attempts that ended in a bug, this one included.
    """
    detail = f"{type(error).__name__}: {error}"
    match error:
        case Conflict():
            return Verdict("done", "conflict")
        case Transient():
            return Verdict("later", "transient", delay_seconds=_delay(delivered), detail=detail)
        case InvalidPayload():
            return Verdict("dead", "invalid", reason=error.reason, detail=error.detail)
        case Permanent():
            return Verdict("dead", "permanent", reason="permanent", detail=detail)
    if failures >= BUG_DELIVERIES:
        return Verdict("dead", "bug", reason="bug", detail=detail)
    return Verdict("later", "bug", delay_seconds=_delay(failures), detail=detail)


def _delay(attempts: int) -> float:
    doubled: float = _FIRST_DELAY_SECONDS * 2.0 ** min(attempts - 1, 10)
    return min(_LONGEST_DELAY_SECONDS, doubled)
