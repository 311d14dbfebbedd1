"""Dahua's `key=value` answers, as firmware really writes them.

Names may have blanks inside and around them, lines may end in any way, and a name can be repeated
in another spelling: so names are compared without blanks and in lower case.
"""

import re
from collections.abc import Mapping

MAX_LINES = 50_000
_NAME = re.compile(r"[\w.:\[\]/-]{1,200}", re.ASCII)


def parse(body: bytes) -> dict[str, str]:
    """Return the values by name, names in lower case and without blanks; the first one counts.

    Other lines, mark-up among them, are passed over.
    """
    values: dict[str, str] = {}
    for line in text_of(body).splitlines()[:MAX_LINES]:
        name, separator, value = line.partition("=")
        key = "".join(name.split()).lower()
        if separator and _NAME.fullmatch(key):
            values.setdefault(key, value.strip())
    return values


def text_of(body: bytes) -> str:
    """Return the text of an answer: UTF-8, or what Chinese firmware writes instead."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("gb18030", "replace")
    return text.replace("\x00", "")


def rows(values: Mapping[str, str], table: str) -> dict[int, dict[str, str]]:
    """Return the values below `table[0].`, `table[1].`, ... by index, in the order of indexes."""
    pattern = re.compile(re.escape(table.lower()) + r"\[([0-9]{1,5})\]\.?(.*)")
    found: dict[int, dict[str, str]] = {}
    for name, value in values.items():
        if match := pattern.fullmatch(name):
            found.setdefault(int(match[1]), {})[match[2]] = value
    return dict(sorted(found.items()))


def number(text: str | None) -> int | None:
    """Return a plain number that is not negative, None for anything else."""
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def is_true(text: str | None) -> bool:
    """Whether a switch is on."""
    return (text or "").lower() in {"true", "1"}
