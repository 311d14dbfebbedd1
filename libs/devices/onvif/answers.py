"""Zeep's answers, read without trusting them: any part may be missing or of another kind."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from libs.devices.onvif.faults import printable

_MAX_ITEMS = 10_000


def field_of(answer: Any, *path: str) -> Any:
    """Return the field at the end of a path; None where anything on the way is missing."""
    for name in path:
        answer = getattr(answer, name, None)
    return answer


def items_of(answer: Any, *path: str) -> Sequence[Any]:
    """Return a repeated field; a single or missing one is a list too. At most 10,000."""
    found = field_of(answer, *path)
    if found is None:
        return ()
    return found[:_MAX_ITEMS] if isinstance(found, list) else (found,)


def text_of(answer: Any, *path: str) -> str:
    """Return a text on one line, cut to 300 characters; empty where it is missing."""
    found = field_of(answer, *path)
    value = getattr(found, "_value_1", found)
    return printable(str(value), 300) if isinstance(value, str | int | float) else ""


def number_of(answer: Any, *path: str) -> float:
    """Return a number that is not negative; 0 where it is missing or makes no sense."""
    try:
        number = float(field_of(answer, *path))
    except (TypeError, ValueError):
        return 0.0
    return number if 0 <= number < 1e12 else 0.0


def token_of(answer: Any, *path: str) -> str:
    """Return a reference token as it is: the device compares it letter by letter."""
    found = field_of(answer, *path)
    value = getattr(found, "_value_1", found)
    return value if isinstance(value, str) else ""


def time_of(answer: Any, *path: str) -> datetime | None:
    """Return a time as aware UTC; ONVIF's times without a zone are UTC."""
    found = field_of(answer, *path)
    if not isinstance(found, datetime):
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
