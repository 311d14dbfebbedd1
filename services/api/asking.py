"""Asking discovery, with its refusals and its absence as problems that callers can read."""

from http import HTTPStatus

from libs.bus.client import Bus
from libs.bus.errors import AskFailed, BusUnavailable
from libs.contracts.devices import Failure, FailureReason
from libs.contracts.messages import AnswerT, Ask
from libs.web.problems import Problem, unavailable

RETRY_SECONDS = 5

_PASSING = frozenset({FailureReason.BUSY, FailureReason.INTERNAL, FailureReason.TIMEOUT})


async def ask_on(bus: Bus | None, question: Ask[AnswerT]) -> AnswerT:
    """Return the answer; raises Problem: 503 where nobody answers, 502 where it failed."""
    if bus is None or not bus.is_connected:
        raise _bus_away()
    try:
        return await bus.ask(question)
    except AskFailed as error:
        raise Problem(HTTPStatus.BAD_GATEWAY, f"discovery could not answer: {error}") from error
    except BusUnavailable as error:
        if not bus.is_connected:
            raise _bus_away() from error
        raise unavailable(
            "discovery is not running, or did not answer in time; try again",
            retry_after_seconds=RETRY_SECONDS,
        ) from error


def refused(failure: Failure, otherwise: HTTPStatus = HTTPStatus.CONFLICT) -> Problem:
    """Return the problem for something that discovery did not start."""
    detail = told(failure)
    if failure.reason in _PASSING:
        return unavailable(detail, retry_after_seconds=RETRY_SECONDS)
    if failure.reason is FailureReason.NOT_FOUND:
        return Problem(HTTPStatus.NOT_FOUND, detail)
    return Problem(otherwise, detail)


def told(failure: Failure) -> str:
    """Return a failure as one line for people."""
    parts = (failure.detail or failure.reason.value.replace("_", " "), failure.advice)
    return ". ".join(part.rstrip(".") for part in parts if part)


def _bus_away() -> Problem:
    return unavailable(
        "the bus is away, so discovery cannot be asked; recording goes on, try again in a few "
        "seconds",
        retry_after_seconds=RETRY_SECONDS,
    )
