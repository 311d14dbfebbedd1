"""Wake a thread that is blocked in libav's read, which PyAV has no call for.

PyAV's own read limit would do it, but then libav asks Python, and so takes the GIL, at every poll
of every camera; with 64 cameras the delay rose to seconds. PyAV installs its interrupt callback as
soon as opening is limited, and the callback returns at once, without the GIL, while the limit is
-1.0. So the limit of the one container is set to 0 from outside when, and only when, its read must
end: libav polls it at least every 100 ms, in TCP, UDP and TLS alike.
"""

import ctypes
import struct
import threading

from av.container import InputContainer

_START_AND_LIMIT = struct.Struct("=dd")  # struct timeout_info of av/container/core.pxd
_NO_LIMIT = -1.0


class ReadInterrupt:
    """The handle to end one container's blocked read; it keeps the container alive.

    Raises LookupError where PyAV's object is not laid out as expected: then reads end only by
    libav's own timeout.
    """

    def __init__(self, container: InputContainer, *, opened_after: float, now: float) -> None:
        self._container: InputContainer | None = container
        self._limit = _find_limit(container, opened_after, now)
        self._lock = threading.Lock()

    def fire(self) -> None:
        """End the read that is going on with av.error.ExitError; from any thread."""
        with self._lock:
            if self._container is not None:
                self._limit.value = 0.0

    def detach(self) -> None:
        """Let go of the container; fire() does nothing from now on."""
        with self._lock:
            self._container = None


def _find_limit(container: InputContainer, opened_after: float, now: float) -> "ctypes.c_double":
    """Find PyAV's (start, limit) pair by its values: opening started then, and the limit is off."""
    address = id(container)  # CPython: where the object stands
    memory = ctypes.string_at(address, type(container).__basicsize__)
    found: list[int] = []
    for offset in range(object.__basicsize__, len(memory) - _START_AND_LIMIT.size + 1, 8):
        start, limit = _START_AND_LIMIT.unpack_from(memory, offset)
        if limit == _NO_LIMIT and opened_after <= start <= now:
            found.append(offset)
    if len(found) != 1:
        raise LookupError(f"{len(found)} places look like PyAV's read limit")
    return ctypes.c_double.from_address(address + found[0] + 8)
