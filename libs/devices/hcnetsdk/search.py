"""One search for footage, to its end or to an error.

The library is asked for one file after the other and says 1002 while it waits for the device.
"""

import time
from collections.abc import Iterator
from ctypes import byref
from dataclasses import dataclass
from typing import Final

from libs.devices.hcnetsdk.functions import Functions
from libs.devices.hcnetsdk.structs import FileCondition, FoundFile, Time

LocalTime = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second, unchecked."""

MAX_FILES: Final = 20_000
"""More than any device gives (4000 per search): it goes in circles."""

_FOUND, _NOTHING, _SEARCHING, _NO_MORE, _FAILED = 1000, 1001, 1002, 1003, -1
_POLL_SECONDS: Final = 0.01
_ANY: Final = 0xFF


class SearchStalled(Exception):
    """A search brought nothing for too long, or took too long in all."""


class Nonsense(Exception):
    """The device, or the library for it, answered something that makes no sense."""


@dataclass(frozen=True)
class Patience:
    """How long a search may take, in seconds."""

    stall_seconds: float
    """From one file to the next."""
    total_seconds: float


def condition(*, channel: int, stream: int, start: LocalTime, stop: LocalTime) -> FileCondition:
    """Return the condition for all files of a channel's stream that overlap a stretch of time."""
    return FileCondition(
        channel=channel,
        file_type=_ANY,
        is_locked=_ANY,
        start=Time(*start),
        stop=Time(*stop),
        stream_type=stream,
    )


def find(
    functions: Functions, user: int, wanted: FileCondition, patience: Patience
) -> list[dict[str, object]]:
    """Return all files of one search, at most 4000 with most devices; it is closed in any case.

    Raises SdkFailure, SearchStalled and Nonsense.
    """
    search = functions.handle("FindFile_V40", user, byref(wanted))
    try:
        return [_told(file) for file in _files(functions, search, patience)]
    finally:
        functions.call("FindClose_V30", search)


def parts_of(moment: Time) -> LocalTime:
    """Return the parts of a time, as they are."""
    return (
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    )


def _files(functions: Functions, search: int, patience: Patience) -> Iterator[FoundFile]:
    until = time.monotonic() + patience.total_seconds
    for _ in range(MAX_FILES):
        file = FoundFile()
        state = _next(functions, search, file, min(until, _in(patience.stall_seconds)))
        if state in {_NOTHING, _NO_MORE}:
            return
        if state == _FAILED:
            raise functions.failure("FindNextFile_V40")
        if state != _FOUND:
            raise Nonsense(f"the search ended with {state}")  # 1004 is the device's own failure
        yield file
    raise Nonsense(f"the search found more than {MAX_FILES} files")


def _next(functions: Functions, search: int, file: FoundFile, until: float) -> int:
    while (state := functions.call("FindNextFile_V40", search, byref(file))) == _SEARCHING:
        if time.monotonic() > until:
            raise SearchStalled
        time.sleep(_POLL_SECONDS)
    # Also when files keep coming, one by one, for ever.
    if state == _FOUND and time.monotonic() > until:
        raise SearchStalled
    return state


def _in(seconds: float) -> float:
    return time.monotonic() + seconds


def _told(file: FoundFile) -> dict[str, object]:
    # The name is written in hexadecimal: it may be any bytes.
    return {
        "name": bytes(file.name).partition(b"\0")[0].hex(),
        "start": parts_of(file.start),
        "stop": parts_of(file.stop),
        "size": file.size,
        "stream": file.stream_type,
    }
