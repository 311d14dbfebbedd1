"""Asks: a question goes to one instance of the service that answers it; nothing is stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import structlog
from pydantic import ValidationError

from libs.bus import metrics
from libs.bus.errors import AskFailed, BusError, BusUnavailable, UndeclaredMessage
from libs.bus.keyvalue import describe
from libs.bus.wiring import Wiring
from libs.contracts.messages import AnswerT, Ask, Message

log = structlog.get_logger()

ERROR_HEADER = "Everframe-Error"
"""Says why there is no answer; the payload is then empty."""
MOST_AT_ONCE = 32
"""How many asks one instance answers at the same time; it refuses more."""

AskHandler = Callable[[Any], Awaitable[Message]]
"""Takes an ask of its class and returns the answer of the class that the ask names."""


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it travels."""

    payload: bytes = b""
    error: str | None = None


RawHandler = Callable[[str, bytes], Awaitable[RawAnswer]]


class AskTransport(Protocol):
    """Request and reply; the server's or one in memory."""

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> RawAnswer:
        """Return the answer; BusUnavailable when nobody answers in time."""
        ...

    async def serve(self, subjects: Sequence[str], handler: RawHandler) -> None:
        """Answer until cancelled; one instance of the service gets each ask."""
        ...


async def ask(transport: AskTransport, wiring: Wiring, question: Ask[AnswerT]) -> AnswerT:
    """Return the answer to a question; see `Bus.ask`."""
    kind = type(question)
    if kind not in wiring.asks:
        raise UndeclaredMessage(f"{wiring.service} does not ask {kind.__name__}")
    payload = question.model_dump_json(exclude_none=True).encode()
    try:
        raw = await transport.request(question.subject, payload, kind.timeout_seconds)
        if raw.error is not None:
            raise AskFailed(f"{kind.__name__}: {raw.error}")
        answer = kind.answer.model_validate_json(raw.payload)
    except ValidationError as error:
        metrics.ASKED.labels(kind.entity, "failed").inc()
        raise AskFailed(f"the answer does not fit: {describe(error)}") from error
    except BusError as error:
        away = isinstance(error, BusUnavailable)
        metrics.ASKED.labels(kind.entity, "unanswered" if away else "failed").inc()
        raise
    metrics.ASKED.labels(kind.entity, "answered").inc()
    return cast("AnswerT", answer)


async def answer(
    transport: AskTransport,
    wiring: Wiring,
    handlers: Mapping[type[Ask[Any]], AskHandler],
    *,
    site: str,
) -> None:
    """Answer questions until cancelled; see `Bus.answer`."""
    for kind in handlers:
        if kind not in wiring.answers:
            raise UndeclaredMessage(f"{wiring.service} does not answer {kind.__name__}")
    desk = _Desk(handlers)
    await transport.serve([kind.subject_filter(site=site) for kind in handlers], desk.handle)


class _Desk:
    """Finds the handler of an ask and turns what it does into an answer."""

    def __init__(self, handlers: Mapping[type[Ask[Any]], AskHandler]) -> None:
        self._handlers = {kind.entity: (kind, handler) for kind, handler in handlers.items()}
        self._busy = 0

    async def handle(self, subject: str, payload: bytes) -> RawAnswer:
        entity = subject.split(".")[2]
        kind, handler = self._handlers[entity]
        if self._busy >= MOST_AT_ONCE:
            return self._refuse(entity, "busy", "too many questions at once; ask again later")
        try:
            question = kind.model_validate_json(payload)
        except ValidationError as error:
            return self._refuse(entity, "invalid", f"the question does not fit: {describe(error)}")
        if question.subject != subject:
            return self._refuse(entity, "invalid", f"asked on {subject}")
        self._busy += 1
        try:
            found = await handler(question)
        except Exception as error:
            # its text may hold anything, and whoever asked is another service
            log.error("bus.ask_failed", ask=entity, exc_info=error)
            return self._refuse(entity, "failed", f"failed inside: {type(error).__name__}")
        finally:
            self._busy -= 1
        metrics.ANSWERED.labels(entity, "answered").inc()
        return RawAnswer(found.model_dump_json(exclude_none=True).encode())

    def _refuse(self, entity: str, outcome: str, text: str) -> RawAnswer:
        metrics.ANSWERED.labels(entity, outcome).inc()
        return RawAnswer(error=text)
