"""What a service's user on the NATS server needs, from its wiring; everything else is refused.

The server looks at the subject of a message only, not at the subject that a client names for the
answer. So this keeps a service from subscribing to and from publishing what is not its own, but
it is no wall around one that was taken over: docs/guide/operate.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from libs.bus.connection import inbox_prefix
from libs.bus.topology import (
    DEAD_LETTERS,
    EVENTS,
    LIVE,
    bucket_name,
    bucket_stream,
    dead_letter_subject,
    writable_keys,
)
from libs.bus.wiring import Wiring
from libs.contracts.live import LivePart


@dataclass(frozen=True)
class Permissions:
    """Subjects that a user may use, with wildcards; sorted, each once."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    may_answer: bool = False
    """Whether the user may publish to wherever a received message wants its answer, once."""


def permissions(wiring: Wiring) -> Permissions:
    """Return what the user of this service may publish and subscribe to."""
    publish = {
        *_events(wiring),
        *_buckets(wiring),
        *_live(wiring),
        *(question.subject_filter() for question in wiring.asks),
    }
    # What is stored is delivered to inboxes; only asks are subscribed to by their own names.
    subscribe = {
        f"{inbox_prefix(wiring.service)}.>",
        *(question.subject_filter() for question in wiring.answers),
    }
    return Permissions(
        tuple(sorted(publish)), tuple(sorted(subscribe)), may_answer=bool(wiring.answers)
    )


def _events(wiring: Wiring) -> Iterable[str]:
    if wiring.publishes or wiring.consumes:
        yield _checking(EVENTS)
    for event in wiring.publishes:
        yield event.subject_filter()
    if wiring.consumes:
        own = f"{EVENTS}.{wiring.service}"
        yield f"$JS.API.CONSUMER.INFO.{own}"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{own}"
        yield from _both_forms("ACK", own)
        yield from _following(EVENTS)  # replay
        yield _checking(DEAD_LETTERS)
        yield dead_letter_subject(EVENTS, wiring.service)


def _buckets(wiring: Wiring) -> Iterable[str]:
    for model in wiring.buckets:
        stream = bucket_stream(bucket_name(model))
        yield _checking(stream)
        yield f"$JS.API.STREAM.MSG.GET.{stream}"
        yield from _following(stream)
    for model in wiring.writes:
        yield f"$KV.{bucket_name(model)}.{writable_keys(model, wiring.service)}"


def _live(wiring: Wiring) -> Iterable[str]:
    if wiring.sends_live or wiring.follows_live:
        yield _checking(LIVE)
        yield f"$JS.API.STREAM.MSG.GET.{LIVE}"
    if wiring.sends_live:
        yield LivePart.subject_filter()
        yield f"$JS.API.STREAM.CREATE.{LIVE}"  # a restart of the server takes it away
    if wiring.follows_live:
        yield from _following(LIVE)


def _checking(stream: str) -> str:
    """Return what looking at a stream's declaration and state needs."""
    return f"$JS.API.STREAM.INFO.{stream}"


def _following(stream: str) -> Iterable[str]:
    """Yield what a StreamReader needs; not the forms that name a consumer, as durable ones do."""
    yield f"$JS.API.CONSUMER.CREATE.{stream}"
    yield from _both_forms("FC", stream)


def _both_forms(kind: str, name: str) -> Iterable[str]:
    """Yield the form of now and the coming one, which has domain and account before the name."""
    yield f"$JS.{kind}.{name}.>"
    yield f"$JS.{kind}.*.*.{name}.>"
