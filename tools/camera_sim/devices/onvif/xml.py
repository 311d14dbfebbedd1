"""Building and reading XML elements in few words."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from tools.camera_sim.devices.onvif.names import NAMESPACES, qname

Element = etree._Element  # noqa: SLF001 - the only name that lxml gives its elements
Text = str | int | float | datetime | timedelta
Content = Element | Text | Iterable[Element] | None

_DURATION: Final = re.compile(
    r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6}(?:\.\d{1,6})?)S)?)?"
)


def el(name: str, *contents: Content, **attributes: Text) -> Element:
    """Return an element such as `tt:Name` with children, or with a text; None is left out."""
    element = etree.Element(qname(name), nsmap=NAMESPACES)
    for key, value in attributes.items():
        element.set(key, text_of(value))
    for content in contents:
        if isinstance(content, Element):
            element.append(content)
        elif isinstance(content, Text):
            element.text = text_of(content)
        elif content is not None:
            element.extend(content)
    return element


def text_of(value: Text) -> str:
    """Return a value as XML Schema writes it; times as UTC with Z."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    return str(value)


def local_name(element: Element) -> str:
    """Name without its namespace; what lxml has for comments is no name."""
    return str(element.tag).rpartition("}")[2]


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first descendant along a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next((found for found in element if local_name(found) == name), None)
    return element


def child_text(element: Element | None, *path: str) -> str | None:
    """Return the stripped text at a path of local names; None where there is no element."""
    found = child(element, *path)
    return None if found is None else (found.text or "").strip()


def read_duration(text: str) -> timedelta:
    """Read days to seconds of an xs:duration; raises ValueError (months have no length)."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("not a duration of days to seconds")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def read_time(text: str) -> datetime:
    """Read an xs:dateTime; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error
